"""What charts of a run are made from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.charts.subjects import example, live_totals, record_of, running, scored
from tests.reporting.run_records import evaluation, score_row

from lattice.reporting.charts.subjects import distinct, subject_of


def test_a_finished_run_has_the_numbers_of_its_summary() -> None:
    [(series, metric)] = example().of("score")
    assert (series.index, series.label) == (0, "Production RAG Stack")
    assert (metric.n, metric.ended) == (197, 200)
    assert metric.mean == pytest.approx(0.738579, abs=1e-6)


def test_a_running_run_has_the_numbers_of_its_totals() -> None:
    subject = running({"targets": [live_totals([1, 4, 5])]})
    [(_, metric)] = subject.of("score")
    assert subject.running
    assert metric.mean == pytest.approx(7 / 12)
    assert metric.native_mean == pytest.approx(10 / 3)
    assert metric.interval is not None
    assert metric.interval.method == "betting"
    assert [level.count for level in metric.distribution] == [1, 0, 0, 1, 1]


def test_before_the_first_look_there_is_a_mean_without_an_interval() -> None:
    [(_, metric)] = running({"targets": [live_totals([2, 4], interval=False)]}).of("score")
    assert (metric.mean, metric.interval, metric.n) == (0.5, None, 2)


def test_a_target_without_a_score_is_left_out() -> None:
    nothing = {"done": 2, "successful": 0, "failed": 2, "metrics": {}, "interval": None}
    subject = running({"targets": [nothing, live_totals([3])]}, targets=2)
    assert [series.index for series, _ in subject.of("score")] == [1]


def test_thresholds_are_those_of_gates_on_means_on_0_to_1() -> None:
    gates = ("mean > 0.8", "ci_lower >= 3 on native scale", "failure_rate < 0.05", "pass_rate > 0.9")
    found = example(gates=gates, passes=">= 4").thresholds
    assert [(each.value, each.text) for each in found] == [(0.8, gates[0]), (0.5, gates[1])]


def test_a_run_may_begin_with_another_colour() -> None:
    record = record_of([score_row(1, 4)])
    assert [series.index for series in subject_of(record, first_colour=3).series] == [3]


def test_repeats_are_counted_as_trials_until_they_have_been_put_together() -> None:
    config = evaluation(repeats=3).model_dump(mode="json", by_alias=True)
    assert scored({0: [4, 5]}).unit == "inputs"
    assert running({"targets": [live_totals([4, 5])]}, config=config).unit == "trials"


@given(st.lists(st.text(max_size=60), max_size=12))
def test_names_stay_apart_however_they_are_cut(names: list[str]) -> None:
    labels = distinct(names, 10)
    assert len(set(labels)) == len(names)
    assert all("\n" not in label and label for label in labels)


def test_long_names_that_begin_alike_are_numbered() -> None:
    assert distinct(["a" * 50, "a" * 60], 5) == ["aaaa…", "aaaa… (2)"]
