"""Two runs against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from lattice.stats import mcnemar, mean_interval, paired, unpaired

RANDOM = np.random.default_rng(2)
BASELINE = RANDOM.choice([0.0, 0.25, 0.5, 0.75, 1.0], 120, p=[0.1, 0.1, 0.2, 0.3, 0.3])
CANDIDATE = np.clip(BASELINE + RANDOM.choice([-0.25, 0.0, 0.25], 120, p=[0.15, 0.5, 0.35]), 0, 1)


def test_interval_and_p_value_of_t_agree_with_scipy() -> None:
    expected = scipy_stats.ttest_rel(CANDIDATE, BASELINE)
    low, high = expected.confidence_interval()
    found = paired(BASELINE, CANDIDATE)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((low, high), abs=1e-9)
    assert found.t_p_value == pytest.approx(expected.pvalue, abs=1e-9)
    d = CANDIDATE - BASELINE
    assert found.effect_size == pytest.approx(d.mean() / d.std(ddof=1), abs=1e-9)
    assert found.difference == pytest.approx(d.mean(), abs=1e-12)
    assert (found.wins, found.ties, found.losses) == ((d > 0).sum(), (d == 0).sum(), (d < 0).sum())


def test_few_differences_are_flipped_in_every_pattern() -> None:
    baseline, candidate = np.zeros(12), np.array([0.5, 0.25, 0.75, -0.0, 1, 0.5, 0, 0.25, 0.5, 0.75, 0, 0.25])
    before = baseline + 0.0
    before[0] = 1.0
    expected = scipy_stats.permutation_test(
        (candidate - before,), np.mean, permutation_type="samples", n_resamples=100_000
    )
    found = paired(before, candidate)
    assert found.p_method == "sign_flip_exact"
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


def test_many_differences_are_flipped_at_random_with_the_seed_in_the_result() -> None:
    one, same, other = (paired(BASELINE, CANDIDATE, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.p_method == "sign_flip_monte_carlo"
    assert one.seed == 1
    assert one.p_value == pytest.approx(other.p_value, abs=0.01)
    assert one.t_p_value == pytest.approx(one.p_value, abs=0.01)
    assert one.p_value >= 1 / 10_000


def test_flipping_at_random_is_right_under_no_difference() -> None:
    random = np.random.default_rng(8)
    found = []
    for _ in range(150):
        one, other = random.choice([0.0, 0.5, 1.0], (2, 40))
        found.append(paired(one, other).p_value <= 0.1)
    assert np.mean(found) == pytest.approx(0.1, abs=0.075)


def test_ten_equal_differences_are_no_certainty() -> None:
    found = paired([0.5] * 10, [0.75] * 10)
    assert (found.interval.lower, found.interval.upper) == (0.25, 0.25)
    assert found.verdict_interval.lower < 0 < found.verdict_interval.upper
    assert (found.t_p_value, found.effect_size) == (None, None)
    assert found.p_value == pytest.approx(2 / 1024)


def test_the_verdict_interval_is_adjusted_t_of_half_of_one_plus_the_difference() -> None:
    found = paired(BASELINE, CANDIDATE).verdict_interval
    plain = mean_interval((CANDIDATE - BASELINE + 1) / 2)
    assert (found.lower, found.upper) == pytest.approx((2 * plain.lower - 1, 2 * plain.upper - 1), abs=1e-9)
    assert found.method == "adjusted_t"


def test_runs_that_agree_everywhere_do_not_differ() -> None:
    found = paired(BASELINE, BASELINE)
    assert (found.difference, found.p_value, found.t_p_value, found.effect_size) == (0, 1, 1, 0)
    assert found.ties == 120


def test_differences_of_a_cluster_are_flipped_together() -> None:
    clusters = np.repeat(np.arange(12), 10)
    found = paired(BASELINE, CANDIDATE, clusters=clusters)
    sums = np.bincount(clusters, weights=CANDIDATE - BASELINE)
    expected = scipy_stats.permutation_test((sums,), np.sum, permutation_type="samples", n_resamples=100_000)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.interval.method == found.verdict_interval.method == "clustered_t"


def test_a_known_difference_is_found_and_none_is_not() -> None:
    random = np.random.default_rng(0)
    quality = random.random(200)
    before = (random.random(200) < quality).astype(float)
    same = (random.random(200) < quality).astype(float)
    better = np.where(random.random(200) < 0.25, 1.0, before)
    assert paired(before, better).verdict_interval.lower > 0
    assert paired(before, better).p_value < 0.01
    assert paired(before, same).verdict_interval.lower < 0 < paired(before, same).verdict_interval.upper


def test_unpaired_agrees_with_welchs_test() -> None:
    expected = scipy_stats.ttest_ind(CANDIDATE[:70], BASELINE, equal_var=False)
    low, high = expected.confidence_interval()
    found = unpaired(BASELINE, CANDIDATE[:70])
    assert (found.interval.lower, found.interval.upper) == pytest.approx((low, high), abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    padded = scipy_stats.ttest_ind([*CANDIDATE[:70], 0, 1], [*BASELINE, 0, 1], equal_var=False)
    low, high = padded.confidence_interval()
    assert (found.verdict_interval.lower, found.verdict_interval.upper) == pytest.approx((low, high), abs=1e-9)
    assert found.interval.method == "welch_t"
    assert found.verdict_interval.method == "adjusted_welch_t"


def test_unpaired_runs_without_any_spread_are_no_certainty() -> None:
    found = unpaired([0.0] * 5, [1.0] * 5)
    assert (found.p_value, found.effect_size) == (None, None)
    assert found.verdict_interval.lower < 0.6
    assert unpaired([1.0] * 5, [1.0] * 5).p_value == 1


def test_unpaired_runs_count_clusters_whole() -> None:
    alone = unpaired(BASELINE, CANDIDATE[:70])
    doubled = unpaired(
        np.repeat(BASELINE, 2), CANDIDATE[:70], clusters=(np.repeat(range(len(BASELINE)), 2).tolist(), None)
    )
    assert doubled.interval.method == "clustered_welch_t"
    assert doubled.interval.lower == pytest.approx(alone.interval.lower, abs=1e-9)
    assert doubled.p_value == pytest.approx(alone.p_value, abs=1e-9)
    assert doubled.verdict_interval.method == "adjusted_clustered_welch_t"
    assert doubled.verdict_interval.lower <= doubled.difference <= doubled.verdict_interval.upper
    with pytest.raises(ValueError, match="at least 2 clusters"):
        unpaired(BASELINE, CANDIDATE, clusters=(["one"] * len(BASELINE), None))


@pytest.mark.parametrize("table", [(10, 5, 12, 3), (0, 0, 7, 1), (4, 3, 3, 0), (5, 0, 0, 5)])
def test_mcnemar_agrees_with_statsmodels_and_the_binomial_test(table: tuple[int, int, int, int]) -> None:
    both, first, second, neither = table
    found = mcnemar(*table)
    expected = statsmodels_mcnemar([[both, first], [second, neither]], exact=True).pvalue
    assert found.p_value == pytest.approx(min(1.0, expected) if first + second else 1.0, abs=1e-9)
    if first + second:
        binomial = scipy_stats.binomtest(first, first + second).pvalue
        assert found.p_value == pytest.approx(binomial, abs=1e-9)
    assert found.difference == (second - first) / sum(table)


def test_wrong_pairs_are_named() -> None:
    with pytest.raises(ValueError, match="got 2 baseline scores and 3 candidate scores"):
        paired([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="at least 2 baseline scores"):
        paired([0], [1])
    with pytest.raises(ValueError, match="candidate score 2 is nan"):
        paired([0, 1], [0, float("nan")])
    with pytest.raises(ValueError, match="candidate score 1 is 3"):
        unpaired([0, 1], [3, 1])
    with pytest.raises(ValueError, match="only_candidate must be a whole number"):
        mcnemar(1, 2, -1, 0)
    with pytest.raises(ValueError, match="at least 1 input"):
        mcnemar(0, 0, 0, 0)


SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30)


@settings(max_examples=40, deadline=None)
@given(SCORES)
def test_swapping_the_runs_turns_the_difference(pairs: list[tuple[float, float]]) -> None:
    baseline, candidate = ([pair[side] for pair in pairs] for side in (0, 1))
    there, back = paired(baseline, candidate), paired(candidate, baseline)
    assert there.difference == pytest.approx(-back.difference, abs=1e-12)
    assert there.verdict_interval.lower == pytest.approx(-back.verdict_interval.upper, abs=1e-9)
    assert (there.wins, there.losses) == (back.losses, back.wins)
    assert -1 <= there.verdict_interval.lower <= there.difference <= there.verdict_interval.upper <= 1
    assert 0 < there.p_value <= 1


def test_many_sizes_of_difference_are_flipped_one_by_one() -> None:
    random = np.random.default_rng(5)
    baseline = random.random(300)
    candidate = np.clip(baseline + random.normal(0.02, 0.2, 300), 0, 1)
    found = paired(baseline, candidate)
    assert found.t_p_value == pytest.approx(found.p_value, abs=0.015)
