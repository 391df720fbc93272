"""One metric's scores in a few numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.estimates import metric_interval
from lattice.stats.records import Interval
from lattice.stats.samples import Bounds, as_scores, exact_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is said of a metric: None wherever there are too few scores to say it.

    Parameters
    ----------
    std: with n − 1; from 2 scores on, as the interval.
    """

    n: int
    mean: float | None = None
    median: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    interval: Interval | None = None


def summarise(
    scores: ArrayLike,
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
    clusters: Iterable[Hashable] | None = None,
    *,
    binary: bool = False,
) -> Summary:
    """Mean, interval, median, deviation and ends of the scores of one metric.

    Parameters are those of `lattice.stats.metric_interval`, but no score and one score are answered too.

    Raises
    ------
    ValueError: NaN, a score outside the bounds, or not as many clusters as scores.
    """
    values = as_scores(scores, bounds, least=0)
    if not len(values):
        return Summary(n=0)
    names = None if clusters is None else list(clusters)
    enough = len(values) > 1 and (names is None or _several(names))
    found = metric_interval(values, level, bounds, names, binary=binary) if enough else None
    return Summary(
        n=len(values),
        mean=exact_mean(values),
        median=float(np.median(values)),
        std=float(values.std(ddof=1)) if len(values) > 1 else None,
        minimum=float(values.min()),
        maximum=float(values.max()),
        interval=None if found is None else found.interval,
    )


def _several(clusters: list[Hashable]) -> bool:
    return len(set(clusters)) > 1 or None in clusters
