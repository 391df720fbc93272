"""Failures of a target that count as a score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.reporting.run_records import score_row
from tests.reporting.sides import side

from lattice.core.evaluation import Evaluation
from lattice.core.trials import Metric, Step
from lattice.reporting.fairness import further_remarks, unfair_differences
from lattice.reporting.figures import Summary
from lattice.reporting.sides import read_scores
from lattice.reporting.standing_in import stand_in_of, with_stand_ins
from lattice.reporting.summary import Session, summarise
from lattice.store.records import ScoreRow

LIKERT = {"judge": {"model": "sim/judge", "pass": ">= 4"}}


def evaluation(failed_as: float | None, scoring: dict[str, Any] | None = None, *, repeats: int = 1) -> Evaluation:
    given = {} if failed_as is None else {"failed_as": failed_as}
    return Evaluation.model_validate(
        {
            "name": "E",
            "targets": [{"name": "Production RAG Stack", "model": "sim/a"}],
            "inputs": {"items": ["a"]},
            "scoring": {**(LIKERT if scoring is None else scoring), **given},
            "run": {"repeats": repeats},
        }
    )


def failed(position: int, step: Step = Step.TARGET, *, repeat: int = 0) -> ScoreRow:
    return score_row(position, repeat=repeat)._replace(error_step=step)


ROWS = [score_row(1, 5.0), score_row(2, 3.0), failed(3), failed(4, Step.JUDGE)]


def summary(failed_as: float | None, rows: list[ScoreRow] = ROWS, **more: Any) -> Summary:
    return summarise(rows, evaluation(failed_as, **more), Session(total=len(rows)))


def test_a_failed_target_counts_as_the_score_and_stays_a_failure() -> None:
    found = summary(0)
    metric, totals = found.metric(), found.targets[0]
    assert (metric.n, metric.ended, metric.mean, metric.min, metric.unscored) == (3, 4, 0.5, 0.0, 1)
    assert metric.native_mean == 3.0
    assert metric.pass_rate == pytest.approx(1 / 3)
    assert [level.count for level in metric.distribution] == [1, 0, 1, 0, 1]
    assert (totals.successful, totals.failed, dict(totals.kinds)) == (2, 2, {"timeout": 2})
    assert (found.progress.successful, found.progress.failed) == (2, 2)


def test_a_judges_failure_is_missing_as_ever() -> None:
    lowest, highest = summary(0).metric().lowest, summary(0).metric().highest
    assert lowest is not None
    assert highest is not None
    assert (lowest.mean, highest.mean) == (0.375, 0.625)
    whole = summary(0, ROWS[:3]).metric()
    assert (whole.unscored, whole.lowest, whole.highest) == (0, None, None)


def test_without_it_a_failure_has_no_score_and_nothing_is_said() -> None:
    metric = summary(None).metric()
    assert (metric.n, metric.mean, metric.unscored) == (2, 0.75, 2)
    assert "failed_as" not in metric.as_json()


def test_the_metric_says_so_and_keeps_it_in_the_store() -> None:
    found = summary(0.25)
    assert found.metric().as_json()["failed_as"] == {"score": 0.25, "trials": 1}
    assert Summary.from_json(found.as_json()) == found
    assert summary(0, ROWS[:2]).metric().as_json()["failed_as"] == {"score": 0.0, "trials": 0}


def test_with_repeats_it_enters_the_mean_of_its_input() -> None:
    rows = [score_row(1, 5.0), failed(1, repeat=1), failed(2), failed(2, repeat=1)]
    metric = summary(0, rows, repeats=2).metric()
    assert (metric.n, metric.mean, metric.max, metric.stood_in) == (2, 0.25, 0.5, 3)


@pytest.mark.parametrize(("failed_as", "method"), [(0, "wilson"), (1, "wilson"), (0.5, "adjusted_t")])
@pytest.mark.parametrize("scoring", [{"exact_match": {}}, {"judge": {"model": "sim/j", "scale": "binary"}}])
def test_a_score_between_right_and_wrong_has_the_interval_of_a_mean(
    scoring: dict[str, Any], failed_as: float, method: str
) -> None:
    rows = [*(score_row(place, float(place % 2), low=0, high=1) for place in range(1, 20)), failed(20)]
    interval = summary(failed_as, rows, scoring=scoring).metric().interval
    assert interval is not None
    assert interval.method == method


def test_criteria_have_nothing_to_say_of_no_response() -> None:
    scoring = {"judge": {"model": "sim/j", "criteria": [{"name": "tone"}]}}
    rows = [score_row(1, 5.0, 5.0, names=("score", "tone")), failed(2)]
    found = summary(0, rows, scoring=scoring)
    assert (found.metric().n, found.metric().stood_in) == (2, 1)
    assert (found.metric("tone").n, found.metric("tone").unscored, found.metric("tone").stood_in) == (1, 1, 0)


def test_it_is_on_the_judges_scale_as_well() -> None:
    assert stand_in_of(evaluation(0)) == Metric(score=0, native=1)
    assert stand_in_of(evaluation(0.5, {"exact_match": {}})) == Metric(score=0.5)
    assert stand_in_of(evaluation(None)) is None


def test_a_comparison_takes_it_in() -> None:
    [scores] = read_scores(with_stand_ins(ROWS, evaluation(0)), [["score"]])
    assert scores.metrics["score"] == {1: [1.0], 2: [0.5], 3: [0.0], 4: [None]}


def test_two_runs_that_count_failures_differently_are_scored_in_different_ways() -> None:
    before, after = side("a", [3.0], configured=evaluation(None)), side("b", [3.0], configured=evaluation(0))
    assert unfair_differences(before, after) == ("scored in different ways (failed_as)",)


def test_failures_that_count_are_not_said_to_be_left_out() -> None:
    left_out = side("a", [3.0, 3.0, None])
    counted = replace(left_out, summary=summary(0, [score_row(1, 3.0), score_row(2, 3.0), failed(3)]))
    assert further_remarks(left_out, left_out)[0].startswith("unscored trials: 1 of 3 (33.3%) in a")
    assert further_remarks(counted, counted) == ()
