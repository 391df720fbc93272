"""What makes a comparison unfair."""

from __future__ import annotations

from typing import Any

import pytest
from tests.reporting.run_records import evaluation
from tests.reporting.sides import side

from lattice.core.evaluation import Evaluation
from lattice.reporting.fairness import further_remarks, unfair_differences


def judged(**judge: Any) -> Evaluation:
    return evaluation(**judge)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rubric": "Be kind."}, "different rubrics"),
        ({"scale": "likert-7"}, "different scales: likert-5 and likert-7"),
        ({"mode": "single"}, "different modes: reference and single"),
        ({"params": {"temperature": 0}}, "different parameters of the judge: {} and {'temperature': 0}"),
        ({"criteria": [{"name": "tone", "weight": 2}]}, "different criteria: none and tone (2)"),
        (
            {"model": "sim/judge"},
            "different judges: anthropic/claude-3-5-haiku-20241022 and sim/judge",
        ),
    ],
)
def test_each_difference_in_the_judging_is_named(changes: dict[str, Any], said: str) -> None:
    before = side("a", [3.0, 4.0])
    after = side("b", [3.0, 4.0], configured=judged(**changes))
    assert unfair_differences(before, after) == (said,)


def test_inputs_and_repeats_are_named_as_well() -> None:
    repeated = evaluation(repeats=3)
    after = side("b", {1: [3, 3, 3]}, configured=repeated, inputs_hash="other")
    assert unfair_differences(side("a", [3.0, 4.0]), after) == (
        "different inputs (2 and 1): they cannot be compared input by input, only as two samples",
        "different repeats: 1 and 3 for each input",
    )


def test_targets_may_differ_and_so_may_what_passes() -> None:
    other = evaluation(passes=">= 4").model_copy(update={"targets": evaluation(targets=2).targets[:1]})
    assert unfair_differences(side("a", [3.0]), side("b", [3.0], configured=other)) == ()


def test_the_targets_of_one_run_are_always_compared_fairly() -> None:
    same = side("a/one", [3.0, 4.0], id="x")
    assert unfair_differences(same, side("a/two", [3.0, 4.0], id="x")) == ()
    assert further_remarks(same, same) == ()


def test_few_unscored_trials_are_not_worth_a_warning() -> None:
    natives: list[float | None] = [3.0] * 40
    few = side("b", [*natives, None])
    assert further_remarks(side("a", [3.0] * 41), few) == ()
    many = side("b", [*natives, None, None, None])
    [said] = further_remarks(side("a", [3.0] * 43), many)
    assert said.startswith("unscored trials: 0 of 43 (0.0%) in a, 3 of 43 (7.0%) in b")


def test_a_side_that_is_judged_by_its_own_model_is_named() -> None:
    own = judged(model="anthropic/claude-3-5-sonnet-20241022")
    other = own.model_copy(update={"targets": evaluation(targets=2).targets[1:]})
    [said] = further_remarks(side("a", [3.0], configured=other), side("b", [3.0], configured=own))
    assert said == "b is judged by its own model, the other is not: models favour their own answers"
    assert further_remarks(side("a", [3.0], configured=own), side("b", [3.0], configured=own)) == ()


def test_a_decided_run_is_told_from_a_cancelled_one() -> None:
    early = side("b#2/One", [3.0], stopped="decided")
    said = further_remarks(side("a", [3.0]), early)
    assert said[0] == "b#2 ended early, its gates decided: 200 of 200 trials"
    interrupted = side("b", [3.0], interrupted=True, stopped="budget")
    assert further_remarks(side("a", [3.0]), interrupted)[0].startswith("b is interrupted")


def test_hostile_settings_are_made_safe_to_print() -> None:
    after = side("b", [3.0], configured=judged(model="sim/\x1b[31mjudge"))
    assert "\x1b" not in unfair_differences(side("a", [3.0]), after)[0]
