"""The numbers of a run, from its results."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.run_records import evaluation, example_rows, score_row

from lattice.core.judging import JudgeSettings
from lattice.reporting.figures import Bounds, MetricSummary, Summary
from lattice.reporting.metrics import pass_condition
from lattice.reporting.summary import Session, live_intervals_of, spending_of, summarise
from lattice.store.records import ScoreRow

TARGET, JUDGE = "anthropic/claude-3-5-sonnet-20241022", "anthropic/claude-3-5-haiku-20241022"


def of(rows: Iterable[ScoreRow], **settings: Any) -> MetricSummary:
    return summarise(rows, evaluation(**settings), Session(total=200)).metric()


def test_the_worked_example_gives_its_published_numbers() -> None:
    found = of(example_rows())
    assert (found.n, found.ended) == (197, 200)
    assert found.mean == pytest.approx(0.738579, abs=1e-6)
    assert found.native_mean == pytest.approx(3.954315, abs=1e-6)
    assert found.std == pytest.approx(0.261587, abs=1e-6)
    assert (found.median, found.min, found.max) == (0.75, 0.0, 1.0)
    assert found.interval is not None
    assert found.interval.lower == pytest.approx(0.698976, abs=1e-6)
    assert found.interval.upper == pytest.approx(0.773385, abs=1e-6)
    assert (found.interval.level, found.interval.method) == (0.95, "adjusted_t")
    assert [(level.value, level.score, level.count) for level in found.distribution] == [
        (1, 0.0, 8),
        (2, 0.25, 12),
        (3, 0.5, 28),
        (4, 0.75, 82),
        (5, 1.0, 67),
    ]


def test_failed_trials_are_counted_and_enter_no_statistic() -> None:
    summary = summarise(example_rows(), evaluation(), Session(total=200, elapsed=400.0))
    assert summary.progress.done == 200
    assert (summary.progress.successful, summary.progress.failed) == (197, 3)
    assert summary.throughput == 0.5


def test_without_a_score_there_is_no_number_and_no_zero() -> None:
    found = of([score_row(1), score_row(2)])
    assert found.n == 0
    assert found.ended == 2
    numbers = (found.mean, found.native_mean, found.median, found.std, found.min, found.max, found.interval)
    assert numbers == (None,) * 7
    assert [level.count for level in found.distribution] == [0, 0, 0, 0, 0]


def test_one_score_has_a_mean_and_no_interval() -> None:
    found = of([score_row(1, 4)])
    assert (found.mean, found.native_mean) == (0.75, 4.0)
    assert found.interval is None
    assert found.std is None


def test_a_mean_of_080_is_080() -> None:
    assert of([score_row(1, 8, high=11), score_row(2, 10, high=11)], scale={"min": 1, "max": 11}).mean == 0.8
    assert of([score_row(position, 9, high=11) for position in range(1, 11)], scale={"min": 1, "max": 11}).mean == 0.8


def test_a_binary_scale_has_the_wilson_interval_and_a_pass_rate() -> None:
    found = of([score_row(position, position % 4 > 0, low=0, high=1) for position in range(1, 21)], scale="binary")
    assert found.interval is not None
    assert found.interval.method == "wilson"
    assert (found.pass_condition, found.pass_rate) == (">= 1", 0.75)
    assert found.pass_interval == found.interval


def test_a_pass_condition_gives_the_share_that_meets_it() -> None:
    found = of(example_rows(), passes=">= 4")
    assert found.pass_rate == pytest.approx(149 / 197)
    assert found.pass_interval is not None
    assert found.pass_interval.method == "wilson"
    assert pass_condition(JudgeSettings(model=JUDGE)) is None


def test_repeats_are_averaged_per_input_first() -> None:
    rows = [
        score_row(1, 5, repeat=0),
        score_row(2, 1, repeat=0),
        score_row(1, 3, repeat=1),
        score_row(2, 1, repeat=1),
        score_row(3, 5, repeat=1),
    ]
    found = of(rows, repeats=2)
    assert found.n == 3
    assert found.mean == pytest.approx((0.75 + 0.0 + 1.0) / 3)
    assert [level.count for level in found.distribution] == [1, 0, 0, 1, 1]


def test_an_input_keeps_the_repeats_that_were_scored() -> None:
    found = of(
        [score_row(1, 5, repeat=0), score_row(1, repeat=1), score_row(2, repeat=0), score_row(2, repeat=1)], repeats=2
    )
    assert (found.n, found.ended, found.mean) == (1, 2, 1.0)


def test_clustered_inputs_have_the_clustered_interval() -> None:
    scores = random.Random(1)
    rows = [score_row(place, scores.randint(1, 5), cluster=f"c{place // 5}") for place in range(40)]
    clustered, alone = of(rows), of([line._replace(cluster=None) for line in rows])
    assert clustered.interval is not None
    assert clustered.interval.method == "clustered_t"
    assert clustered.mean == alone.mean
    assert clustered.interval != alone.interval


def test_inputs_without_a_cluster_stand_alone_among_those_with_one() -> None:
    rows = [score_row(place, place % 5 + 1, cluster="c" if place > 30 else None) for place in range(40)]
    found = of(rows).interval
    assert found is not None
    assert found.method == "clustered_t"


def test_a_single_cluster_allows_no_interval() -> None:
    assert of([score_row(place, place % 5 + 1, cluster="one") for place in range(10)]).interval is None


def test_criteria_are_metrics_of_their_own_and_a_weighted_score_counts_at_its_nearest_level() -> None:
    names = ("score", "accuracy", "tone")
    criteria = [{"name": "accuracy", "weight": 0.6}, {"name": "tone", "weight": 0.4}]
    rows = [score_row(1, 4.4, 4, 5, names=names), score_row(2, 4.6, 5, 4, names=names), score_row(3)]
    summary = summarise(rows, evaluation(criteria=criteria), Session(total=3))
    assert [metric.name for metric in summary.metrics] == ["score", "accuracy", "tone"]
    score = summary.metric()
    assert score.native_mean == 4.5
    assert [level.count for level in score.distribution] == [0, 0, 0, 1, 1]
    assert summary.metric("accuracy").n == 2


def test_each_target_has_its_own_metrics_latency_and_counts() -> None:
    rows = [score_row(1, 5, latency=1.0), score_row(1, 1, target=1, latency=3.0), score_row(2, target=1, latency=None)]
    summary = summarise(rows, evaluation(targets=2), Session(total=4))
    assert [(metric.target, metric.mean) for metric in summary.metrics] == [
        ("Production RAG Stack", 1.0),
        ("Target 2", 0.0),
    ]
    first, second = summary.targets
    assert (first.done, first.failed, second.done, second.failed) == (1, 0, 2, 1)
    assert second.latency is not None
    assert second.latency.p95 == 3.0
    with pytest.raises(KeyError):
        summary.metric(target="Target 3")


def test_latency_percentiles_interpolate_between_calls() -> None:
    rows = [score_row(place, 4, latency=float(place)) for place in range(1, 102)]
    latency = summarise(rows, evaluation(), Session(total=101)).targets[0].latency
    assert latency is not None
    assert (latency.p50, latency.p95, latency.p99) == pytest.approx((51, 96, 100))


def test_a_run_that_stopped_early_reports_the_live_interval() -> None:
    look = {
        "n": 90,
        "mean": 0.74,
        "lower": 0.6,
        "upper": 0.85,
        "level": 0.95,
        "method": "betting",
        "waiting_for": None,
    }
    live = live_intervals_of({"targets": [{"interval": look}]}, evaluation())
    summary = summarise(example_rows(), evaluation(), Session(total=1000, live_intervals=live))
    assert summary.metric().interval == Bounds(lower=0.6, upper=0.85, level=0.95, method="betting")
    nothing = summarise(example_rows(), evaluation(), Session(total=1000, live_intervals={}))
    assert nothing.metric().interval is None


def test_spending_comes_from_the_engines_totals_and_an_unknown_price_is_unknown() -> None:
    live = {"usage": {"target": [100, 20], "judge": [200, 10]}, "cost_usd": {"target": 0.0, "judge": 0.4}}
    known = spending_of(live, evaluation())
    assert (known.usage.total_tokens, known.cost_usd) == (330, 0.4)
    partly = spending_of(live, evaluation(), [TARGET])
    assert (partly.target.cost_usd, partly.cost_usd, partly.unpriced_models) == (None, 0.4, (TARGET,))
    assert spending_of(live, evaluation(), [TARGET, JUDGE]).cost_usd is None


def test_a_stored_summary_reads_back_as_it_was() -> None:
    summary = summarise(example_rows(), evaluation(passes=">= 4"), Session(total=200, elapsed=10.0))
    assert Summary.from_json(summary.as_json()) == summary


def test_many_different_scores_give_the_same_numbers_as_few() -> None:
    rng = random.Random(5)
    rows = [score_row(place, rng.random() * 4 + 1) for place in range(5000)]
    found = of(rows)
    expected = sum(line.metrics["score"][0] for line in rows) / 5000
    assert found.mean == pytest.approx(expected)
    assert sum(level.count for level in found.distribution) == 5000


@given(st.lists(st.one_of(st.none(), st.integers(1, 5)), max_size=60), st.randoms(use_true_random=False))
def test_no_number_depends_on_the_order_and_the_distribution_counts_every_score(
    natives: list[int | None], rng: random.Random
) -> None:
    rows = [score_row(place, *([] if native is None else [native])) for place, native in enumerate(natives)]
    found = of(rows)
    rng.shuffle(rows)
    assert of(rows) == found
    assert sum(level.count for level in found.distribution) == found.n
    assert found.n == sum(native is not None for native in natives)
    if found.interval is not None and found.mean is not None:
        assert 0 <= found.interval.lower <= found.mean <= found.interval.upper <= 1
