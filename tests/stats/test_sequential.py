"""Confidence sequences against a plain implementation, and what must hold at every look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.optimize import brentq

from lattice.stats import (
    NoMeanLeft,
    confidence_sequence,
    live_proportion,
    mean_interval,
    paired_sequence,
)
from lattice.stats.samples import Floats

RANDOM = np.random.default_rng(11)
WORKED_EXAMPLE = RANDOM.permutation(np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], [8, 12, 28, 82, 67]))


def plain_capital(scores: Floats, m: float, alpha: float, sign: int, population: int | None = None) -> float:
    """log of K⁺ (sign 1) or K⁻ (sign −1) after all scores, one factor at a time as the paper writes it."""
    total, seen, squares = 0.0, 0.0, 0.25
    for i, score in enumerate(scores.tolist(), start=1):
        mean = m if population is None else (population * m - seen) / (population - i + 1)
        stake = math.sqrt(2 * math.log(2 / alpha) / (i * math.log(1 + i) * squares / i))
        most = 1 / (2 * mean) if sign > 0 else 1 / (2 * (1 - mean))
        total += math.log(1 + sign * min(stake, most) * (score - mean))
        seen += score
        squares += (score - (0.5 + seen) / (i + 1)) ** 2
    return total


def plain_end(scores: Floats, alpha: float, sign: int) -> float:
    threshold = math.log(2 / alpha)

    def above(m: float) -> float:
        return plain_capital(scores, m, alpha, sign) - threshold

    low, high = 1e-9, 1 - 1e-9
    if sign > 0:
        return 0.0 if above(low) < 0 else float(brentq(above, low, high, xtol=1e-12))
    return 1.0 if above(high) < 0 else float(brentq(above, low, high, xtol=1e-12))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_betting_sequence_agrees_with_a_plain_implementation_at_every_look(level: float) -> None:
    scores = WORKED_EXAMPLE[:60]
    found = confidence_sequence(scores, level=level)
    lower = [plain_end(scores[:n], 1 - level, 1) for n in range(1, 61)]
    upper = [plain_end(scores[:n], 1 - level, -1) for n in range(1, 61)]
    np.testing.assert_allclose(found.lower, np.maximum.accumulate(lower), atol=1e-6)
    np.testing.assert_allclose(found.upper, np.minimum.accumulate(upper), atol=1e-6)


def test_long_sequences_are_as_exact_as_short_ones() -> None:
    scores = RANDOM.beta(0.3, 0.2, 2_000)
    found = confidence_sequence(scores)
    for n in (500, 1_999):
        tightest = max(plain_end(scores[:k], 0.05, 1) for k in range(n - 3, n + 1))
        assert tightest <= found.lower[n - 1] + 1e-6
    ends = [plain_end(scores[:k], 0.05, 1) for k in range(1, 2_001, 1) if k % 40 == 0]
    at = np.arange(39, 2_000, 40)
    assert np.all(found.lower[at] >= np.maximum.accumulate(ends) - 1e-6)
    risen = np.flatnonzero(np.diff(found.lower[300:400]) > 1e-4) + 301
    for place in risen:
        assert found.lower[place] == pytest.approx(plain_end(scores[: place + 1], 0.05, 1), abs=1e-6)


def test_without_replacement_the_sequence_ends_at_the_mean_of_the_population() -> None:
    found = confidence_sequence(WORKED_EXAMPLE, population=len(WORKED_EXAMPLE))
    assert (found.lower[-1], found.upper[-1]) == pytest.approx((WORKED_EXAMPLE.mean(),) * 2, abs=1e-9)
    with_replacement = confidence_sequence(WORKED_EXAMPLE)
    half = len(WORKED_EXAMPLE) // 2
    assert found.upper[half] - found.lower[half] < with_replacement.upper[half] - with_replacement.lower[half]
    assert found.population == len(WORKED_EXAMPLE)


def test_without_replacement_the_capital_is_that_of_the_paper() -> None:
    found = confidence_sequence(WORKED_EXAMPLE[:100], population=400)
    end = float(found.lower[-1])
    risen = int(np.flatnonzero(found.lower == end)[0]) + 1
    capital = plain_capital(WORKED_EXAMPLE[:risen], end, 0.05, 1, population=400)
    assert capital == pytest.approx(math.log(40), abs=1e-4)


def test_the_beta_mixture_is_where_the_mixture_ratio_reaches_one_over_alpha() -> None:
    found = live_proportion(17, 20)
    for p in (found.lower, found.upper):
        mixture = scipy_stats.betabinom(20, 1, 1).pmf(17) / scipy_stats.binom(20, p).pmf(17)
        assert mixture == pytest.approx(20, rel=1e-6)
    sequence = confidence_sequence([1.0] * 17 + [0.0] * 3, method="beta_mixture")
    assert (sequence.lower[-1], sequence.upper[-1]) == pytest.approx((found.lower, found.upper), abs=1e-12)
    assert (found.method, sequence.method) == ("beta_mixture", "beta_mixture")


def test_a_live_difference_is_the_sequence_on_half_of_one_plus_the_difference() -> None:
    before, after = WORKED_EXAMPLE[:90], WORKED_EXAMPLE[90:180]
    found = paired_sequence(before, after)
    plain = confidence_sequence((after - before + 1) / 2)
    np.testing.assert_allclose(found.lower, 2 * plain.lower - 1, atol=1e-9)
    np.testing.assert_allclose(found.upper, 2 * plain.upper - 1, atol=1e-9)
    np.testing.assert_allclose(found.mean[-1], (after - before).mean())


def test_bounds_only_stretch_the_sequence() -> None:
    found = confidence_sequence(1 + 4 * WORKED_EXAMPLE[:50], bounds=(1, 5))
    plain = confidence_sequence(WORKED_EXAMPLE[:50])
    np.testing.assert_allclose(found.lower, 1 + 4 * plain.lower, atol=1e-6)


def test_a_sequence_that_no_mean_can_explain_is_an_error_not_an_interval() -> None:
    with pytest.raises(NoMeanLeft, match="no mean is left"):
        confidence_sequence([1.0] * 300 + [0.0] * 300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": []}, "at least 1 score needed"),
        ({"scores": [float("nan")]}, "score 1 is nan"),
        ({"scores": [2.0]}, "outside the bounds"),
        ({"scores": [0.5, 1.0], "population": 1}, "a population of 1"),
        ({"scores": [0.5], "method": "beta_mixture"}, "for binary scores"),
        ({"scores": [1.0], "method": "beta_mixture", "population": 5}, "no population"),
        ({"scores": [1.0], "method": "bernstein"}, "no method for a sequence"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confidence_sequence(**arguments)  # type: ignore[arg-type]


def test_a_live_proportion_needs_trials_and_fitting_counts() -> None:
    with pytest.raises(ValueError, match="at least 1 trial"):
        live_proportion(0, 0)
    with pytest.raises(ValueError, match="got 3 of 2"):
        live_proportion(3, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=120), st.integers(0, 9))
def test_the_sequence_never_grows_and_stays_within_bounds(scores: list[float], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(scores)
    try:
        found = confidence_sequence(shuffled)
    except NoMeanLeft:
        return
    assert np.all(np.diff(found.lower) >= 0)
    assert np.all(np.diff(found.upper) <= 0)
    assert np.all((found.lower >= 0) & (found.upper <= 1) & (found.lower <= found.upper))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=60))
def test_turning_the_scale_upside_down_turns_the_sequence(scores: list[float]) -> None:
    try:
        found = confidence_sequence(scores)
    except NoMeanLeft:
        return
    turned = confidence_sequence(1 - np.array(scores))
    np.testing.assert_allclose(found.lower, 1 - turned.upper, atol=1e-9)


def test_at_two_hundred_inputs_looking_all_the_time_costs_less_than_1_6_times_the_width() -> None:
    levels, weights = [0.0, 0.25, 0.5, 0.75, 1.0], np.array([8, 12, 28, 82, 67]) / 197
    random = np.random.default_rng(3)
    ratios = []
    for _ in range(60):
        scores = random.choice(levels, 200, p=weights)
        ratios.append(mean_interval(scores, "betting").width / mean_interval(scores).width)
    assert np.mean(ratios) == pytest.approx(1.46, abs=0.08)
    assert np.mean(ratios) <= 1.6
