"""Intervals as every function of this package gives them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval and how it was made.

    Parameters
    ----------
    level: nominal coverage, such as 0.95.
    method: name of the method, to be shown beside the numbers.
    """

    lower: float
    upper: float
    level: float
    method: str

    @property
    def width(self) -> float:
        return self.upper - self.lower


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval(Interval):
    """A mean with its interval.

    Parameters
    ----------
    n: scores it rests on.
    mean: the plain mean, never the one an adjusted method centres on.
    clusters: number of clusters, None where there are none.
    seed: of the resampling, None where nothing was resampled.
    """

    n: int
    mean: float
    clusters: int | None = None
    seed: int | None = None

    @property
    def interval(self) -> Interval:
        """The interval alone."""
        return Interval(lower=self.lower, upper=self.upper, level=self.level, method=self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProportionInterval(Interval):
    """A proportion with its interval."""

    n: int
    successes: int
    proportion: float
