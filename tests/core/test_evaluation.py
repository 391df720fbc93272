from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lattice.core.evaluation import Evaluation, EvaluationType
from lattice.core.judging import JudgeSettings, ScaleSettings
from lattice.core.targets import TargetSettings


def data(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Support",
        "targets": [{"model": "sim/answer"}],
        "inputs": {"items": ["How much is it?"]},
        "scoring": {"judge": {"model": "sim/judge"}},
        **changes,
    }


def judged(**settings: Any) -> dict[str, Any]:
    return data(scoring={"judge": {"model": "sim/judge", **settings}})


def refusal(value: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Evaluation.model_validate(value)
    return str(caught.value)


def test_the_defaults_are_those_of_the_documentation() -> None:
    evaluation = Evaluation.model_validate(data())
    run = evaluation.run
    assert evaluation.type is EvaluationType.TASK_SPECIFIC
    assert (run.max_concurrent, run.timeout, run.repeats, run.give_up_after) == (10, 60.0, 1, 900.0)
    assert (run.retries.rate_limit, run.retries.timeout, run.retries.server_error) == (3, 2, 3)
    assert evaluation.judge is not None
    assert evaluation.judge.scale == "likert-5"
    assert evaluation.targets[0].prompt == "{{ input }}"


def test_a_target_is_called_by_its_model_unless_it_has_a_name() -> None:
    assert TargetSettings(model="openrouter/meta/llama-3").name == "meta/llama-3"
    assert TargetSettings(model="sim/answer", name="Mine").name == "Mine"


def test_a_key_with_nothing_behind_it_counts_as_absent() -> None:
    evaluation = Evaluation.model_validate(data(gates=None, run=None, providers=None, description=None))
    assert evaluation == Evaluation.model_validate(data())


def test_a_required_key_with_nothing_behind_it_is_missing() -> None:
    assert "Field required" in refusal(data(name=None))
    assert "got none of them" in refusal(data(targets=[{"model": None}]))


def test_an_unknown_key_is_an_error_even_with_nothing_behind_it() -> None:
    assert "Extra inputs" in refusal(data(gate=None))


@pytest.mark.parametrize("value", [True, "10", 2.5, 0, -1])
def test_a_count_is_a_whole_number_and_nothing_that_looks_like_one(value: Any) -> None:
    assert "max_concurrent" in refusal(data(run={"max_concurrent": value}))


@pytest.mark.parametrize("value", [True, "60", 0, float("inf"), float("nan")])
def test_a_duration_is_a_positive_finite_number(value: Any) -> None:
    assert "timeout" in refusal(data(run={"timeout": value}))


def test_two_targets_of_one_name_are_told_with_the_second_one() -> None:
    twice = data(targets=[{"model": "sim/a"}, {"model": "sim/b"}, {"model": "sim/c", "name": "a"}])
    with pytest.raises(ValidationError) as caught:
        Evaluation.model_validate(twice)
    (error,) = caught.value.errors()
    assert error["ctx"]["found"] == (
        (("targets", 2, "name"), "another target is called 'a'; give each a name of its own"),
    )


def test_a_gate_about_an_unknown_target_or_criterion_names_the_nearest() -> None:
    refused = refusal({**judged(criteria=[{"name": "accuracy"}]), "gates": ["answr/mean > 0.5", "acuracy.mean > 0.5"]})
    assert "no target is called 'answr'; did you mean 'answer'?" in refused
    assert "no criterion is called 'acuracy'; did you mean 'accuracy'?" in refused


def test_a_gate_may_be_about_the_score_a_criterion_and_a_target() -> None:
    gates = ("score.mean > 0.5", "accuracy.mean > 0.5", "answer/accuracy.ci_lower >= 3 on native scale")
    evaluation = Evaluation.model_validate({**judged(criteria=[{"name": "accuracy"}]), "gates": list(gates)})
    assert evaluation.gates == gates


@pytest.mark.parametrize("name", ["a.b", "a/b", "", "  ", "score"])
def test_a_criterion_has_a_name_that_conditions_can_use(name: str) -> None:
    assert "criteria" in refusal(judged(criteria=[{"name": name}]))


def test_two_criteria_of_one_name_are_refused() -> None:
    assert "another criterion is called 'a'" in refusal(judged(criteria=[{"name": "a"}, {"name": "a"}]))


def test_a_scale_of_ones_own() -> None:
    settings = JudgeSettings.model_validate(
        {"model": "sim/judge", "scale": {"min": 0, "max": 2, "labels": {"0": "bad"}}}
    )
    assert settings.scale == ScaleSettings(min=0, max=2, labels={0: "bad"})


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        ({"min": 2, "max": 2}, "max must be above min"),
        ({"min": 0, "max": 101}, "at most 101 levels"),
        ({"min": 0, "max": 2, "labels": {3: "x"}}, "not on the scale: 3"),
        ("likert-6", "literal_error"),
        (5, "literal_error"),
    ],
)
def test_a_scale_that_is_none(scale: Any, words: str) -> None:
    assert words in refusal(judged(scale=scale))


@pytest.mark.parametrize("condition", ["4", ">= x", "mean >= 4", ">= 4 5"])
def test_pass_is_a_condition_on_the_scale(condition: str) -> None:
    assert "expected a condition on the scale such as" in refusal(judged(**{"pass": condition}))


def test_pass_can_be_written_by_both_of_its_names_in_code() -> None:
    assert JudgeSettings(model="sim/judge", passes=">= 4") == JudgeSettings.model_validate(
        {"model": "sim/judge", "pass": ">= 4"}
    )


@pytest.mark.parametrize(
    "params", [{"a": float("nan")}, {"a": {"b": [2**64]}}, {"a": {1, 2}}, {"a": {1: 2}}, {"a": "\ud800"}]
)
def test_parameters_are_json_data(params: dict[str, Any]) -> None:
    assert "params" in refusal(data(targets=[{"model": "sim/a", "params": params}]))


def test_parameters_keep_what_they_hold() -> None:
    params = {"stop": None, "t": 1.0, "n": 1, "deep": [{"x": True}]}
    assert TargetSettings(model="sim/a", params=params).params == params


@pytest.mark.parametrize(
    "inputs", [{}, {"path": "a.jsonl", "items": []}, {"path": "a", "limit": 1, "sample": {"size": 1}}]
)
def test_inputs_have_one_source_and_one_way_to_be_fewer(inputs: dict[str, Any]) -> None:
    assert "give either" in refusal(data(inputs=inputs))


def test_nothing_can_be_changed_afterwards() -> None:
    evaluation = Evaluation.model_validate(data())
    with pytest.raises(ValidationError):
        evaluation.name = "Other"  # type: ignore[misc]  # the point
