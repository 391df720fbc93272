"""A night against the level of the nights before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtri

from lattice.stats import against_level, measure_against_level, measure_difference
from lattice.stats.levels import METHOD, median_variance

CEILING = (0.01, 0.01, 0.03, 0.15, 0.80)
SPREAD = (0.04, 0.06, 0.14, 0.42, 0.34)
BINARY = (0.1, 0.9)
LEVEL = 0.99

Floats = NDArray[np.float64]
scores = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


def nights(random: np.random.Generator, shares: tuple[float, ...], agreement: float, clusters: int | None) -> Floats:
    """Eight nights over 120 inputs; inputs of one of `clusters` share half of a night's luck."""
    stays = random.standard_normal(120) * np.sqrt(agreement)
    luck = random.standard_normal((8, 120))
    if clusters is not None:
        shared = np.repeat(random.standard_normal((8, clusters)), 120 // clusters, axis=1)
        luck = np.sqrt(0.5) * (luck + shared)
    behind = stays + luck * np.sqrt(1 - agreement)
    return np.asarray(np.searchsorted(ndtri(np.cumsum(shares)[:-1]), behind) / (len(shares) - 1))


def below(shares: tuple[float, ...], agreement: float, clusters: int | None = None, runs: int = 1500) -> float:
    """How often the interval of a night like those before lies below 0."""
    random = np.random.default_rng(7)
    names = None if clusters is None else [place // (120 // clusters) for place in range(120)]
    found = 0
    for _ in range(runs):
        scores = nights(random, shares, agreement, clusters)
        upper = against_level(scores[:7], scores[7], names, LEVEL).upper
        found += upper is not None and upper < 0
    return found / runs


@pytest.mark.parametrize("shares", [CEILING, SPREAD, BINARY])
@pytest.mark.parametrize("agreement", [0.0, 0.7])
def test_without_a_change_an_interval_lies_below_0_as_rarely_as_its_level_says(
    shares: tuple[float, ...], agreement: float
) -> None:
    # 0.5% nominal on this side, and 1,500 nights tell it to within 0.6%.
    assert below(shares, agreement) <= 0.011


@pytest.mark.parametrize("shares", [SPREAD, BINARY])
def test_inputs_that_vary_together_are_no_drop_once_their_clusters_are_named(shares: tuple[float, ...]) -> None:
    # Twelve clusters near the ceiling are few and skewed.
    assert below(shares, 0.3, clusters=12) <= 0.015


def test_a_night_that_all_inputs_share_widens_the_interval() -> None:
    random = np.random.default_rng(3)
    shared = np.repeat([[0.0], [1.0], [0.0], [1.0], [0.0], [1.0], [0.0]], 100, axis=1)
    alone = (random.random((7, 100)) < 0.5).astype(float)
    tonight = np.zeros(100)
    wide, narrow = (against_level(each, tonight, None, LEVEL) for each in (shared, alone))
    assert wide.lower == -1.0
    assert narrow.upper is not None
    assert narrow.upper < 0


def test_the_median_of_normal_means_varies_no_more_than_its_bound() -> None:
    random = np.random.default_rng(1)
    for k in range(1, 31):
        found = float(np.median(random.standard_normal((20_000, k)), axis=1).var())
        assert found <= median_variance(k) * 1.03


def test_one_bad_night_among_those_before_does_not_move_the_level() -> None:
    usual = [[(0.75,)] * 50 for _ in range(6)]
    found = measure_against_level([*usual, [(0.0,)] * 50], [(0.75,)] * 50)
    assert found.mean == 0.75
    assert found.measured.estimate.mean == 0.0
    assert found.runs == 7


def test_nights_that_were_all_the_same_are_no_certainty() -> None:
    found = measure_against_level([[(1.0,)] * 200] * 7, [(1.0,)] * 200, level=0.998).measured.estimate
    assert found.method == METHOD
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 0 < found.upper
    one_lost = measure_against_level([[(1.0,)] * 200] * 7, [(0.0,), *[(1.0,)] * 199], level=0.998)
    assert one_lost.measured.estimate.upper is not None
    assert one_lost.measured.estimate.upper > 0


def test_a_single_run_before_is_compared_pair_by_pair() -> None:
    before, after = [(1.0,), (0.5,), (0.75,)], [(0.5,), (0.5,), (1.0,)]
    assert measure_against_level([before], after).measured == measure_difference(before, after)


def test_missing_scores_are_counted_and_tried_at_both_ends() -> None:
    before = [[(0.75,), (0.5,), (None,), (1.0,)], [(0.75,), (None,), (None,), (1.0,)]]
    found = measure_against_level(before, [(0.75,), (0.5,), (0.5,), (None,)]).measured
    assert (found.ended, found.unscored) == (4, 2)
    assert found.estimate.n == 2
    assert found.lowest is not None
    assert found.highest is not None
    assert found.lowest.mean is not None
    assert found.highest.mean is not None
    assert found.lowest.mean < 0 < found.highest.mean


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 run"):
        measure_against_level([], [(1.0,)])
    with pytest.raises(ValueError, match="same inputs"):
        measure_against_level([[(1.0,)]], [(1.0,), (0.5,)])


def test_no_score_gives_no_number() -> None:
    found = measure_against_level([[(None,)], [(None,)]], [(0.5,)])
    assert found.mean is None
    assert found.measured.estimate.mean is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_holds_its_difference_and_does_not_depend_on_any_order(data: st.DataObject) -> None:
    n, k = data.draw(st.integers(1, 12)), data.draw(st.integers(2, 6))
    row = st.lists(scores, min_size=n, max_size=n)
    before, after = np.array(data.draw(st.lists(row, min_size=k, max_size=k))), np.array(data.draw(row))
    found = against_level(before, after, None, 0.95)
    assert found.mean is not None
    assert found.lower is not None
    assert found.upper is not None
    assert -1 <= found.lower <= found.mean <= found.upper <= 1
    mixed = np.random.default_rng(n).permutation(n)
    other = against_level(before[::-1][:, mixed], after[mixed], None, 0.95)
    assert other.mean == pytest.approx(found.mean)
    assert other.lower == pytest.approx(found.lower)
