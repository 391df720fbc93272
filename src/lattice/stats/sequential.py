"""Intervals that may be looked at after every score, and stopped on at any moment.

The mean's is the hedged-capital confidence sequence of Waudby-Smith and Ramdas (arXiv 2010.09686, Theorem 3;
§5 without replacement). A gambler who holds that the mean is above m bets on it with capital K⁺, another that
it is below with K⁻; if m is the true mean, neither can hope to grow rich. So m is excluded for good once
max(K⁺, K⁻) / 2 ≥ 1 / α. K⁺ falls with m and K⁻ rises, so what is left is an interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.records import ProportionInterval
from lattice.stats.samples import (
    Bounds,
    Floats,
    as_bounds,
    as_counts,
    as_level,
    as_pairs,
    as_scores,
    no_mean_left,
)

SEQUENCE_METHODS = ("betting", "beta_mixture")

_CANDIDATES = 65
_CELLS = 1_000_000
_FINEST = 1e-12
_STRAIGHT = 1e-7
_ROUNDING = 1e-9
_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceSequence:
    """One interval per look.

    Parameters
    ----------
    lower, upper: shape (n,); entry i is the interval after i + 1 scores. With ``betting`` each lies within
        the one before it.
    mean: shape (n,), the plain running mean.
    population: how many inputs there are in all, for sampling without replacement.
    """

    lower: Floats
    upper: Floats
    mean: Floats
    level: float
    method: str
    n: int
    population: int | None = None


def confidence_sequence(
    scores: ArrayLike,
    method: str = "betting",
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
    population: int | None = None,
) -> ConfidenceSequence:
    """Intervals for the mean that all hold at once, with the nominal probability.

    Parameters
    ----------
    scores: shape (n,), in an order that has nothing to do with their values.
    method: ``betting``, or ``beta_mixture`` for binary scores (the Beta(1, 1) mixture; Robbins 1970), whose
        looks stand on their own.
    level: nominal coverage over all looks together.
    bounds: ends of the scale.
    population: number of inputs there are in all, if the scores are a sample of them without replacement and
        the mean of just these inputs is asked for (``betting`` only).

    Raises
    ------
    ValueError: no score, NaN, a score outside the bounds, a population smaller than the sample, an unknown
    method;
        or scores that no mean can explain.
    """
    (low, high), level = as_bounds(bounds), as_level(level)
    values = (as_scores(scores, bounds) - low) / (high - low)
    if method == "beta_mixture":
        lower, upper = _beta_mixture(values, level, population)
    elif method == "betting":
        if population is not None and population < len(values):
            raise ValueError(f"a population of {population} cannot have given {len(values)} scores")
        lower, upper = _betting(values, level, population)
    else:
        raise ValueError(f"{method!r} is no method for a sequence; there are {', '.join(SEQUENCE_METHODS)}")
    return ConfidenceSequence(
        lower=low + (high - low) * lower,
        upper=low + (high - low) * upper,
        mean=low + (high - low) * np.cumsum(values) / np.arange(1, len(values) + 1),
        level=level,
        method=method,
        n=len(values),
        population=population,
    )


def paired_sequence(
    baseline: ArrayLike, candidate: ArrayLike, level: float = 0.95, bounds: Bounds = (0.0, 1.0)
) -> ConfidenceSequence:
    """The live difference of two runs over the same inputs, candidate less baseline.

    The betting sequence on (d + 1) / 2, mapped back.

    Parameters
    ----------
    baseline, candidate: shape (n,), in the same order.

    Raises
    ------
    ValueError: as for `confidence_sequence`, or the two differ in length.
    """
    low, high = as_bounds(bounds)
    before, after = as_pairs(baseline, candidate, bounds, least=1, what=("baseline score", "candidate score"))
    return confidence_sequence(after - before, level=level, bounds=(low - high, high - low))


def live_proportion(successes: int, n: int, level: float = 0.95) -> ProportionInterval:
    """A proportion while its trials come in: the Beta(1, 1)-mixture sequence at one of its looks.

    Parameters
    ----------
    successes, n: counts so far; n ≥ 1.
    level: nominal coverage over all looks together.

    Raises
    ------
    ValueError: no trial, or more successes than trials.
    """
    level = as_level(level)
    successes, n = as_counts((successes, n), ("successes", "n"))
    if not 1 <= n >= successes:
        raise ValueError(
            f"a proportion needs at least 1 trial and no more successes than trials, got {successes} of {n}"
        )
    ends = _beta_end(
        np.array([successes, n - successes], dtype=np.float64), np.array([n, n], dtype=np.float64), 1 - level
    )
    return ProportionInterval(
        lower=float(ends[0]),
        upper=float(1 - ends[1]),
        level=level,
        method="beta_mixture",
        n=n,
        successes=successes,
        proportion=successes / n,
    )


def bets(values: Floats, alpha: float) -> Floats:
    """The untruncated bets λᵢ = √(2 log(2/α) / (i log(1 + i) σ̂²ᵢ₋₁)), each known before its score.

    Parameters
    ----------
    values: shape (n,), on 0–1.
    """
    i = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (i + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (i + 1)
    before = np.concatenate(([0.25], variances[:-1]))
    return np.asarray(np.sqrt(2 * math.log(2 / alpha) / (i * np.log1p(i) * before)))


def _betting(values: Floats, level: float, population: int | None) -> tuple[Floats, Floats]:
    alpha = 1 - level
    stakes = bets(values, alpha)
    lower = _Lower(values, stakes, math.log(2 / alpha), population).path()
    # K⁻ of the scores is K⁺ of the scores turned upside down, with the same bets.
    upper = 1 - _Lower(1 - values, stakes, math.log(2 / alpha), population).path()
    empty = np.flatnonzero(lower > upper + _ROUNDING)
    if len(empty):
        raise no_mean_left(int(empty[0]) + 1)
    return np.minimum(lower, upper), np.maximum(lower, upper)


class _Lower:
    """The lower ends: at each look the largest candidate that K⁺ has excluded so far.

    K⁺ is evaluated for a row of candidates over a block of looks at once, so that n scores cost about n · 5 ·
    65 · 3 factors instead of n². Within a block the end is read off a straight line between two candidates;
    where log K⁺ is not straight enough for an error below 1e-7, the block is halved, down to single looks,
    which are searched to 1e-12.
    """

    def __init__(self, values: Floats, stakes: Floats, threshold: float, population: int | None) -> None:
        self.values = values
        self.stakes = stakes
        self.threshold = threshold
        self.population = population
        self.before = np.concatenate(([0.0], np.cumsum(values)[:-1]))

    def path(self) -> Floats:
        """Lower ends at all looks, never falling."""
        n = len(self.values)
        ends = np.zeros(n)
        known, start = 0.0, 0
        while start < n:
            stop = min(n, start + max(1, start // 4))
            while (block := self._block(start, stop, known)) is None:
                stop = (start + stop) // 2
            ends[start:stop] = np.maximum(np.maximum.accumulate(block), known)
            known, start = float(ends[stop - 1]), stop
        return self._possible(ends)

    def _block(self, start: int, stop: int, known: float) -> Floats | None:
        """Ends at looks start + 1 … stop, wherever they lie above the one that is known."""
        top, one = 1.0, stop - start == 1
        while True:
            candidates = np.linspace(known, top, _CANDIDATES)
            capital = self._log_capital(candidates, start, stop)
            reached = int(np.count_nonzero((capital >= self.threshold).any(axis=0)))
            if reached == 0 or reached == _CANDIDATES:
                return np.full(stop - start, known if reached == 0 else top)
            if top - known <= _FINEST:
                return np.full(stop - start, candidates[reached - 1])
            if not one and reached > _CANDIDATES // 8:
                return self._between(candidates, capital)
            known, top = float(candidates[reached - 1]) if one else known, float(candidates[reached])

    def _between(self, candidates: Floats, capital: Floats) -> Floats | None:
        """The crossing of the threshold at each look, None where a line would miss it by too much."""
        looks = np.arange(len(capital))
        count = np.count_nonzero(capital >= self.threshold, axis=1)
        left = np.clip(count - 1, 0, _CANDIDATES - 2)
        step = candidates[1] - candidates[0]
        high, low = capital[looks, left], capital[looks, left + 1]
        fall = np.maximum(high - low, 1e-300)
        bend = np.abs(np.diff(capital, n=2, axis=1))
        around = np.maximum(bend[looks, np.maximum(left - 1, 0)], bend[looks, np.minimum(left, _CANDIDATES - 3)])
        if bool(np.any((count > 0) & (around * step > 8 * _STRAIGHT * fall))):
            return None
        return np.asarray(candidates[left] + step * np.clip((high - self.threshold) / fall, 0.0, 1.0))

    def _log_capital(self, candidates: Floats, start: int, stop: int) -> Floats:
        """log K⁺ of each candidate (columns) at looks start + 1 … stop (rows)."""
        total = np.zeros(len(candidates))
        rows = max(1, _CELLS // len(candidates))
        for first in range(0, start, rows):
            total += self._log_factors(candidates, first, min(start, first + rows)).sum(axis=0)
        return np.asarray(total + np.cumsum(self._log_factors(candidates, start, stop), axis=0))

    def _log_factors(self, candidates: Floats, first: int, last: int) -> Floats:
        values = self.values[first:last, None]
        means = candidates[None, :]
        if self.population is not None:
            left = self.population - np.arange(first, last)[:, None]
            means = np.clip((self.population * means - self.before[first:last, None]) / left, 0.0, 1.0)
        stakes = np.minimum(self.stakes[first:last, None], 1 / (2 * np.maximum(means, 1e-300)))
        return np.asarray(np.log1p(stakes * (values - means)))

    def _possible(self, ends: Floats) -> Floats:
        """Without replacement the mean cannot be below what has been seen already."""
        if self.population is None:
            return ends
        seen = np.cumsum(self.values) / self.population
        return np.asarray(np.maximum(ends, seen))


def _beta_mixture(values: Floats, level: float, population: int | None) -> tuple[Floats, Floats]:
    if population is not None:
        raise ValueError("beta_mixture knows no population; use betting")
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("beta_mixture is for binary scores; use betting")
    n = np.arange(1, len(values) + 1, dtype=np.float64)
    successes = np.cumsum(values)
    lower = _beta_end(successes, n, 1 - level)
    return lower, 1 - _beta_end(n - successes, n, 1 - level)


def _beta_end(successes: Floats, n: Floats, alpha: float) -> Floats:
    """The smallest p with B(s + 1, n − s + 1) / (pˢ (1 − p)ⁿ⁻ˢ) < 1/α, by bisection between 0 and s/n."""
    from scipy.special import betaln, xlog1py, xlogy  # heavy

    mixture = betaln(successes + 1, n - successes + 1)
    low, high = np.zeros_like(n), successes / n
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        ratio = mixture - xlogy(successes, middle) - xlog1py(n - successes, -middle)
        excluded = ratio >= -math.log(alpha)
        low, high = np.where(excluded, middle, low), np.where(excluded, high, middle)
    return np.asarray(low)
