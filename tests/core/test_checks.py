"""Deterministic methods, as an evaluation states them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lattice.core.checks import CheckMethod, CheckSettings
from lattice.core.evaluation import Evaluation, Scoring


def data(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Support",
        "targets": [{"model": "sim/answer"}],
        "inputs": {"items": ["How much is it?"]},
        **changes,
    }


def refusal(value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Evaluation.model_validate(value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"exact_match": True}, {"exact_match": {}}),
        ({"contains": "sun"}, {"contains": {"all": ["sun"]}}),
        ({"contains": ["sun", "moon"]}, {"contains": {"all": ["sun", "moon"]}}),
        ({"contains": True}, {"contains": {}}),
        ({"regex": "a+"}, {"regex": {"pattern": "a+"}}),
        ({"numeric": True}, {"numeric": {}}),
        ({"similarity": True}, {"similarity": {}}),
    ],
)
def test_a_short_way_to_write_it_means_the_same(short: Any, long: Any) -> None:
    assert CheckMethod.model_validate(short) == CheckMethod.model_validate(long)


@pytest.mark.parametrize(
    ("method", "needs", "binary"),
    [
        ({"exact_match": True}, True, True),
        ({"exact_match": {"value": "yes"}}, False, True),
        ({"contains": True}, True, True),
        ({"contains": "sun"}, False, True),
        ({"regex": "a"}, False, True),
        ({"numeric": {"tolerance": 0.1}}, True, True),
        ({"numeric": {"value": 4}}, False, True),
        ({"json_schema": {}}, False, True),
        ({"similarity": True}, True, False),
        ({"similarity": {"at_least": 0.5}}, True, True),
        ({"python": "a:b"}, False, None),
    ],
)
def test_what_it_needs_and_gives_is_known_beforehand(method: Any, needs: bool, binary: bool | None) -> None:
    settings = CheckMethod.model_validate(method)
    assert (settings.needs_reference, settings.passes_or_fails) == (needs, binary)
    assert settings.method == next(iter(method))


@pytest.mark.parametrize("name", ["score", "difference", "a.b", "a/b", " ", ""])
def test_a_check_has_a_name_that_conditions_can_use(name: str) -> None:
    with pytest.raises(ValidationError):
        CheckSettings(name=name, regex="x")


def test_scoring_is_a_judge_or_one_method() -> None:
    assert Scoring.model_validate({"exact_match": True}).method == "exact_match"
    with pytest.raises(ValidationError, match=r"got judge and regex"):
        Scoring.model_validate({"judge": {"model": "sim/j"}, "regex": "x"})
    with pytest.raises(ValidationError, match=r"expected exactly one of judge, .* and python, got none of them"):
        Scoring.model_validate({})


def test_metrics_are_the_score_then_criteria_then_checks() -> None:
    judge = {"model": "sim/j", "criteria": [{"name": "tone"}]}
    checks = [{"name": "cites", "regex": "x"}]
    both = Evaluation.model_validate(data(scoring={"judge": judge}, checks=checks))
    assert both.metric_names == ("score", "tone", "cites")
    assert Evaluation.model_validate(data(checks=checks)).metric_names == ("cites",)
    assert Evaluation.model_validate(data(type="operational")).metric_names == ()


def test_no_two_metrics_have_one_name() -> None:
    judge = {"judge": {"model": "sim/j", "criteria": [{"name": "tone"}]}}
    twice = [{"name": "cites", "regex": "x"}, {"name": "cites", "regex": "y"}]
    assert "another check or criterion is called 'cites'" in refusal(data(checks=twice))
    clash = [{"name": "tone", "regex": "x"}]
    assert "another check or criterion is called 'tone'" in refusal(data(scoring=judge, checks=clash))


def test_there_is_something_to_measure_or_the_evaluation_is_operational() -> None:
    assert "Field required" in refusal(data())
    assert "Field required" in refusal(data(type="benchmark", checks=[]))
    Evaluation.model_validate(data(type="operational"))


def test_a_gate_speaks_of_what_there_is() -> None:
    checks = [{"name": "cites", "regex": "x"}]
    good = ["cites.mean > 0.5", "failure_rate < 0.05", "answer/cites.pass_rate >= 0.9"]
    assert Evaluation.model_validate(data(checks=checks, gates=good)).gates == tuple(good)
    assert "no check is called 'cite'; did you mean 'cites'?" in refusal(data(checks=checks, gates=["cite.mean > 0"]))
    refused = refusal(data(checks=checks, gates=["mean > 0.5"]))
    assert "there is no score, for want of scoring; name a check, such as 'cites.mean > 0.8'" in refused
    bare = refusal(data(type="operational", gates=["mean > 0.5"]))
    assert "without one there are failure_rate, cost_usd, latency_p95" in bare
