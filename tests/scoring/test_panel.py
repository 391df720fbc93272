"""Several votes on one response."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.panels import DISAGREEMENT
from lattice.core.trials import Response, Scorer, Verdict
from lattice.scoring import PairwiseScorer, build_scorer
from lattice.scoring.checks import CheckFunction
from lattice.scoring.shown import UnaskedModel

INPUT = Input(position=1, id="1", input="Q", reference="R")
RESPONSE = Response(text="A", latency=0.1)


def configured(**scoring: Any) -> Evaluation:
    return Evaluation.model_validate(
        {"name": "E", "targets": [{"model": "sim/a"}], "inputs": {"items": ["Q"]}, "scoring": scoring}
    )


def judges(*names: str, **settings: Any) -> list[dict[str, Any]]:
    return [{"model": f"sim/{name}", **settings} for name in names]


def panel(**scoring: Any) -> Scorer:
    evaluation = configured(**scoring)
    built = build_scorer(evaluation, [UnaskedModel(judge.model) for judge in evaluation.judges], no_function)
    assert not isinstance(built, PairwiseScorer)
    return built


def no_function(reference: str) -> CheckFunction:
    raise AssertionError(reference)


def said(score: object, reasoning: str = "why") -> str:
    return f'{{"reasoning": "{reasoning}", "score": {score}}}'


def verdict(scorer: Scorer, *answers: str) -> Verdict:
    assert len(scorer.questions(INPUT, RESPONSE)) == len(answers)
    return asyncio.run(scorer.verdict(INPUT, RESPONSE, answers))


def natives(found: Verdict) -> dict[str, float | None]:
    return {name: metric.native for name, metric in found.metrics.items()}


def test_each_judges_score_is_kept_and_their_mean_is_the_score() -> None:
    found = verdict(panel(judges=judges("a", "b", "c")), said(5), said(4), said(1))
    assert natives(found) == {
        "score": pytest.approx(10 / 3),
        "judge:a": 5,
        "judge:b": 4,
        "judge:c": 1,
        DISAGREEMENT: None,
    }
    assert found.metrics["score"].score == pytest.approx((1 + 0.75 + 0) / 3)


def test_the_median_leaves_one_judge_that_stands_alone_aside() -> None:
    found = verdict(panel(judges=judges("a", "b", "c"), aggregate="median"), said(5), said(4), said(1))
    assert natives(found)["score"] == 4


def test_samples_of_one_judge_are_votes_of_their_own() -> None:
    found = verdict(panel(judge={"model": "sim/a", "samples": 3}), said(5), said(4), said(3))
    assert list(found.metrics) == ["score", "judge:a#1", "judge:a#2", "judge:a#3", DISAGREEMENT]
    assert natives(found)["score"] == 4
    assert found.metrics[DISAGREEMENT].score == 1


def test_a_judge_with_samples_has_one_score_among_the_judges() -> None:
    asked = [{"model": "sim/a", "samples": 2}, {"model": "sim/b", "name": "second"}]
    found = verdict(panel(judges=asked), said(5), said(3), said(1))
    assert natives(found) == {
        "score": 2.5,
        "judge:a": 4,
        "judge:a#1": 5,
        "judge:a#2": 3,
        "judge:second": 1,
        DISAGREEMENT: None,
    }


def test_judges_are_asked_in_their_order_and_each_in_its_own_mode() -> None:
    asked = [{"model": "sim/a"}, {"model": "sim/b", "mode": "reference", "samples": 2}]
    questions = panel(judges=asked).questions(INPUT, RESPONSE)
    assert [question.model.name for question in questions] == ["sim/a", "sim/b", "sim/b"]
    assert ["REFERENCE" in question.request.messages[1].content for question in questions] == [False, True, True]


@pytest.mark.parametrize(
    ("scale", "votes", "apart"),
    [("likert-5", (4, 5), 0), ("likert-5", (3, 5), 1), ("binary", (0, 0), 0), ("binary", (0, 1), 1)],
)
def test_judges_disagree_where_they_lie_more_than_one_level_apart_or_differ_between_two(
    scale: str, votes: tuple[int, int], apart: int
) -> None:
    found = verdict(panel(judges=judges("a", "b", scale=scale)), *map(said, votes))
    assert found.metrics[DISAGREEMENT].score == apart


@pytest.mark.parametrize("unreadable", ["", "5", said(6), '{"reasoning": "no score"}', "I will not."])
def test_a_vote_that_cannot_be_read_leaves_no_score_and_says_whose_it_was(unreadable: str) -> None:
    asked = [{"model": "sim/a"}, {"model": "sim/b", "samples": 2}]
    with pytest.raises(CallError, match="Judge b#2: ") as caught:
        verdict(panel(judges=asked), said(5), said(5), unreadable)
    assert caught.value.kind is ErrorKind.JUDGE_PARSE


def test_what_each_judge_said_is_kept_with_its_name() -> None:
    found = verdict(panel(judges=judges("a", "b")), said(5, "good"), said(4, "nearly"))
    assert found.reasoning == "a: good\nb: nearly"
    assert found.raw == f"a:\n{said(5, 'good')}\n\nb:\n{said(4, 'nearly')}"


def test_criteria_are_taken_together_as_the_score_is() -> None:
    criteria = [{"name": "accuracy", "weight": 3}, {"name": "tone"}]
    answers = ('{"criteria": {"accuracy": 5, "tone": 1}}', '{"criteria": {"accuracy": 3, "tone": 1}}')
    found = verdict(panel(judges=judges("a", "b", criteria=criteria)), *answers)
    assert natives(found) == {
        "score": 3.25,
        "accuracy": 4,
        "tone": 1,
        "judge:a": 4,
        "judge:b": 2.5,
        DISAGREEMENT: None,
    }


@given(st.lists(st.integers(1, 5), min_size=2, max_size=7), st.sampled_from(["mean", "median"]))
def test_the_score_lies_between_the_votes_whoever_comes_first(votes: list[int], aggregate: str) -> None:
    scorer = panel(judges=judges(*(f"j{n}" for n in range(len(votes)))), aggregate=aggregate)
    found = verdict(scorer, *map(said, votes)).metrics["score"]
    turned = verdict(scorer, *map(said, reversed(votes))).metrics["score"]
    assert found == turned
    assert found.native is not None
    assert min(votes) <= found.native <= max(votes)


def test_checks_stand_beside_a_panel() -> None:
    evaluation = configured(judges=judges("a", "b"))
    data = {**evaluation.model_dump(by_alias=True), "checks": [{"name": "short", "regex": "^.$"}]}
    assert Evaluation.model_validate(data).metric_names == ("score", "judge:a", "judge:b", DISAGREEMENT, "short")
