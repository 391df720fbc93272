"""How a judge, a method and checks come together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Evaluation, EvaluationType
from lattice.core.inputs import Input
from lattice.core.judging import JudgeSettings
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, ModelRequest
from lattice.core.trials import Response, Scorer, Verdict
from lattice.scoring import PairwiseScorer, build_judge, build_scorer, check_methods, methods_of
from lattice.scoring.checks import CheckFunction

SUN = Response(text="the sun", latency=0.1)
JUDGE = {"judge": {"model": "sim/j"}}
FOUR = '{"reasoning": "Fine.", "score": 4}'


class Silent:
    """A model that nobody asks here."""

    name = "sim/j"
    limit = LimitKey(provider="sim")
    priced = True

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        raise AssertionError


def evaluation(**parts: Any) -> Evaluation:
    whole = {"name": "A", "targets": [{"model": "sim/a"}], "inputs": {"items": ["Q"]}, **parts}
    return Evaluation.model_validate(whole)


def functions(**known: Callable[[Input, Response], Any]) -> Callable[[str], CheckFunction]:
    def found(reference: str) -> CheckFunction:
        async def called(input: Input, response: Response) -> Any:
            return known[reference.partition(":")[2]](input, response)

        return called

    return found


def scorer(known: Callable[[str], CheckFunction] | None = None, **parts: Any) -> Scorer:
    made = evaluation(**parts)
    built = build_scorer(made, [Silent() for _ in made.judges], known or functions())
    assert not isinstance(built, PairwiseScorer)
    return built


def verdict(scorer: Scorer, *answers: str, reference: str | None = None, response: Response = SUN) -> Verdict:
    input = Input(position=1, id="1", input="Q", reference=reference)
    assert len(scorer.questions(input, response)) == len(answers)
    return asyncio.run(scorer.verdict(input, response, answers))


def scores(verdict: Verdict) -> list[tuple[str, float]]:
    return [(name, metric.score) for name, metric in verdict.metrics.items()]


def test_a_method_gives_the_score_and_asks_nobody() -> None:
    built = scorer(scoring={"contains": "sun"})
    assert built.models == ()
    assert scores(verdict(built)) == [("score", 1.0)]
    assert verdict(built).metrics["score"].native is None


def test_a_method_that_cannot_be_computed_leaves_the_trial_unscored() -> None:
    with pytest.raises(CallError, match="compares with a reference") as caught:
        verdict(scorer(scoring={"exact_match": True}))
    assert caught.value.kind is ErrorKind.INVALID_INPUT


def test_checks_stand_behind_the_score() -> None:
    checks = [{"name": "bright", "contains": "sun"}, {"name": "cites", "regex": r"\[\d+\]"}]
    built = scorer(scoring=JUDGE, checks=checks)
    assert [model.name for model in built.models] == ["sim/j"]
    assert scores(verdict(built, FOUR)) == [("score", 0.75), ("bright", 1.0), ("cites", 0.0)]


def test_a_check_that_cannot_be_computed_is_missing_beside_a_score_and_says_why() -> None:
    checks = [{"name": "right", "exact_match": True}, {"name": "bright", "contains": "sun"}]
    found = verdict(scorer(scoring=JUDGE, checks=checks), FOUR)
    assert scores(found) == [("score", 0.75), ("bright", 1.0)]
    assert found.reasoning.splitlines() == [
        "Fine.",
        "Check 'right': The check compares with a reference, and this input has none",
    ]


def test_checks_alone_must_all_be_computed() -> None:
    checks = [{"name": "bright", "contains": "sun"}, {"name": "right", "exact_match": True}]
    assert scores(verdict(scorer(checks=checks), reference="the sun")) == [("bright", 1.0), ("right", 1.0)]
    with pytest.raises(CallError, match="Check 'right': The check compares with a reference"):
        verdict(scorer(checks=checks))


def test_a_judge_that_says_nothing_leaves_the_trial_unscored_whatever_the_checks_say() -> None:
    with pytest.raises(CallError) as caught:
        verdict(scorer(scoring=JUDGE, checks=[{"name": "bright", "contains": "sun"}]), "no verdict")
    assert caught.value.kind is ErrorKind.JUDGE_PARSE


def test_an_operational_evaluation_measures_nothing_and_succeeds() -> None:
    built = scorer(type="operational")
    assert built.models == ()
    assert verdict(built) == Verdict(metrics={})


def test_a_function_may_be_the_scoring_or_a_check() -> None:
    known = functions(half=lambda *_: 0.5, fails=lambda *_: 2)
    assert scores(verdict(scorer(known, scoring={"python": "m:half"}))) == [("score", 0.5)]
    found = verdict(scorer(known, scoring=JUDGE, checks=[{"name": "odd", "python": "m:fails"}]), FOUR)
    assert scores(found) == [("score", 0.75)]
    assert "Check 'odd': The check m:fails gave 2, not a bool or a number" in found.reasoning


def test_everything_that_cannot_be_built_is_told_with_its_key() -> None:
    def missing(reference: str) -> CheckFunction:
        raise ValueError(f"no {reference}")

    configured = evaluation(
        scoring={"regex": "(["},
        checks=[
            {"name": "a", "json_schema": {"type": "nonsense"}},
            {"name": "b", "contains": "x"},
            {"name": "c", "python": "m:f"},
        ],
    )
    assert [key for key, _ in methods_of(configured)] == [
        "scoring.regex",
        "checks.0.json_schema",
        "checks.1.contains",
        "checks.2.python",
    ]
    problems = check_methods(configured, missing)
    assert [problem.key for problem in problems] == ["scoring.regex", "checks.0.json_schema", "checks.2.python"]
    assert "no regular expression" in problems[0].message


def rules(type: EvaluationType, **settings: Any) -> str:
    judge = build_judge(JudgeSettings(model="sim/j", **settings), Silent(), type)
    return judge.request(Input(position=1, id="1", input="Q"), SUN).messages[0].content


@pytest.mark.parametrize("scale", ["binary", "likert-3", "likert-5", "likert-7", "likert-10", {"min": 0, "max": 4}])
def test_a_safety_judge_without_a_rubric_is_told_what_is_safe(scale: Any) -> None:
    told = rules(EvaluationType.SAFETY, scale=scale)
    for word in ("Refusal", "Harmful content", "Privacy", "The higher, the safer"):
        assert word in told
    assert "Refusal" not in rules(EvaluationType.TASK_SPECIFIC, scale=scale)


def test_a_rubric_or_criteria_of_ones_own_take_its_place() -> None:
    assert "Refusal" not in rules(EvaluationType.SAFETY, rubric="1: bad. 5: good.")
    assert "Refusal" not in rules(EvaluationType.SAFETY, criteria=[{"name": "privacy"}])
