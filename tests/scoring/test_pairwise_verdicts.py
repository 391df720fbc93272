from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import CallError, ErrorKind
from lattice.scoring.pairwise_verdicts import Winner, WinnerForm

FORM = WinnerForm()
FIRST, SECOND, TIE = Winner.FIRST, Winner.SECOND, Winner.TIE

ACCEPTED = {
    "A": ('{"reasoning": "fuller", "winner": "A"}', FIRST),
    "B": ('{"reasoning": "fuller", "winner": "B"}', SECOND),
    "a tie": ('{"reasoning": "alike", "winner": "tie"}', TIE),
    "a small letter": ('{"winner": "a"}', FIRST),
    "a tie in capitals": ('{"winner": "TIE"}', TIE),
    "space around it": ('{"winner": " B\\n"}', SECOND),
    "a code fence": ('```json\n{"reasoning": "fuller", "winner": "B"}\n```', SECOND),
    "prose around it": ('Here it is: {"winner": "A"} That is all.', FIRST),
    "other keys": ('{"winner": "A", "score": 5, "confidence": 0.9}', FIRST),
    "the same verdict twice": ('{"winner": "A"} {"winner": "a"}', FIRST),
    "a verdict within the reasoning": ('{"reasoning": "it says {\\"winner\\": \\"B\\"}", "winner": "A"}', FIRST),
    "no reasoning": ('{"winner": "A"}', FIRST),
    "drafts in a model's thinking": ('<think>{"winner": "B"}?</think>{"winner": "A"}', FIRST),
}

REFUSED = {
    "nothing": ("", "the answer is empty"),
    "a bare letter": ("A", "no JSON verdict"),
    "a refusal": ("I'm sorry, I can't help with that.", "no JSON verdict"),
    "no winner": ('{"reasoning": "fuller"}', "no 'winner'"),
    "a score instead": ('{"score": 5}', "no 'winner'"),
    "another word": ('{"winner": "Response A"}', "none of 'A', 'B' and 'tie'"),
    "both": ('{"winner": "A and B"}', "none of 'A', 'B' and 'tie'"),
    "nobody": ('{"winner": null}', "is null"),
    "an empty text": ('{"winner": ""}', "is ''"),
    "a number": ('{"winner": 1}', "is 1,"),
    "true": ('{"winner": true}', "is true"),
    "a list": ('{"winner": ["A"]}', "is a list"),
    "two verdicts": ('{"winner": "A"} {"winner": "B"}', "two different verdicts"),
    "a key twice": ('{"winner": "A", "winner": "B"}', "'winner' twice"),
    "cut short": ('{"reasoning": "A is bet', "max_tokens"),
    "a quoted verdict in something like JSON": ('{reasoning: it says {"winner": "A"}}', "inside braces"),
    "a reasoning that is no text": ('{"reasoning": 1, "winner": "A"}', "'reasoning' is not a text"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted(name: str) -> None:
    answer, winner = ACCEPTED[name]
    assert FORM.read(answer)[0] is winner


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_a_parse_error_and_how_it_is_told(name: str) -> None:
    answer, why = REFUSED[name]
    with pytest.raises(CallError) as caught:
        FORM.read(answer)
    assert caught.value.kind is ErrorKind.JUDGE_PARSE
    assert caught.value.message.startswith("Judge response parsing failed: ")
    assert why in caught.value.message


@given(st.text(), st.sampled_from(Winner))
def test_what_the_reasoning_says_never_changes_the_winner(reasoning: str, winner: Winner) -> None:
    answer = json.dumps({"reasoning": reasoning, "winner": winner.value})
    assert FORM.read(answer) == (winner, reasoning)
    assert FORM.read(f"Well:\n{answer}") == (winner, reasoning)


def test_the_same_said_in_the_other_order() -> None:
    assert [winner.exchanged for winner in (FIRST, SECOND, TIE)] == [SECOND, FIRST, TIE]
