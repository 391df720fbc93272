"""What comes in: scores, pairs and clusters, checked once so that every formula may trust them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bounds = tuple[float, float]

# Weighted means of levels miss the ends of the scale by a few units in the last place.
_ROUNDING = 1e-9
_LARGEST_DENOMINATOR = 100_000
_MOST_FRACTIONS = 2_000


def as_scores(scores: ArrayLike, bounds: Bounds | None = (0.0, 1.0), *, least: int = 1, what: str = "score") -> Floats:
    """Scores as an array of floats.

    Parameters
    ----------
    scores: shape (n,).
    bounds: ends of the scale; None where there are none.
    least: how many there must be.
    what: what one of them is called in messages.

    Raises
    ------
    ValueError: too few, not one-dimensional, not numbers, NaN or infinite, outside the bounds.
    """
    try:
        values = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"every {what} must be a number: {error}") from None
    if values.ndim != 1:
        raise ValueError(f"give the {what}s as one flat sequence, not as an array of shape {values.shape}")
    if len(values) < least:
        raise ValueError(f"at least {counted(least, what)} needed, got {len(values)}")
    strange = np.flatnonzero(~np.isfinite(values))
    if len(strange):
        raise ValueError(
            f"{what} {strange[0] + 1} is {values[strange[0]]}; leave out what was not scored instead of passing NaN"
        )
    return values if bounds is None else _within(values, bounds, what)


def _within(values: Floats, bounds: Bounds, what: str) -> Floats:
    low, high = as_bounds(bounds)
    slack = _ROUNDING * (high - low)
    outside = np.flatnonzero((values < low - slack) | (values > high + slack))
    if len(outside):
        first = outside[0]
        raise ValueError(f"{what} {first + 1} is {values[first]:g}, outside the bounds {low:g} to {high:g}")
    return cast(Floats, np.clip(values, low, high))


def as_bounds(bounds: Bounds) -> Bounds:
    """Ends of a scale, checked.

    Raises
    ------
    ValueError: they are not two finite numbers in rising order.
    """
    low, high = float(bounds[0]), float(bounds[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"bounds must be two finite numbers, the lower one first, not {bounds!r}")
    return low, high


def as_level(level: float) -> float:
    """A confidence level strictly between 0 and 1.

    Raises
    ------
    ValueError: it is not.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, such as 0.95; got {level!r}")
    return float(level)


def as_counts(values: Sequence[float], names: Sequence[str]) -> tuple[int, ...]:
    """Whole numbers, none below zero.

    Raises
    ------
    ValueError: one is not; the message names it.
    """
    for value, name in zip(values, names, strict=True):
        if value != value or value < 0 or value != int(value):
            raise ValueError(f"{name} must be a whole number, 0 or more; got {value!r}")
    return tuple(int(value) for value in values)


def as_pairs(
    first: ArrayLike, second: ArrayLike, bounds: Bounds | None, *, least: int, what: tuple[str, str]
) -> tuple[Floats, Floats]:
    """Two sequences of scores that belong together one by one.

    Raises
    ------
    ValueError: as for `as_scores`, or they differ in length.
    """
    left = as_scores(first, bounds, least=least, what=what[0])
    right = as_scores(second, bounds, least=least, what=what[1])
    if len(left) != len(right):
        raise ValueError(f"a pair needs both: got {counted(len(left), what[0])} and {counted(len(right), what[1])}")
    return left, right


def as_clusters(clusters: Iterable[Hashable], n: int) -> NDArray[np.intp]:
    """Cluster numbers 0, 1, … of n inputs; an input whose cluster is None stands alone.

    Raises
    ------
    ValueError: there are not n of them, or they are all the same cluster.
    """
    numbers: dict[Hashable, int] = {}
    found = [
        numbers.setdefault(("alone", place) if name is None else ("named", name), len(numbers))
        for place, name in enumerate(clusters)
    ]
    if len(found) != n:
        raise ValueError(f"every score needs its cluster: got {len(found)} clusters for {n} scores")
    if len(numbers) < 2:
        raise ValueError("at least 2 clusters are needed for an interval: within one cluster nothing is independent")
    return np.asarray(found, dtype=np.intp)


def exactly(value: float) -> Fraction:
    """The simple fraction that a float stands for: 0.1 is 1/10, and 2/9 is 2/9, not their nearest binary
    number.

    A float that is no simple fraction (denominator up to 100,000, within 1e-12) is taken as it is.
    """
    simple = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    return simple if abs(simple - Fraction(value)) <= Fraction(1, 10**12) else Fraction(value)


def exact_mean(scores: ArrayLike) -> float:
    """The mean, rounded once: scores whose mean is 0.8 on paper have the mean 0.8, in any order.

    Raises
    ------
    ValueError: there is no score.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        raise ValueError("at least 1 score needed, got 0")
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) > _MOST_FRACTIONS:
        return math.fsum(values) / len(values)
    total = sum((exactly(level) * int(count) for level, count in zip(levels, counts, strict=True)), Fraction(0))
    return float(total / len(values))


class NoMeanLeft(ValueError):
    """A confidence sequence has excluded every mean.

    An error in the data or their order, or chance: it happens to a few in a thousand long sequences of honest
    draws. No interval can be shown then, and least of all the whole scale.
    """


def no_mean_left(n: int) -> NoMeanLeft:
    """The error for a sequence that became empty after n scores."""
    return NoMeanLeft(
        f"after {n:,} scores no mean is left that could explain them: "
        "their order is not random, they are not from one population, or, rarely, it is chance"
    )


def counted(number: int, noun: str) -> str:
    """``1 score``, ``2 scores``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
