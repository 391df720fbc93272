"""One run against the level of the runs before it, over the same inputs: a drop that is not noise.

The level is the median of the last k runs' means, so that one bad night among them does not move it. It is the median
of means and never a mean of medians: near the end of a scale the median of one input's scores is the end itself, so
that every night would look worse than the nights before it.

Nights are what varies here, the inputs stay the same. So the noise is read off the k runs themselves: the variance of
each input's scores around that input's mean, v_i with k - 1 degrees of freedom each. One night's mean of n inputs has
variance V = Σ v_i / n², the median of k such means at most c V with c = π / (2 k), the limit for normal means (Cramér,
Mathematical Methods of Statistics, 1946, §28.5), approached from below, and 1 / k for k of 1 or 2. The interval is

    difference ± t √(V (1 + c)),    with Satterthwaite's degrees of freedom (k - 1) (Σ v_i)² / Σ v_i².

A paired interval over inputs would have the spread of the drop itself in its error: sixteen broken inputs of 200 are
far from chance where the runs before hardly differed, and yet such an interval can miss them.

As in `adjusted_t` two scores are added, here one input's full swing each (Σ v_i + 2), since inputs that never changed
in k nights are no certainty. Inputs of one cluster vary together, and are one unit with the variance of its sum; the
added swings then count √(how many times clusters multiply the variance) times, a compromise that was simulated. Where
the k means differ far more than V explains (beyond the 99% quantile of χ² / (k - 1)), the inputs of a night have
something in common that nobody named; V is then the variance of the k means, with k - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from lattice.stats.estimates import t_quantile
from lattice.stats.missing import Estimate, Measured, Trials, measure_difference
from lattice.stats.samples import Floats, as_clusters, as_level, exact_mean

METHOD = "nights_t"

_SWINGS = 2.0
_EVIDENT = 0.99
_DECIMALS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What the runs before came to.

    Parameters
    ----------
    mean: the median of their means, over the inputs that were compared.
    runs: how many they are.
    measured: the candidate's mean less that one.
    """

    mean: float | None
    runs: int
    measured: Measured


def measure_against_level(
    references: Sequence[Sequence[Trials]],
    candidate: Sequence[Trials],
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Level:
    """The mean of one run less the median of the means of the runs before it, over the same inputs.

    An input counts as unscored where the candidate lacks any of its scores, or where no reference has one; a score
    that only some references lack is taken to be as in the others. A single reference says nothing of noise, so that
    its difference has the paired interval of `measure_difference`.

    Parameters
    ----------
    references: one entry per run and input, k ≥ 1 runs; scores on 0–1, None where a trial has none.
    candidate: one entry per input, in the same order.
    clusters: one name per input, None standing alone; the inputs of one vary together.
    level: nominal coverage of the interval.

    Raises
    ------
    ValueError: no reference, or lengths that differ.
    """
    if not references:
        raise ValueError("a level needs at least 1 run, got 0")
    if any(len(each) != len(candidate) for each in references):
        raise ValueError(f"every run needs the same inputs: got {len(candidate)} and {[len(r) for r in references]}")
    level = as_level(level)
    before = np.array([[_average(trials, None) for trials in run] for run in references])
    after = np.array([_average(trials, None) for trials in candidate])
    missing = int((np.array([None in each for each in candidate], dtype=bool) | np.isnan(before).all(axis=0)).sum())
    mean = _reference(before, after)
    if len(references) == 1:
        measured = measure_difference(references[0], candidate, clusters=clusters, level=level)
        return Level(mean=mean, runs=1, measured=measured)

    def estimate(reference_fill: float | None, candidate_fill: float | None) -> Estimate:
        filled = after if candidate_fill is None else np.array([_average(each, candidate_fill) for each in candidate])
        known = before if reference_fill is None else _filled(before, reference_fill)
        return against_level(known, filled, clusters, level)

    measured = Measured(
        estimate=estimate(None, None),
        ended=len(candidate),
        unscored=missing,
        lowest=estimate(1.0, 0.0) if missing else None,
        highest=estimate(0.0, 1.0) if missing else None,
    )
    return Level(mean=mean, runs=len(references), measured=measured)


def against_level(before: Floats, after: Floats, clusters: Sequence[Hashable] | None, level: float) -> Estimate:
    """The same for arrays.

    Parameters
    ----------
    before: shape (k, n), k ≥ 2; NaN where a run has no score.
    after: shape (n,), likewise.
    clusters, level: as for `measure_against_level`.
    """
    known = ~(np.isnan(after) | np.isnan(before).all(axis=0))
    before, after, n = before[:, known], after[known], int(known.sum())
    if not n:
        return Estimate(n=0, level=level, method="none")
    names = None if clusters is None else [name for name, there in zip(clusters, known, strict=True) if there]
    means, noise, degrees = _noise(before, names)
    difference = round(exact_mean(after) - float(np.median(means)), _DECIMALS)
    reach = t_quantile(level, degrees) * math.sqrt(noise * (1 + median_variance(len(before))))
    return Estimate(
        n=n,
        mean=difference,
        lower=max(-1.0, difference - reach),
        upper=min(1.0, difference + reach),
        level=level,
        method=METHOD,
    )


def median_variance(k: int) -> float:
    """An upper bound of the variance of the median of k independent normal values of variance 1."""
    return 1 / k if k <= 2 else math.pi / (2 * k)


def _noise(before: Floats, clusters: Sequence[Hashable] | None) -> tuple[Floats, float, float]:
    """Means of the runs, the variance of such a mean from night to night, and its degrees of freedom."""
    k, n = before.shape
    usual = np.nanmean(before, axis=0)
    whole = np.where(np.isnan(before), usual, before)
    spreads = ((whole - usual) ** 2).sum(axis=0) / (k - 1)
    alone, together = float(spreads.sum()), 1.0
    if clusters is not None and len(set(clusters)) > 1:
        units = as_clusters(clusters, n)
        sums = np.array([np.bincount(units, weights=row) for row in whole - usual])
        spreads = (sums**2).sum(axis=0) / (k - 1)
        together = max(1.0, float(spreads.sum()) / alone) if alone > 0 else 1.0
    total = float(spreads.sum()) + _SWINGS * math.sqrt(together)
    means = whole.mean(axis=1)
    noise, degrees = total / n**2, (k - 1) * total**2 / max(float((spreads**2).sum()), 1e-9)
    seen = float(means.var(ddof=1))
    if seen > noise * _evident(k - 1):
        return means, seen, k - 1
    return means, noise, max(float(k - 1), degrees)


def _evident(degrees: int) -> float:
    from scipy.special import chdtri  # heavy

    return float(chdtri(degrees, 1 - _EVIDENT)) / degrees


def _reference(before: Floats, after: Floats) -> float | None:
    known = ~(np.isnan(after) | np.isnan(before).all(axis=0))
    if not known.any():
        return None
    usual = np.nanmean(before[:, known], axis=0)
    return float(np.median(np.where(np.isnan(before[:, known]), usual, before[:, known]).mean(axis=1)))


def _average(trials: Trials, fill: float | None) -> float:
    """Mean of one input's repeats with the missing ones filled; NaN if nothing is left to average."""
    scores = [fill if score is None else score for score in trials]
    known = [score for score in scores if score is not None]
    return exact_mean(known) if len(known) > 1 else (known[0] if known else math.nan)


def _filled(before: Floats, fill: float) -> Floats:
    """The references with `fill` for inputs of which none has a score."""
    return np.where(np.isnan(before).all(axis=0), fill, before)
