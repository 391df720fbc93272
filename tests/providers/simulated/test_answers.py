"""What the models say: the same every time, and as good as was ordered."""

from __future__ import annotations

from statistics import correlation, fmean
from typing import Any

import orjson
import pytest

from lattice.core.models import Message
from lattice.core.trials import Step
from lattice.providers.simulated.answers import Answer, answer
from lattice.providers.simulated.draws import content_key
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.forms import Forms
from lattice.providers.simulated.personas import persona_of
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.verdicts import TOLD, answer_shown, answers_shown


def score_schema(levels: list[int]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "score": {"type": "integer", "enum": levels}},
        "required": ["reasoning", "score"],
        "additionalProperties": False,
    }


WINNER: dict[str, Any] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "winner": {"enum": ["A", "B", "tie"]}},
}
CRITERIA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "criteria": {
            "type": "object",
            "properties": {"accuracy": {"enum": [1, 2, 3]}, "tone": {"enum": [1, 2, 3]}},
        },
    },
}


def ask(
    model: str,
    text: str,
    *,
    schema: dict[str, Any] | None = None,
    system: str | None = None,
    seed: int = 0,
    quality: float | None = None,
    fault: Fault | None = None,
    max_tokens: int | None = None,
) -> Answer:
    rules = (Message(role="system", content=system),) if system is not None else ()
    messages = (*rules, Message(role="user", content=text))
    form = Forms().of(schema) if schema is not None else None
    question = Question(model=model, messages=messages, form=form, max_tokens=max_tokens)
    content = content_key(seed, model, messages)
    return answer(question, content, seed=seed, quality=quality, fault=fault)


def told(text: str) -> float:
    found = TOLD.search(text)
    assert found is not None
    return float(found[1])


def questions(count: int) -> list[str]:
    return [f"Question {number}: may a customer return a damaged lamp?" for number in range(count)]


def test_echo_says_what_the_user_said_last() -> None:
    assert ask("echo", "Hello \ud800 there").text == "Hello \ud800 there"


def test_an_assistant_uses_words_of_the_prompt_and_says_that_it_is_simulated() -> None:
    given = ask("assistant", "May customers return damaged lamps within thirty days?")
    words = set(given.text.lower().replace(",", " ").replace(".", " ").split())
    assert len(words & {"customers", "return", "damaged", "lamps", "within", "thirty", "days"}) >= 3
    assert "(simulated answer, quality" in given.text
    assert given.step is Step.TARGET


def test_the_same_question_is_answered_in_the_same_way_under_one_seed_only() -> None:
    assert ask("assistant", "Why?", seed=1) == ask("assistant", "Why?", seed=1)
    assert ask("assistant", "Why?", seed=1) != ask("assistant", "Why?", seed=2)


def test_words_that_no_one_can_use_do_no_harm() -> None:
    for text in ("", "…", "{} {0} %s", "a\x00b"):
        assert "(simulated answer" in ask("assistant", text).text


@pytest.mark.parametrize("quality", [0.3, 0.7, 0.9])
def test_the_mean_quality_of_answers_is_the_models(quality: float) -> None:
    given = [told(ask(f"assistant-{quality}", text).text) for text in questions(3000)]
    assert fmean(given) == pytest.approx(quality, abs=0.02)


def test_the_ends_of_the_scale_are_exact() -> None:
    assert told(ask("assistant-1", "Why?").text) == 1.0
    assert told(ask("assistant", "Why?", quality=0.0).text) == 0.0


def test_a_stronger_assistant_is_right_more_often_and_hard_questions_are_hard_for_both() -> None:
    strong = [told(ask("assistant-strong", text).text) for text in questions(2000)]
    weak = [told(ask("assistant-weak", text).text) for text in questions(2000)]
    assert fmean(strong) - fmean(weak) == pytest.approx(0.45, abs=0.03)
    assert 0.3 < correlation(strong, weak) < 0.7


@pytest.mark.parametrize("levels", [[0, 1], [1, 2, 3, 4, 5], list(range(1, 11))])
def test_the_judges_mean_score_is_the_mean_quality_of_what_it_judged(levels: list[int]) -> None:
    scores = []
    for text in questions(3000):
        said = ask("assistant-0.74", text).text
        given = ask("judge", f"{text}\n\n{said}", schema=score_schema(levels))
        assert given.value is not None
        assert given.step is Step.JUDGE
        scores.append((given.value["score"] - levels[0]) / (levels[-1] - levels[0]))
    assert fmean(scores) == pytest.approx(0.74, abs=0.025)


def test_answers_that_tell_no_quality_have_the_mean_that_was_ordered() -> None:
    scores = [ask("judge", text, schema=score_schema([0, 1]), quality=0.4).value or {} for text in questions(3000)]
    assert fmean(score["score"] for score in scores) == pytest.approx(0.4, abs=0.03)


def test_every_level_is_given_at_times() -> None:
    schema = score_schema([1, 2, 3, 4, 5])
    given = {(ask("judge", text, schema=schema).value or {})["score"] for text in questions(800)}
    assert given == {1, 2, 3, 4, 5}


def test_only_the_response_between_its_markers_is_judged() -> None:
    prompt = (
        "<<<INPUT 3f9a>>>\nSay (simulated answer, quality 1.000)\n<<<END INPUT 3f9a>>>\n"
        "<<<RESPONSE 3f9a>>>\nNo. (simulated answer, quality 0.000)\n<<<END RESPONSE 3f9a>>>\n"
        "<<<CONTEXT 3f9a>>>\n(simulated answer, quality 1.000)\n<<<END CONTEXT 3f9a>>>"
    )
    assert answer_shown(prompt) == "No. (simulated answer, quality 0.000)"
    assert (ask("judge", prompt, schema=score_schema([1, 5])).value or {})["score"] == 1


def test_criteria_are_each_scored() -> None:
    value = ask("judge", "Judge this.", schema=CRITERIA).value
    assert value is not None
    assert set(value["criteria"]) == {"accuracy", "tone"}
    assert set(value["criteria"].values()) <= {1, 2, 3}


def test_without_a_schema_the_judge_reads_the_prompt_and_answers_json() -> None:
    system = 'You are a judge. Answer with {"reasoning": "<why>", "score": <0 or 1>} and nothing else.'
    for model in ("judge", "gpt-4o-mini"):
        given = ask(model, 'He said {"winner": "A"}', system=system)
        assert orjson.loads(given.text)["score"] in (0, 1)
        assert given.step is Step.JUDGE


def test_a_judge_that_is_told_nothing_gives_a_score_of_five() -> None:
    assert orjson.loads(ask("judge", "Hello").text)["score"] in (1, 2, 3, 4, 5)


def test_real_models_judge_when_asked_for_a_verdict_and_answer_otherwise() -> None:
    assert ask("claude-sonnet-4-5", "Judge.", schema=score_schema([1, 2])).step is Step.JUDGE
    assert ask("claude-sonnet-4-5", "Why is the lamp broken?").step is Step.TARGET


def test_other_json_is_filled_in_by_an_assistant() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "count": {"type": "integer"}}}
    value = ask("gpt-4o", "Which city?", schema=schema).value
    assert value is not None
    assert "(simulated answer" in value["city"]
    assert value["count"] == 0


PAIRS = [
    "### Answer A\n{a}\n\n### Answer B\n{b}\n",
    "<answer_a>\n{a}\n</answer_a>\n<answer_b>\n{b}\n</answer_b>\nWhich one?",
    "<<<RESPONSE A 3f9a>>>\n{a}\n<<<END RESPONSE A 3f9a>>>\n\n<<<RESPONSE B 3f9a>>>\n{b}\n<<<END RESPONSE B 3f9a>>>",
]


@pytest.mark.parametrize("shape", PAIRS)
def test_two_answers_are_told_apart(shape: str) -> None:
    assert answers_shown(shape.format(a="It is blue.\nReally.", b="Red.")) == ("It is blue.\nReally.", "Red.")


@pytest.mark.parametrize("shape", PAIRS)
def test_judges_of_pairs_have_their_preferences(shape: str) -> None:
    good, bad = (
        "Yes. (simulated answer, quality 0.950)",
        "No, it is not so. (simulated answer, quality 0.100)",
    )

    def winner(model: str, a: str, b: str) -> str:
        return str((ask(model, shape.format(a=a, b=b), schema=WINNER).value or {})["winner"])

    assert [winner("judge", good, bad), winner("judge", bad, good)] == ["A", "B"]
    assert winner("judge", good, good) == "tie"
    assert [winner("judge-always-first", good, bad), winner("judge-always-first", bad, good)] == ["A", "A"]
    assert [winner("judge-longer", good, bad), winner("judge-longer", bad, good)] == ["B", "A"]
    assert winner("judge-longer", good, good) == "tie"


def test_a_malformed_verdict_is_no_json() -> None:
    for text in questions(20):
        given = ask("judge", text, schema=score_schema([1, 2]), fault=Fault.MALFORMED)
        assert given.value is None
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(given.text)


def test_an_incomplete_verdict_lacks_a_field() -> None:
    score = ask("judge", "Judge.", schema=score_schema([1, 2]), fault=Fault.INCOMPLETE)
    criteria = ask("judge", "Judge.", schema=CRITERIA, fault=Fault.INCOMPLETE)
    winner = ask("judge", "Judge.", schema=WINNER, fault=Fault.INCOMPLETE)
    assert set(orjson.loads(score.text)) == {"reasoning"}
    assert set(orjson.loads(criteria.text)["criteria"]) == {"accuracy"}
    assert set(orjson.loads(winner.text)) == {"reasoning"}


def test_tokens_are_about_four_characters_and_a_limit_cuts() -> None:
    whole = ask("echo", "x" * 400)
    assert (whole.usage.input_tokens, whole.usage.output_tokens, whole.cut_short) == (103, 100, False)
    cut = ask("echo", "x" * 400, max_tokens=10)
    assert (len(cut.text), cut.usage.output_tokens, cut.cut_short) == (40, 10, True)


@pytest.mark.parametrize(
    ("name", "quality"), [("assistant-0.8", 0.8), ("assistant-.25", 0.25), ("assistant-strong", 0.9)]
)
def test_names_that_tell_a_quality(name: str, quality: float) -> None:
    persona = persona_of(name)
    assert persona is not None
    assert persona.quality == quality


@pytest.mark.parametrize("name", ["assistant-1.5", "assistant-x", "gpt-4o", ""])
def test_names_that_nobody_has(name: str) -> None:
    assert persona_of(name) is None
