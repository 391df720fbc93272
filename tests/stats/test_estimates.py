"""Means and proportions: figures, second implementations, and what must hold of any interval."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from lattice.stats import mean_interval, metric_interval, proportion_interval

WORKED_EXAMPLE = np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], [8, 12, 28, 82, 67])
LIKERT = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
SCORES = st.lists(st.one_of(LIKERT, st.floats(0, 1)), min_size=2, max_size=40)


def test_the_worked_example_is_met_to_six_digits() -> None:
    t = mean_interval(WORKED_EXAMPLE, "t")
    adjusted = mean_interval(WORKED_EXAMPLE)
    assert (t.mean, t.lower, t.upper) == pytest.approx((0.738579, 0.701823, 0.775334), abs=1e-6)
    assert (adjusted.lower, adjusted.upper) == pytest.approx((0.698976, 0.773385), abs=1e-6)
    assert (adjusted.method, adjusted.n, adjusted.level) == ("adjusted_t", 197, 0.95)


def test_t_agrees_with_scipy() -> None:
    expected = scipy_stats.ttest_1samp(WORKED_EXAMPLE, 0).confidence_interval(0.9)
    found = mean_interval(WORKED_EXAMPLE, "t", level=0.9)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_adjusted_t_is_t_with_one_score_more_at_each_end_of_the_scale() -> None:
    scores = np.array([2.0, 3.5, 5.0, 4.0])
    expected = scipy_stats.ttest_1samp([*scores, 1.0, 5.0], 0).confidence_interval()
    found = mean_interval(scores, bounds=(1, 5))
    assert found.lower == pytest.approx(max(1.0, expected.low), abs=1e-9)
    assert found.upper == pytest.approx(min(5.0, expected.high), abs=1e-9)


def test_bca_agrees_with_scipy_on_the_same_draws() -> None:
    scores = WORKED_EXAMPLE[::6]
    expected = scipy_stats.bootstrap(
        (scores,), np.mean, n_resamples=9_999, method="BCa", rng=np.random.default_rng(7)
    ).confidence_interval
    found = mean_interval(scores, "bca", seed=7)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert found.seed == 7


def test_bca_of_equal_scores_says_no_more_than_they_do() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mean_interval([0.5] * 5, "bca")
    assert (found.lower, found.upper) == (0.5, 0.5)


def test_clustered_t_agrees_with_statsmodels() -> None:
    import statsmodels.api as sm

    random = np.random.default_rng(5)
    clusters = random.integers(0, 12, 80)
    scores = np.clip(random.normal(0.6, 0.1, 80) + random.normal(0, 0.15, 12)[clusters], 0, 1)
    fitted = sm.OLS(scores, np.ones(80)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    low, high = fitted.conf_int()[0]
    found = mean_interval(scores, clusters=[f"topic {number}" for number in clusters])
    assert (found.lower, found.upper) == pytest.approx((low, high), abs=1e-9)
    assert (found.method, found.clusters) == ("clustered_t", 12)


def test_an_input_without_a_cluster_stands_alone() -> None:
    scores = [0.1, 0.9, 0.4, 0.6, 0.3]
    alone: list[Hashable] = [None] * 5
    found = mean_interval(scores, clusters=alone)
    plain = mean_interval(scores, "t")
    assert (found.lower, found.upper) == pytest.approx((plain.lower, plain.upper))


def test_clusters_that_do_not_differ_are_as_many_scores_as_there_are_clusters() -> None:
    found = mean_interval([1.0] * 40, clusters=[number // 4 for number in range(40)])
    ten = mean_interval([1.0] * 10)
    assert (found.lower, found.upper) == (ten.lower, ten.upper)
    assert found.method == "clustered_adjusted_t"


def test_ten_perfect_scores_leave_room_below() -> None:
    perfect = [1.0] * 10
    assert mean_interval(perfect, "t").lower == 1.0
    assert mean_interval(perfect).lower == pytest.approx(0.73, abs=0.005)
    assert mean_interval(perfect, "betting").lower == pytest.approx(0.53, abs=0.005)


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson"])
@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (1, 1), (13, 40), (95, 100)])
def test_proportions_agree_with_scipy_and_statsmodels(method: str, successes: int, n: int) -> None:
    found = proportion_interval(successes, n, method, level=0.9)
    other: Literal["wilson", "exact"] = "wilson" if method == "wilson" else "exact"
    expected = scipy_stats.binomtest(successes, n).proportion_ci(0.9, other)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high), abs=1e-9)
    low, high = proportion_confint(successes, n, 0.1, "wilson" if method == "wilson" else "beta")
    assert (found.lower, found.upper) == pytest.approx((low, high), abs=1e-9)


def test_a_binary_metric_gets_wilson_and_any_other_adjusted_t() -> None:
    wilson = proportion_interval(19, 20)
    binary = metric_interval([1.0] * 19 + [0.0], binary=True)
    assert (binary.lower, binary.upper, binary.method) == (wilson.lower, wilson.upper, "wilson")
    assert metric_interval([1.0] * 19 + [0.0]).method == "adjusted_t"
    assert metric_interval([1.0, 0.0, 1.0], clusters="aab", binary=True).method == "clustered_t"
    with pytest.raises(ValueError, match="binary scores are 0 or 1"):
        metric_interval([1.0, 0.5], binary=True)


@pytest.mark.parametrize("method", ["adjusted_t", "t", "bca", "betting"])
@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "at least 2 scores needed, got 0"),
        ([0.5], "at least 2 scores needed, got 1"),
        ([0.5, float("nan")], "score 2 is nan"),
        ([0.5, float("inf")], "score 2 is inf"),
        ([0.5, 1.5], "score 2 is 1.5, outside the bounds 0 to 1"),
        ([[0.5, 0.5]], "one flat sequence"),
        (["a", "b"], "must be a number"),
    ],
)
def test_scores_that_no_interval_can_come_from_are_refused(method: str, scores: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_interval(scores, method)


def test_other_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="'median' is no method for a mean"):
        mean_interval([0, 1], "median")
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_interval([0, 1], level=95)
    with pytest.raises(ValueError, match="lower one first"):
        mean_interval([0, 1], bounds=(1, 0))
    with pytest.raises(ValueError, match="2 clusters for 3 scores"):
        mean_interval([0, 1, 1], clusters="ab")
    with pytest.raises(ValueError, match="at least 2 clusters"):
        mean_interval([0, 1, 1], clusters="aaa")
    with pytest.raises(ValueError, match="takes no clusters"):
        mean_interval([0, 1, 1], "betting", clusters="abc")
    with pytest.raises(ValueError, match="at least 1 trial"):
        proportion_interval(0, 0)
    with pytest.raises(ValueError, match="3 successes in 2 trials"):
        proportion_interval(3, 2)
    with pytest.raises(ValueError, match="successes must be a whole number"):
        proportion_interval(0.5, 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no method for a proportion"):
        proportion_interval(1, 2, "wald")


@settings(max_examples=60, deadline=None)
@given(scores=SCORES, method=st.sampled_from(["adjusted_t", "t", "betting"]), level=st.floats(0.5, 0.999))
def test_an_interval_holds_the_mean_and_stays_within_bounds(scores: list[float], method: str, level: float) -> None:
    found = mean_interval(scores, method, level=level)
    assert 0 <= found.lower <= found.mean <= found.upper <= 1


@settings(max_examples=60, deadline=None)
@given(
    scores=SCORES,
    method=st.sampled_from(["adjusted_t", "t", "bca", "betting"]),
    levels=st.tuples(st.floats(0.55, 0.99), st.floats(0.55, 0.99)),
)
def test_intervals_nest_with_the_level(scores: list[float], method: str, levels: tuple[float, float]) -> None:
    inner = mean_interval(scores[:20], method, level=min(levels))
    outer = mean_interval(scores[:20], method, level=max(levels))
    # The sequence's bets depend on the level, so its ends nest only as far as both are the same gambler's.
    slack = 0.05 if method == "betting" else 1e-9
    assert outer.lower <= inner.lower + slack
    assert inner.upper <= outer.upper + slack


@settings(max_examples=60, deadline=None)
@given(scores=SCORES, seed=st.integers(0, 99))
def test_the_order_of_scores_does_not_matter_after_a_run(scores: list[float], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(scores)
    for method in ("adjusted_t", "t"):
        one, other = mean_interval(scores, method), mean_interval(shuffled, method)
        assert one.mean == other.mean
        assert (one.lower, one.upper) == pytest.approx((other.lower, other.upper), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(successes=st.integers(0, 60), failures=st.integers(0, 60), level=st.floats(0.5, 0.999))
def test_a_proportion_lies_in_its_interval(successes: int, failures: int, level: float) -> None:
    n = max(1, successes + failures)
    for method in ("wilson", "clopper_pearson"):
        found = proportion_interval(min(successes, n), n, method, level)
        assert 0 <= found.lower <= found.proportion <= found.upper <= 1
