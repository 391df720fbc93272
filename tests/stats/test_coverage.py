"""Coverage, width and peeking: the published figures, within their Monte Carlo error."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.special import stdtrit

from lattice.stats import confidence_sequence, mean_interval
from lattice.stats.sequential import bets

LEVELS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
CEILING = np.array([0.01, 0.01, 0.03, 0.15, 0.80])
TRUTH = float(LEVELS @ CEILING)


@cache
def ends(counts: tuple[int, ...], method: str) -> tuple[float, float]:
    found = mean_interval(np.repeat(LEVELS, counts), method)
    return found.lower, found.upper


def covered(n: int, method: str, runs: int) -> tuple[float, float]:
    """Share of intervals that hold the truth, and their mean half-width."""
    draws = np.random.default_rng(n).multinomial(n, CEILING, runs)
    found = np.array([ends(tuple(int(count) for count in row), method) for row in draws])
    hits = (found[:, 0] <= TRUTH) & (found[:, 1] >= TRUTH)
    return float(hits.mean()), float((found[:, 1] - found[:, 0]).mean() / 2)


@pytest.mark.parametrize(
    ("method", "n", "coverage", "half_width"),
    [
        ("t", 10, 0.895, 0.082),
        ("t", 20, 0.869, 0.067),
        ("t", 50, 0.911, 0.046),
        ("adjusted_t", 10, 0.999, 0.167),
        ("adjusted_t", 20, 0.993, 0.106),
        ("adjusted_t", 50, 0.987, 0.057),
        ("bca", 10, 0.872, 0.091),
        ("bca", 20, 0.925, 0.072),
    ],
)
def test_coverage_and_width_near_the_ceiling(method: str, n: int, coverage: float, half_width: float) -> None:
    share, half = covered(n, method, runs=500 if method == "bca" else 1_500)
    # The bootstrap's ends jump from level to level, so its width depends on how ties are counted.
    share_tolerance, width_tolerance = (0.05, 0.15) if method == "bca" else (0.03, 0.08)
    assert share == pytest.approx(coverage, abs=share_tolerance)
    assert half == pytest.approx(half_width, rel=width_tolerance)


def test_bca_at_fifty_scores_still_covers_too_little() -> None:
    share, half = covered(50, "bca", runs=150)
    assert share == pytest.approx(0.934, abs=0.07)
    assert half == pytest.approx(0.047, rel=0.1)


def test_coverage_and_width_of_the_betting_sequence() -> None:
    random, looks = np.random.default_rng(5), (10, 20, 50)
    found = [confidence_sequence(random.choice(LEVELS, 50, p=CEILING)) for _ in range(150)]
    for look, coverage, half_width in zip(looks, (1.0, 0.992, 0.997), (0.256, 0.172, 0.092), strict=True):
        lower, upper = (np.array([ends[look - 1] for ends in (f.lower for f in found)]),
                        np.array([ends[look - 1] for ends in (f.upper for f in found)]))  # fmt: skip
        assert np.mean((lower <= TRUTH) & (upper >= TRUTH)) >= coverage - 0.03
        assert (upper - lower).mean() / 2 == pytest.approx(half_width, rel=0.06)


@pytest.mark.parametrize(("method", "coverage"), [("t", 0.638), ("adjusted_t", 0.997)])
def test_coverage_of_a_share_of_nineteen_in_twenty(method: str, coverage: float) -> None:
    """Exact; the published figure is of some 1,500 runs, so its own error is about 0.012."""
    total = 0.0
    for successes in range(21):
        found = mean_interval([1.0] * successes + [0.0] * (20 - successes), method)
        if found.lower <= 0.95 <= found.upper:
            total += math.comb(20, successes) * 0.95**successes * 0.05 ** (20 - successes)
    assert total == pytest.approx(coverage, abs=0.012)


def peeked(p: float, first: int = 10, last: int = 500) -> float:
    """Share of binary runs in which t ever excludes p: the mass of (n, successes) not yet excluded, carried forward."""
    alive = np.array([math.comb(first, s) * p**s * (1 - p) ** (first - s) for s in range(first + 1)])
    for n in range(first, last + 1):
        if n > first:
            alive = np.append(alive * (1 - p), 0.0) + np.append(0.0, alive * p)
        s = np.arange(n + 1)
        mean = s / n
        reach = stdtrit(n - 1, 0.975) * np.sqrt(mean * (1 - mean) / (n - 1))
        alive = np.where((mean - reach <= p) & (p <= mean + reach), alive, 0.0)
    return 1 - float(alive.sum())


@pytest.mark.parametrize(("p", "share"), [(0.5, 0.425), (0.9, 0.564)])
def test_peeking_at_t_excludes_the_truth_in_every_second_run(p: float, share: float) -> None:
    assert peeked(p) == pytest.approx(share, abs=0.001)
    assert peeked(p) > 0.35


def ever_excluded(weights: np.ndarray, levels: np.ndarray, runs: int, last: int = 500) -> float:
    """Share of runs in which the capital at the true mean ever reaches 1/α."""
    random, m = np.random.default_rng(17), float(levels @ weights)
    excluded = 0
    for scores in random.choice(levels, (runs, last), p=weights):
        stakes = bets(scores, 0.05)
        above = np.cumsum(np.log1p(np.minimum(stakes, 1 / (2 * m)) * (scores - m)))
        below = np.cumsum(np.log1p(-np.minimum(stakes, 1 / (2 * (1 - m))) * (scores - m)))
        excluded += max(above.max(), below.max()) >= math.log(40)
    return excluded / runs


@pytest.mark.parametrize(
    ("weights", "levels"),
    [(CEILING, LEVELS), (np.array([8, 12, 28, 82, 67]) / 197, LEVELS), (np.array([0.5, 0.5]), np.array([0.0, 1.0]))],
)
def test_looking_all_the_time_at_the_betting_sequence_costs_nothing(weights: np.ndarray, levels: np.ndarray) -> None:
    assert ever_excluded(weights, levels, runs=4_000) <= 0.060


def test_peeking_at_t_on_likert_scores_would_be_noticed() -> None:
    random = np.random.default_rng(1)
    scores = random.choice(LEVELS, (1_000, 500), p=CEILING)
    n = np.arange(1, 501)
    mean = np.cumsum(scores, axis=1) / n
    squares = np.cumsum(scores**2, axis=1) / n
    error = np.sqrt(np.maximum(squares - mean**2, 0) / np.maximum(n - 1, 1))
    reach = stdtrit(np.maximum(n - 1, 1), 0.975) * error
    outside = np.abs(mean - TRUTH) > reach
    assert outside[:, 9:].any(axis=1).mean() > 0.35


def test_the_mean_of_what_completes_first_is_off_and_that_of_the_prefix_is_not() -> None:
    random, off, prefix = np.random.default_rng(2), [], []
    for _ in range(300):
        z = random.multivariate_normal([0, 0], [[1, -0.6], [-0.6, 1]], 200)
        scores = np.clip(0.7 + 0.27 * z[:, 0], 0, 1)
        latency = np.exp(0.8 * z[:, 1])
        free, ended = np.zeros(32), np.zeros(200)
        for number in range(200):
            worker = int(free.argmin())
            free[worker] += latency[number]
            ended[number] = free[worker]
        off.append(scores[np.argsort(ended)[:20]].mean() - scores.mean())
        prefix.append(scores[:20].mean() - scores.mean())
    assert np.mean(off) > 0.08
    assert np.mean(prefix) == pytest.approx(0, abs=0.015)
