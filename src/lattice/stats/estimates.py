"""A mean or a proportion from a number of scores that was fixed in advance.

An interval from here holds for one look, at the planned n. Whoever looks while scores come in, or stops
early, needs `lattice.stats.sequential`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.records import MeanInterval, ProportionInterval
from lattice.stats.samples import (
    Bounds,
    Floats,
    as_bounds,
    as_clusters,
    as_counts,
    as_level,
    as_scores,
    exact_mean,
)
from lattice.stats.sequential import confidence_sequence

MEAN_METHODS = ("adjusted_t", "t", "bca", "betting")
PROPORTION_METHODS = ("wilson", "clopper_pearson")

RESAMPLES = 9_999
_BATCH = 2_000_000
_NO_SPREAD = 1e-12


def mean_interval(
    scores: ArrayLike,
    method: str = "adjusted_t",
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
    clusters: Iterable[Hashable] | None = None,
    seed: int = 0,
) -> MeanInterval:
    """The mean of bounded scores with its confidence interval.

    Parameters
    ----------
    scores: shape (n,), n ≥ 2; with repeats the average of each input, since repeats of one input are not
        independent.
    method: ``adjusted_t`` adds one score at each end of the scale and takes Student's t on n + 2 (after
        Agresti and Coull 1998); ``t`` is the textbook's; ``bca`` the bias-corrected accelerated bootstrap
        (Efron 1987); ``betting`` the hedged-capital sequence at its last look, which depends on the order of
        the scores.
    level: nominal coverage.
    bounds: ends of the scale.
    clusters: one name per score (None: a cluster of its own); the interval is then ``clustered_t``, the CR1
        standard error with t on clusters − 1 (Miller 2024, arXiv 2411.00640, §2.2). Where the clusters do not
        differ at all, it is ``adjusted_t`` with as many scores as there are clusters, named
        ``clustered_adjusted_t``.
    seed: of the bootstrap.

    Raises
    ------
    ValueError: fewer than 2 scores or clusters, NaN, a score outside the bounds, an unknown method, or
    clusters
        with a method that cannot take them.
    """
    bounds, level = as_bounds(bounds), as_level(level)
    if method not in MEAN_METHODS:
        raise ValueError(f"{method!r} is no method for a mean; there are {', '.join(MEAN_METHODS)}")
    values = as_scores(scores, bounds, least=2)
    if clusters is not None:
        if method not in ("adjusted_t", "t"):
            raise ValueError(f"{method} takes no clusters; leave the method out for clustered_t")
        return _clustered(values, clusters, level, bounds)
    if method == "bca":
        return _mean(values, _bca(values, level, seed), level, bounds, "bca", seed=seed)
    forms: dict[str, Callable[[Floats, float, Bounds], tuple[float, float]]] = {
        "adjusted_t": _adjusted_t,
        "t": _t,
        "betting": _betting,
    }
    return _mean(values, forms[method](values, level, bounds), level, bounds, method)


def metric_interval(
    scores: ArrayLike,
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
    clusters: Iterable[Hashable] | None = None,
    *,
    binary: bool = False,
) -> MeanInterval:
    """The interval that a run shows beside a metric: the method that suits its scores.

    Parameters
    ----------
    binary: the scale has two levels and there are no repeats; without clusters the method is then ``wilson``.

    Raises
    ------
    ValueError: as for `mean_interval`.
    """
    if not binary or clusters is not None:
        return mean_interval(scores, level=level, bounds=bounds, clusters=clusters)
    low, high = as_bounds(bounds)
    values = as_scores(scores, bounds, least=2)
    if not np.isin(values, (low, high)).all():
        raise ValueError(f"binary scores are {low:g} or {high:g}; average repeats are not binary any more")
    wilson = proportion_interval(int((values == high).sum()), len(values), level=level)
    ends = (low + wilson.lower * (high - low), low + wilson.upper * (high - low))
    return _mean(values, ends, level, (low, high), "wilson")


def proportion_interval(successes: int, n: int, method: str = "wilson", level: float = 0.95) -> ProportionInterval:
    """A proportion with its confidence interval.

    Parameters
    ----------
    successes, n: counts; n ≥ 1.
    method: ``wilson`` (Wilson 1927; recommended by Newcombe 1998), or ``clopper_pearson``, which covers at
        least nominally whatever the proportion is.
    level: nominal coverage.

    Raises
    ------
    ValueError: no trial, more successes than trials, an unknown method.
    """
    level = as_level(level)
    successes, n = as_counts((successes, n), ("successes", "n"))
    if n < 1:
        raise ValueError("a proportion needs at least 1 trial, got 0")
    if successes > n:
        raise ValueError(f"{successes} successes in {n} trials")
    if method not in PROPORTION_METHODS:
        raise ValueError(f"{method!r} is no method for a proportion; there are {', '.join(PROPORTION_METHODS)}")
    lower, upper = (_wilson if method == "wilson" else _clopper_pearson)(successes, n, level)
    return ProportionInterval(
        lower=lower,
        upper=upper,
        level=level,
        method=method,
        n=n,
        successes=successes,
        proportion=successes / n,
    )


def t_quantile(level: float, degrees: float) -> float:
    """How many standard errors a two-sided t interval reaches to each side."""
    from scipy.special import stdtrit  # heavy

    return float(stdtrit(degrees, (1 + level) / 2))


def cluster_error(deviations: Floats, clusters: Iterable[Hashable]) -> tuple[float, int]:
    """CR1 standard error of a mean, and the number of clusters.

    Parameters
    ----------
    deviations: scores less their mean, shape (n,).
    """
    numbers = as_clusters(clusters, len(deviations))
    sums = np.bincount(numbers, weights=deviations)
    count = len(sums)
    return math.sqrt(count / (count - 1) * float(sums @ sums)) / len(deviations), count


def _mean(
    values: Floats,
    ends: tuple[float, float],
    level: float,
    bounds: Bounds,
    method: str,
    *,
    clusters: int | None = None,
    seed: int | None = None,
) -> MeanInterval:
    """Cut at the scale's ends; far below 0.95 an adjusted interval may need widening to its plain mean."""
    mean = exact_mean(values)
    return MeanInterval(
        lower=min(max(ends[0], bounds[0]), mean),
        upper=max(min(ends[1], bounds[1]), mean),
        level=level,
        method=method,
        n=len(values),
        mean=mean,
        clusters=clusters,
        seed=seed,
    )


def _t(values: Floats, level: float, bounds: Bounds) -> tuple[float, float]:
    n, centre = len(values), float(values.mean())
    reach = t_quantile(level, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return centre - reach, centre + reach


def _adjusted_t(values: Floats, level: float, bounds: Bounds) -> tuple[float, float]:
    return _t(np.concatenate((values, bounds)), level, bounds)


def _betting(values: Floats, level: float, bounds: Bounds) -> tuple[float, float]:
    sequence = confidence_sequence(values, level=level, bounds=bounds)
    return float(sequence.lower[-1]), float(sequence.upper[-1])


def _clustered(values: Floats, clusters: Iterable[Hashable], level: float, bounds: Bounds) -> MeanInterval:
    names = list(clusters)
    centre = float(values.mean())
    error, count = cluster_error(values - centre, names)
    if error <= _NO_SPREAD * (bounds[1] - bounds[0]):
        ends = _adjusted_t(np.full(count, centre), level, bounds)
        return _mean(values, ends, level, bounds, "clustered_adjusted_t", clusters=count)
    reach = t_quantile(level, count - 1) * error
    return _mean(values, (centre - reach, centre + reach), level, bounds, "clustered_t", clusters=count)


def _bca(values: Floats, level: float, seed: int) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri  # heavy

    centre = float(values.mean())
    deviations = values - centre
    squares = float(deviations @ deviations)
    if squares <= _NO_SPREAD**2:
        return centre, centre
    means = _resampled_means(values, seed)
    below = float((means < centre).mean() + (means <= centre).mean()) / 2
    bias = float(ndtri(min(max(below, 0.5 / RESAMPLES), 1 - 0.5 / RESAMPLES)))
    # The jackknife's acceleration, which for a mean needs no jackknife.
    acceleration = float((deviations**3).sum()) / (6 * squares**1.5)
    tails = ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    places = ndtr(bias + (bias + tails) / (1 - acceleration * (bias + tails)))
    lower, upper = np.quantile(means, places)
    return float(lower), float(upper)


def _resampled_means(values: Floats, seed: int) -> Floats:
    random, n = np.random.default_rng(seed), len(values)
    rows = max(1, _BATCH // n)
    batches = [
        values[random.integers(0, n, (min(rows, RESAMPLES - start), n))].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(batches)


def _wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    from scipy.special import ndtri  # heavy

    z = float(ndtri((1 + level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (
        0.0 if successes == 0 else max(0.0, centre - reach),
        1.0 if successes == n else min(1.0, centre + reach),
    )


def _clopper_pearson(successes: int, n: int, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv  # heavy

    tail = (1 - level) / 2
    return (
        0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail)),
        1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail)),
    )
