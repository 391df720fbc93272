"""What missing scores could have made of a metric's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattice.stats import LiveMetric, mean_interval, measure, measure_difference, paired, proportion_interval

TRIALS = st.lists(
    st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), min_size=1, max_size=3),
    min_size=2,
    max_size=25,
)


def test_nothing_missing_needs_no_extremes() -> None:
    found = measure([(0.5,), (1.0,), (0.75,)])
    assert (found.ended, found.unscored, found.missing_share) == (3, 0, 0.0)
    assert (found.lowest, found.highest) == (None, None)
    assert (found.estimate.mean, found.estimate.median, found.estimate.minimum) == (0.75, 0.75, 0.5)


def test_missing_scores_are_put_at_both_ends() -> None:
    found = measure([(0.5,), (1.0,), (None,), (None,)])
    assert found.lowest is not None
    assert found.highest is not None
    assert (found.estimate.mean, found.lowest.mean, found.highest.mean) == (0.75, 0.375, 0.875)
    lowest = mean_interval([0.5, 1, 0, 0])
    assert (found.lowest.lower, found.lowest.upper) == (lowest.lower, lowest.upper)
    assert (found.estimate.n, found.lowest.n, found.missing_share) == (2, 4, 0.5)


def test_repeats_are_averaged_per_input_first() -> None:
    found = measure([(1.0, 0.5, None), (0.25, 0.25, 0.25)])
    assert found.estimate.n == 2
    assert found.estimate.mean == 0.5
    assert found.lowest is not None
    assert found.lowest.mean == 0.375
    assert (found.ended, found.unscored) == (6, 1)


def test_a_missing_pass_is_missed_or_granted() -> None:
    found = measure([(1.0,), (0.5,), (None,), (0.75,)], passes=lambda score: score >= 0.75)
    assert found.lowest is not None
    assert found.highest is not None
    assert found.estimate.pass_rate == pytest.approx(2 / 3)
    assert (found.lowest.pass_rate, found.highest.pass_rate) == (0.5, 0.75)


def test_binary_scores_get_wilson_unless_they_are_averages_of_repeats() -> None:
    wilson = proportion_interval(3, 4)
    single = measure([(1.0,), (1.0,), (0.0,), (1.0,)], binary=True).estimate
    assert (single.lower, single.upper, single.method) == (wilson.lower, wilson.upper, "wilson")
    assert measure([(1.0, 0.0), (1.0, 1.0)], binary=True).estimate.method == "adjusted_t"


def test_clusters_go_with_their_scores() -> None:
    found = measure([(0.5,), (None,), (1.0,), (0.75,), (0.0,)], clusters=["a", "a", "b", "b", None])
    expected = mean_interval([0.5, 1.0, 0.75, 0.0], clusters=["a", "b", "b", None])
    assert (found.estimate.lower, found.estimate.method) == (expected.lower, "clustered_t")
    assert measure([(0.5,), (1.0,)], clusters=[None, None]).estimate.method == "adjusted_t"
    assert measure([(0.5,), (1.0,)], clusters=["a", "a"]).estimate.lower is None
    with pytest.raises(ValueError, match="1 clusters for 2 inputs"):
        measure([(0.5,), (1.0,)], clusters=["a"])


def test_too_few_scores_leave_gaps_not_zeros() -> None:
    nothing = measure([(None,), (None,)]).estimate
    assert (nothing.n, nothing.mean, nothing.lower, nothing.pass_rate) == (0, None, None, None)
    one = measure([(0.5,)]).estimate
    assert (one.n, one.mean, one.lower) == (1, 0.5, None)


def test_a_difference_is_that_of_the_pairs_with_both() -> None:
    baseline, candidate = [(0.5,), (0.75,), (None,), (0.25,)], [(1.0,), (0.75,), (1.0,), (0.5,)]
    found = measure_difference(baseline, candidate)
    expected = paired([0.5, 0.75, 0.25], [1.0, 0.75, 0.5])
    assert found.estimate.mean == expected.difference
    assert found.estimate.lower == expected.verdict_interval.lower
    assert found.lowest is not None
    assert found.highest is not None
    assert found.lowest.mean == pytest.approx((0.5 + 0 + 0 + 0.25) / 4)
    assert found.highest.mean == pytest.approx((0.5 + 0 + 1 + 0.25) / 4)
    assert (found.ended, found.unscored) == (4, 1)
    assert measure_difference([(1.0,)], [(0.5,)]).estimate.mean == -0.5
    with pytest.raises(ValueError, match="got 1 and 2 inputs"):
        measure_difference([(1.0,)], [(1.0,), (0.5,)])


def test_a_difference_within_one_cluster_has_no_interval() -> None:
    before, after = [(1.0,), (0.5,), (0.0,)], [(0.5,), (0.5,), (0.25,)]
    found = measure_difference(before, after, clusters=["one"] * 3).estimate
    assert found.mean == pytest.approx(-1 / 12)
    assert (found.n, found.lower, found.upper) == (3, None, None)
    assert measure_difference(before, after, clusters=["one", "one", None]).estimate.lower is not None


@settings(max_examples=60, deadline=None)
@given(TRIALS, st.randoms())
def test_whatever_was_missing_the_mean_lies_between_the_extremes(
    trials: list[list[float | None]], random: object
) -> None:
    found = measure(trials)
    if found.lowest is None or found.highest is None:
        return
    generator = np.random.default_rng(len(trials))
    filled = measure([[generator.random() if s is None else s for s in each] for each in trials]).estimate
    assert filled.mean is not None
    assert found.lowest.mean is not None
    assert found.highest.mean is not None
    assert found.lowest.mean - 1e-12 <= filled.mean <= found.highest.mean + 1e-12


def test_live_numbers_are_those_of_three_sequences() -> None:
    random = np.random.default_rng(3)
    scores = [None if random.random() < 0.1 else float(random.choice([0.5, 1.0])) for _ in range(300)]
    live = LiveMetric(passes=lambda score: score == 1)
    for score in scores:
        live.add((score,))
    found = live.measured()
    known = [score for score in scores if score is not None]
    expected = {
        "estimate": known,
        "lowest": [0.0 if score is None else score for score in scores],
        "highest": [1.0 if score is None else score for score in scores],
    }
    for name, values in expected.items():
        estimate, interval = getattr(found, name), mean_interval(values, "betting")
        assert estimate.lower == pytest.approx(interval.lower, abs=3e-4)
        assert estimate.upper == pytest.approx(interval.upper, abs=3e-4)
        assert (estimate.n, estimate.method) == (len(values), "betting")
    assert found.estimate.pass_rate == known.count(1.0) / len(known)
    assert (found.ended, found.unscored) == (300, 300 - len(known))
    assert found.estimate.pass_lower is not None
    assert found.lowest is not None
    assert found.lowest.pass_rate == known.count(1.0) / 300


def test_a_live_metric_without_any_score_has_no_numbers() -> None:
    live = LiveMetric(passes=lambda score: score == 1)
    assert live.measured().estimate.mean is None
    live.add((None,))
    found = live.measured()
    assert (found.estimate.n, found.estimate.pass_rate, found.ended, found.unscored) == (0, None, 1, 1)


def test_a_live_metric_whose_sequence_is_empty_has_a_mean_and_no_interval() -> None:
    live = LiveMetric()
    for score in [1.0] * 300 + [0.0] * 300:
        live.add((score,))
    found = live.measured().estimate
    assert (found.mean, found.lower, found.upper, found.method) == (0.5, None, None, "none")


def test_live_repeats_have_a_pass_rate_but_no_interval_of_it() -> None:
    live = LiveMetric(passes=lambda score: score == 1)
    live.add((1.0, None, 0.0))
    found = live.measured()
    assert (found.estimate.mean, found.estimate.pass_rate, found.estimate.pass_lower) == (0.5, 0.5, None)
    with pytest.raises(ValueError, match="without a trial"):
        live.add(())
