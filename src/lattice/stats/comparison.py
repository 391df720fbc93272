"""Two runs against each other: input by input where they share the inputs, else as two samples."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.estimates import cluster_error, mean_interval, t_quantile
from lattice.stats.records import Interval
from lattice.stats.samples import (
    Bounds,
    Floats,
    as_bounds,
    as_clusters,
    as_counts,
    as_level,
    as_pairs,
    as_scores,
    exact_mean,
)

EXACT_UP_TO = 16
"""Non-zero differences up to which all sign patterns are tried."""

PATTERNS = 9_999
"""Random sign patterns beyond that."""

_CELLS = 4_000_000
_MOST_SIZES = 200
_DECIMALS = 12
_PAIR = ("baseline score", "candidate score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Candidate less baseline, input by input.

    Parameters
    ----------
    n: inputs compared.
    baseline_mean, candidate_mean: over these inputs.
    interval: of the mean difference, by t (or clustered t).
    verdict_interval: the one that gates decide on: ``adjusted_t`` on (d + 1) / 2 mapped back, since ten equal
        differences have no variance and t would be sure of them.
    p_value: two-sided, of flipping the signs of the differences (those of a cluster together).
    p_method: ``sign_flip_exact`` or ``sign_flip_monte_carlo``.
    t_p_value: of the paired t test; None where all differences are equal and not 0.
    effect_size: d_z, the mean difference over the deviation of the differences; None likewise.
    wins, ties, losses: inputs where the candidate is better, equal, worse.
    seed: of the Monte Carlo.
    """

    n: int
    baseline_mean: float
    candidate_mean: float
    difference: float
    interval: Interval
    verdict_interval: Interval
    p_value: float
    p_method: str
    t_p_value: float | None
    effect_size: float | None
    wins: int
    ties: int
    losses: int
    seed: int
    method: str = "paired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Candidate less baseline, of two runs over different inputs.

    Parameters
    ----------
    interval: Welch's t.
    verdict_interval: the same after one score was added at each end of the scale in each run (Agresti and
        Caffo 2000).
    p_value: of Welch's test; None where neither run's scores vary and the means differ.
    effect_size: Cohen's d with the pooled deviation; None likewise.
    """

    n_baseline: int
    n_candidate: int
    baseline_mean: float
    candidate_mean: float
    difference: float
    interval: Interval
    verdict_interval: Interval
    p_value: float | None
    effect_size: float | None
    method: str = "unpaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """Two runs on the same inputs, right or wrong.

    Parameters
    ----------
    difference: of the two shares of successes, candidate less baseline.
    p_value: exact, two-sided.
    """

    n: int
    only_baseline: int
    only_candidate: int
    difference: float
    p_value: float
    method: str = "mcnemar_exact"


def paired(
    baseline: ArrayLike,
    candidate: ArrayLike,
    level: float = 0.95,
    clusters: Iterable[Hashable] | None = None,
    seed: int = 0,
    bounds: Bounds = (0.0, 1.0),
) -> Paired:
    """Compare two runs over the same inputs (Miller 2024, arXiv 2411.00640, §4).

    Parameters
    ----------
    baseline, candidate: shape (n,), n ≥ 2, in the same order; with repeats the average of each input.
    clusters: one name per input, None standing alone; intervals are then ``clustered_t``.
    seed: of the sign flips where there are too many to try all.

    Raises
    ------
    ValueError: fewer than 2 pairs, lengths that differ, NaN, a score outside the bounds.
    """
    (low, high), level = as_bounds(bounds), as_level(level)
    before, after = as_pairs(baseline, candidate, (low, high), least=2, what=_PAIR)
    names = None if clusters is None else list(clusters)
    differences = np.round(after - before, _DECIMALS)
    span = (low - high, high - low)
    interval = mean_interval(differences, "t", level, span, names).interval
    verdict = mean_interval(differences, "adjusted_t", level, span, names).interval
    blocks = differences if names is None else _cluster_sums(differences, names)
    p_value, p_method = _sign_flip(blocks, seed)
    return Paired(
        n=len(differences),
        baseline_mean=exact_mean(before),
        candidate_mean=exact_mean(after),
        difference=exact_mean(differences),
        interval=interval,
        verdict_interval=verdict,
        p_value=p_value,
        p_method=p_method,
        t_p_value=_t_p_value(differences, names),
        effect_size=_ratio(float(differences.mean()), _spread(differences)),
        wins=int((differences > 0).sum()),
        ties=int((differences == 0).sum()),
        losses=int((differences < 0).sum()),
        seed=seed,
    )


def unpaired(
    baseline: ArrayLike,
    candidate: ArrayLike,
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
    clusters: tuple[Iterable[Hashable] | None, Iterable[Hashable] | None] = (None, None),
) -> Unpaired:
    """Compare two runs over different inputs. Where the inputs are the same, `paired` sees much smaller
    differences.

    Parameters
    ----------
    baseline, candidate: shapes (n,) and (m,), at least 2 scores each.
    clusters: of each run's scores, one name per score, None standing alone; that run's error is then CR1 with
        clusters − 1 degrees of freedom, and the intervals are ``clustered_welch_t``.

    Raises
    ------
    ValueError: fewer than 2 scores or clusters, NaN, a score outside the bounds.
    """
    (low, high), level = as_bounds(bounds), as_level(level)
    before = as_scores(baseline, (low, high), least=2, what=_PAIR[0])
    after = as_scores(candidate, (low, high), least=2, what=_PAIR[1])
    difference = exact_mean(after) - exact_mean(before)
    span, ends = high - low, np.array([low, high])
    names = [None if each is None else list(each) for each in clusters]
    method = "welch_t" if names == [None, None] else "clustered_welch_t"
    error, degrees = _welch(_mean_error(before, names[0]), _mean_error(after, names[1]))
    added = [None if each is None else [*each, None, None] for each in names]
    adjusted = (
        _mean_error(np.concatenate((before, ends)), added[0]),
        _mean_error(np.concatenate((after, ends)), added[1]),
    )
    return Unpaired(
        n_baseline=len(before),
        n_candidate=len(after),
        baseline_mean=exact_mean(before),
        candidate_mean=exact_mean(after),
        difference=difference,
        interval=_difference_interval(difference, error, degrees, level, span, method),
        verdict_interval=_adjusted_welch(*adjusted, difference, level, span, f"adjusted_{method}"),
        p_value=_two_sided(_ratio(difference, error), degrees),
        effect_size=_ratio(difference, _pooled(before, after)),
    )


def mcnemar(both: int, only_baseline: int, only_candidate: int, neither: int) -> McNemar:
    """Exact McNemar test: whether the inputs that one run alone got right fall evenly on both.

    Parameters
    ----------
    both, only_baseline, only_candidate, neither: inputs that both runs, one alone, or none got right.

    Raises
    ------
    ValueError: a count that is no count, or no input at all.
    """
    from scipy.special import bdtr  # heavy

    counts = as_counts(
        (both, only_baseline, only_candidate, neither), ("both", "only_baseline", "only_candidate", "neither")
    )
    n, first, second = sum(counts), counts[1], counts[2]
    if n == 0:
        raise ValueError("at least 1 input needed, got 0")
    p_value = min(1.0, 2 * float(bdtr(min(first, second), first + second, 0.5))) if first + second else 1.0
    return McNemar(n=n, only_baseline=first, only_candidate=second, difference=(second - first) / n, p_value=p_value)


def _cluster_sums(differences: Floats, clusters: list[Hashable]) -> Floats:
    return np.round(np.bincount(as_clusters(clusters, len(differences)), weights=differences), _DECIMALS)


def _sign_flip(differences: Floats, seed: int) -> tuple[float, str]:
    """Share of sign patterns whose sum is at least as far from 0 as the one that was seen."""
    moved = differences[differences != 0]
    seen = abs(float(moved.sum()))
    least = seen - 1e-9 * max(1.0, seen)
    if len(moved) <= EXACT_UP_TO:
        totals = np.zeros(1)
        for size in moved:
            totals = np.concatenate((totals + size, totals - size))
        return float((np.abs(totals) >= least).mean()), "sign_flip_exact"
    reached = int((np.abs(_random_totals(moved, seed)) >= least).sum())
    return (reached + 1) / (PATTERNS + 1), "sign_flip_monte_carlo"


def _random_totals(moved: Floats, seed: int) -> Floats:
    """Sums under random signs. Differences of one size are flipped together, by how many of them turn out positive."""
    random = np.random.default_rng(seed)
    sizes, counts = np.unique(np.abs(moved), return_counts=True)
    if len(sizes) <= _MOST_SIZES:
        positive = random.binomial(counts, 0.5, (PATTERNS, len(sizes)))
        return np.asarray((2 * positive - counts) @ sizes)
    rows = max(1, _CELLS // len(moved))
    batches = [
        random.integers(0, 2, (min(rows, PATTERNS - start), len(moved)), dtype=np.int8) @ moved
        for start in range(0, PATTERNS, rows)
    ]
    return np.asarray(2 * np.concatenate(batches) - moved.sum())


def _t_p_value(differences: Floats, clusters: list[Hashable] | None) -> float | None:
    mean, n = float(differences.mean()), len(differences)
    if clusters is None:
        return _two_sided(_ratio(mean, _spread(differences) / math.sqrt(n)), n - 1)
    error, count = cluster_error(differences - mean, clusters)
    return _two_sided(_ratio(mean, error), count - 1)


def _spread(values: Floats) -> float:
    return float(values.std(ddof=1))


def _ratio(difference: float, spread: float) -> float | None:
    """How many spreads a difference is; None where it has none, which would be infinitely many."""
    if spread > 1e-12:
        return difference / spread
    return 0.0 if abs(difference) <= 1e-12 else None


def _two_sided(t: float | None, degrees: float) -> float | None:
    from scipy.special import stdtr  # heavy

    return None if t is None else min(1.0, 2 * float(stdtr(degrees, -abs(t))))


@dataclass(frozen=True, slots=True)
class _MeanError:
    """A mean, its squared standard error, and that error's degrees of freedom."""

    mean: float
    square: float
    degrees: int


def _mean_error(values: Floats, clusters: list[Hashable] | None) -> _MeanError:
    mean = float(values.mean())
    if clusters is None:
        return _MeanError(mean, float(values.var(ddof=1)) / len(values), len(values) - 1)
    error, count = cluster_error(values - mean, clusters)
    return _MeanError(mean, error**2, count - 1)


def _welch(before: _MeanError, after: _MeanError) -> tuple[float, float]:
    """Standard error of a difference and Welch's degrees of freedom."""
    together = before.square + after.square
    if together <= 1e-24:
        return 0.0, float(before.degrees + after.degrees)
    degrees = together**2 / (before.square**2 / before.degrees + after.square**2 / after.degrees)
    return math.sqrt(together), degrees


def _adjusted_welch(
    before: _MeanError, after: _MeanError, difference: float, level: float, span: float, method: str
) -> Interval:
    error, degrees = _welch(before, after)
    found = _difference_interval(after.mean - before.mean, error, degrees, level, span, method)
    return Interval(
        lower=min(found.lower, difference),
        upper=max(found.upper, difference),
        level=level,
        method=found.method,
    )


def _difference_interval(
    centre: float, error: float, degrees: float, level: float, span: float, method: str
) -> Interval:
    reach = t_quantile(level, degrees) * error
    return Interval(lower=max(-span, centre - reach), upper=min(span, centre + reach), level=level, method=method)


def _pooled(before: Floats, after: Floats) -> float:
    n, m = len(before), len(after)
    return math.sqrt(((n - 1) * float(before.var(ddof=1)) + (m - 1) * float(after.var(ddof=1))) / (n + m - 2))
