from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import CallError, ErrorKind
from lattice.core.judging import Criterion, ScaleSettings
from lattice.scoring.scales import scale_of
from lattice.scoring.verdicts import VerdictForm

LIKERT = VerdictForm(scale_of("likert-5"))
CRITERIA = VerdictForm(
    scale_of("likert-5"), (Criterion(name="accuracy", weight=0.6), Criterion(name="completeness", weight=0.4))
)
DEEP = "[" * 100_000 + "]" * 100_000

ACCEPTED = {
    "JSON alone": ('{"reasoning": "fine", "score": 4}', 4),
    "space around it": ('\n  {"reasoning": "fine", "score": 4}\n', 4),
    "keys in another order": ('{"score": 4, "reasoning": "fine"}', 4),
    "a code fence": ('```json\n{"reasoning": "fine", "score": 4}\n```', 4),
    "a fence without a language": ('```\n{"reasoning": "fine", "score": 4}\n```', 4),
    "prose before and after": ('Here it is:\n{"reasoning": "fine", "score": 4}\nI hope it helps.', 4),
    "prose with braces that close": ('The set {a, b} is right. {"reasoning": "fine", "score": 4}', 4),
    "another object in the prose": ('Given {"x": 1}: {"reasoning": "fine", "score": 4}', 4),
    "two identical verdicts": ('{"reasoning": "fine", "score": 4}\n{"reasoning": "fine", "score": 4}', 4),
    "the same score for two reasons": (
        '{"reasoning": "fine", "score": 4} {"reasoning": "ok", "score": 4}',
        4,
    ),
    "other keys": ('{"reasoning": "fine", "score": 4, "confidence": 0.9, "notes": {"score": 1}}', 4),
    "the score as text": ('{"reasoning": "fine", "score": "4"}', 4),
    "the score as text with space": ('{"reasoning": "fine", "score": " 4 "}', 4),
    "the score as 4.0": ('{"reasoning": "fine", "score": 4.0}', 4),
    'the score as "4.0"': ('{"reasoning": "fine", "score": "4.0"}', 4),
    "a key twice with the same value": ('{"reasoning": "fine", "score": 4, "score": 4}', 4),
    "raw line breaks in the reasoning": ('{"reasoning": "one\ntwo", "score": 4}', 4),
    "a verdict within the reasoning": ('{"reasoning": "it says {\\"score\\": 5}", "score": 1}', 1),
    "an escaped key": ('{"reasoning": "fine", "\\u0073core": 4}', 4),
    "no reasoning": ('{"score": 4}', 4),
    "reasoning null": ('{"reasoning": null, "score": 4}', 4),
    "drafts in a reasoning model's thinking": ('<think>Perhaps {"score": 2}?</think>\n{"score": 4}', 4),
    "a lone surrogate": ('{"reasoning": "\ud800", "score": 4}', 4),
}

REFUSED = {
    "nothing": ("", "the answer is empty"),
    "space alone": (" \n\t", "the answer is empty"),
    "a refusal": ("I'm sorry, I can't help with that.", "no JSON verdict"),
    "a bare number": ("4", "no JSON verdict"),
    "a score in prose": ("Score: 5", "no JSON verdict"),
    "a list": ("[4]", "no JSON verdict"),
    "single quotes": ("{'reasoning': 'fine', 'score': 4}", "no JSON verdict"),
    "an empty object": ("{}", "no 'score'"),
    "a missing score": ('{"reasoning": "fine"}', "no 'score'"),
    "a score under another name": ('{"Score": 4}', "no 'score'"),
    "a score inside another object": ('{"verdict": {"score": 4}}', "no 'score'"),
    "cut within the reasoning": ('{"reasoning": "the answer is', "max_tokens"),
    "cut before the score": ('{"reasoning": "fine", "score":', "max_tokens"),
    "cut behind a quoted verdict": ('{"reasoning": "it says {\\"score\\": 5} and', "max_tokens"),
    "cut in the thinking": ('<think>Perhaps {"score": 5}', "max_tokens"),
    "a second verdict that is cut": ('{"score": 4} or rather {"sco', "max_tokens"),
    "quotes that are not escaped": ('{"reasoning": "it says {"score": 5} wrongly", "score": 1}', "broken"),
    "a verdict quoted in something like JSON": (
        '{reasoning: it says {"score": 5}, score: 1}',
        "inside braces",
    ),
    "a verdict quoted in Python": ("{'reasoning': 'it says {\"score\": 5}', 'score': 1}", "inside braces"),
    "braces that closed before": ('}} {a: {"score": 5}}', "inside braces"),
    "two verdicts": (
        '{"reasoning": "a", "score": 4}\n{"reasoning": "b", "score": 5}',
        "two different verdicts",
    ),
    "a good and a bad one": ('{"score": 4} {"score": 9}', "not on the scale"),
    "a key twice": ('{"reasoning": "a", "score": 1, "score": 5}', "'score' twice"),
    "a key twice, once escaped": ('{"reasoning": "a", "score": 1, "\\u0073core": 5}', "'score' twice"),
    "a key twice as number and boolean": ('{"score": 1, "score": true}', "'score' twice"),
    "above the scale": ('{"reasoning": "great", "score": 6}', "6, which is not on the scale 1–5"),
    "below the scale": ('{"reasoning": "bad", "score": 0}', "0, which is not on the scale 1–5"),
    "negative": ('{"score": -4}', "not on the scale"),
    "between two levels": ('{"score": 4.5}', "not on the scale"),
    "a mapped score": ('{"score": 0.75}', "not on the scale"),
    "a fraction as text": ('{"score": "4/5"}', "not on the scale"),
    "a word": ('{"score": "four"}', "not on the scale"),
    "other digits": ('{"score": "٤"}', "not on the scale"),
    "empty text": ('{"score": ""}', "not on the scale"),
    "null": ('{"score": null}', "null, which is not on the scale"),
    "true": ('{"score": true}', "true, which is not on the scale"),
    "an object": ('{"score": {"value": 4}}', "an object, which is not on the scale"),
    "a list of scores": ('{"score": [4]}', "a list, which is not on the scale"),
    "NaN": ('{"score": NaN}', "NaN is not a number"),
    "Infinity": ('{"score": Infinity}', "Infinity is not a number"),
    "minus Infinity": ('{"score": -Infinity}', "-Infinity is not a number"),
    "a float too large": ('{"score": 1e999}', "not on the scale"),
    "an integer too large": ('{"score": 99999999999999999999999}', "not on the scale"),
    "an integer of 10,000 digits": ('{"score": ' + "9" * 10_000 + "}", "judge_parse"),
    "reasoning that is no text": ('{"reasoning": ["a"], "score": 4}', "'reasoning' is not a text"),
    "1 MB of text": ("blah " * 200_000, "no JSON verdict"),
    "1 MB of open braces": ("{" * 1_000_000, "no JSON verdict"),
    "1 MB of nested objects": ('{"a":' * 200_000, "judge_parse"),
    "1 MB of braces and space": ("{ \n" * 300_000, "no JSON verdict"),
    "1 MB of quotes": ('{"' * 500_000, "broken"),
    "a verdict behind deep nesting": ('{"a": ' + DEEP + ', "score": 4}', "nested too deeply"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_read_as_a_verdict(name: str) -> None:
    answer, native = ACCEPTED[name]
    verdict = LIKERT.read(answer)
    assert {key: (metric.native, metric.score) for key, metric in verdict.metrics.items()} == {
        "score": (native, (native - 1) / 4)
    }
    assert verdict.raw == answer


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_verdict_and_why(name: str) -> None:
    answer, reason = REFUSED[name]
    error = failure(LIKERT, answer)
    assert reason in (error.message, error.kind.value) or reason in error.message
    assert error.message.startswith("Judge response parsing failed: ")
    assert len(error.message) < 250
    assert error.message.isprintable()


CRITERIA_REFUSED = {
    "a missing criterion": ('{"reasoning": "", "criteria": {"accuracy": 4}}', "no score for 'completeness'"),
    "no criteria": ('{"reasoning": "", "score": 4}', "no 'criteria'"),
    "criteria beside each other": ('{"accuracy": 4, "completeness": 5}', "no 'criteria'"),
    "criteria as a list": ('{"criteria": [4, 5]}', "not an object"),
    "one off the scale": ('{"criteria": {"accuracy": 4, "completeness": 7}}', "'completeness' is 7"),
    "one null": ('{"criteria": {"accuracy": null, "completeness": 4}}', "'accuracy' is null"),
    "one nested": ('{"criteria": {"accuracy": {"score": 4}, "completeness": 4}}', "'accuracy' is an object"),
    "one twice": ('{"criteria": {"accuracy": 1, "accuracy": 5, "completeness": 4}}', "'accuracy' twice"),
    "two sets": (
        '{"criteria": {"accuracy": 1, "completeness": 4}} {"criteria": {"accuracy": 4, "completeness": 1}}',
        "two different",
    ),
    "the whole twice": (
        '{"criteria": {"accuracy": 1, "completeness": 4}, "criteria": {"accuracy": 5, "completeness": 4}}',
        "'criteria' twice",
    ),
}


@pytest.mark.parametrize("name", CRITERIA_REFUSED)
def test_what_is_no_verdict_on_criteria_and_why(name: str) -> None:
    answer, reason = CRITERIA_REFUSED[name]
    assert reason in failure(CRITERIA, answer).message


def test_the_score_of_criteria_is_their_weighted_mean_exactly() -> None:
    verdict = CRITERIA.read('{"reasoning": "fine", "criteria": {"completeness": 5, "accuracy": 4}}')
    assert list(verdict.metrics) == ["score", "accuracy", "completeness"]
    assert (verdict.metrics["score"].native, verdict.metrics["score"].score) == (4.4, 0.85)
    assert (verdict.metrics["accuracy"].native, verdict.metrics["completeness"].score) == (4, 1.0)
    assert verdict.reasoning == "fine"


def test_a_score_given_beside_criteria_is_ignored() -> None:
    verdict = CRITERIA.read('{"criteria": {"accuracy": 1, "completeness": 1, "style": 5}, "score": 5}')
    assert verdict.metrics["score"].score == 0.0


def test_criteria_may_have_names_that_json_escapes() -> None:
    form = VerdictForm(scale_of("binary"), (Criterion(name='a "b" \\ ü'),))
    assert form.read(json.dumps({"criteria": {'a "b" \\ ü': 1}})).metrics["score"].score == 1.0
    twice = '{"criteria": {"a \\"b\\" \\\\ ü": 1, "a \\"b\\" \\\\ ü": 0}}'
    assert "twice" in failure(form, twice).message


def test_zero_is_a_verdict_where_the_scale_has_it() -> None:
    assert VerdictForm(scale_of("binary")).read('{"score": 0}').metrics["score"].native == 0


def test_control_characters_of_an_answer_do_not_reach_the_message() -> None:
    assert failure(LIKERT, "\x1b[2J\x9b\u202e</script>\x00 no").message.isprintable()


def test_many_identical_verdicts_count_as_one() -> None:
    assert LIKERT.read('{"score": 4}' * 20_000).metrics["score"].native == 4


@given(st.text() | st.text(alphabet='{}[]"\\:, score1456reasoning\n`u0073NaN-.e'))
def test_any_text_gives_a_level_or_a_parse_error(answer: str) -> None:
    try:
        metric = LIKERT.read(answer).metrics["score"]
    except CallError:
        failure(LIKERT, answer)
    else:
        assert metric.native in (1, 2, 3, 4, 5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(score=st.integers(-3, 9), reasoning=st.text(), others=st.dictionaries(st.text(), JSON, max_size=3))
def test_a_json_verdict_reads_the_same_alone_fenced_and_in_prose(
    score: int, reasoning: str, others: Mapping[str, object]
) -> None:
    answer = json.dumps({**others, "reasoning": reasoning, "score": score}, ensure_ascii=len(reasoning) % 2 == 0)
    forms = (
        answer,
        f"```json\n{answer}\n```",
        f"My verdict:\n\n{answer}\n\nThat is all.",
        f"{answer}\n{answer}",
    )
    for form in forms:
        if 1 <= score <= 5:
            verdict = LIKERT.read(form)
            assert (verdict.metrics["score"].native, verdict.reasoning) == (score, reasoning)
        else:
            failure(LIKERT, form)


@given(
    natives=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    hundredths=st.lists(st.integers(1, 1000), min_size=6, max_size=6),
)
def test_a_weighted_mean_is_correctly_rounded(natives: list[int], hundredths: list[int]) -> None:
    names = [f"c{number}" for number in range(len(natives))]
    exact = hundredths[: len(natives)]
    form = VerdictForm(
        scale_of(ScaleSettings(min=0, max=20)),
        tuple(Criterion(name=name, weight=weight / 100) for name, weight in zip(names, exact, strict=True)),
    )
    metric = form.read(json.dumps({"criteria": dict(zip(names, natives, strict=True))})).metrics["score"]
    total = sum(weight * native for weight, native in zip(exact, natives, strict=True))
    assert metric.native == total / sum(exact)
    assert metric.score == total / (sum(exact) * 20)


def failure(form: VerdictForm, answer: str) -> CallError:
    with pytest.raises(CallError) as caught:
        form.read(answer)
    assert caught.value.kind is ErrorKind.JUDGE_PARSE
    return caught.value
