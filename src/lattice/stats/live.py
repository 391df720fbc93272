"""The live mean of a run: a betting interval that takes one score at a time.

It is the sequence of `lattice.stats.sequential` on a grid of candidates. Only candidates that are not
excluded yet are carried on, so a score costs less the more there are, and a look costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from lattice.stats.records import MeanInterval
from lattice.stats.samples import Bounds, Floats, as_bounds, as_level, as_scores, no_mean_left

GRID = 4_096
"""Cells of the grid: the ends are rounded outward to the next 1/4096 of the scale."""

_BLOCK = 256
_CELLS = 200_000


class LiveMean:
    """A running mean with an interval that holds at every look.

    Scores must come in an order that has nothing to do with their values: that of the schedule, not that of
    completion. The interval never grows; where the scores are not like draws from one population it can
    become empty, which is an error (`NoMeanLeft`) and never an answer. It can be rebuilt from the same scores
    in the same order (`extend`), and agrees with `confidence_sequence` to one cell of the grid, rounded
    outward.

    Parameters
    ----------
    level: nominal coverage over all looks together.
    bounds: ends of the scale.
    """

    def __init__(self, level: float = 0.95, bounds: Bounds = (0.0, 1.0)) -> None:
        self._low, self._high = as_bounds(bounds)
        self._level = as_level(level)
        self._log = 2 * math.log(2 / (1 - level))
        self._rich = 2 / (1 - level)
        self._n = 0
        self._sum = 0.0
        self._squares = 0.0
        self._ends = (0.0, 1.0)
        self._start(np.arange(GRID + 1) / GRID)

    @property
    def n(self) -> int:
        """Scores so far."""
        return self._n

    @property
    def mean(self) -> float:
        """The plain mean of the scores so far.

        Raises
        ------
        ValueError: there is no score yet.
        """
        if self._n == 0:
            raise ValueError("at least 1 score needed, got 0")
        return self._low + (self._high - self._low) * self._sum / self._n

    def add(self, score: float) -> None:
        """Take in the next score.

        Raises
        ------
        ValueError: NaN, or outside the bounds.
        """
        value = (float(score) - self._low) / (self._high - self._low)
        if not -1e-9 <= value <= 1 + 1e-9:
            raise ValueError(f"score {score!r} is outside the bounds {self._low:g} to {self._high:g}")
        value = min(max(value, 0.0), 1.0)
        stake = self._stake(value)
        if not len(self._candidates):
            return
        distance = value - self._candidates
        self._above *= 1 + np.minimum(stake, self._most_above) * distance
        self._below *= 1 - np.minimum(stake, self._most_below) * distance
        # K⁺ falls along the candidates and K⁻ rises, so the ones next to the ends are the first to go.
        if self._above[1] >= self._rich or self._below[-2] >= self._rich:
            self._exclude(self._above >= self._rich, self._below >= self._rich)

    def extend(self, scores: Iterable[float]) -> None:
        """Take in many scores, in order; much faster than one by one.

        Raises
        ------
        ValueError: as for `add`.
        """
        values = as_scores(list(scores), (self._low, self._high), least=0)
        values = (values - self._low) / (self._high - self._low)
        start = 0
        while start < len(values):
            rows = min(_BLOCK, max(4, self._n), max(1, _CELLS // max(1, len(self._candidates))))
            self._take(values[start : start + rows])
            start += rows

    def interval(self) -> MeanInterval:
        """The interval at this look.

        Raises
        ------
        ValueError: there is no score yet.
        NoMeanLeft: every candidate has been excluded.
        """
        mean = self.mean
        lower, upper = self._ends
        if lower > upper:
            raise no_mean_left(self._n)
        span = self._high - self._low
        return MeanInterval(
            lower=self._low + span * lower,
            upper=self._low + span * upper,
            level=self._level,
            method="betting",
            n=self._n,
            mean=mean,
        )

    def copy(self) -> LiveMean:
        """A live mean that goes its own way from here."""
        twin = LiveMean(self._level, (self._low, self._high))
        twin._n, twin._sum, twin._squares = self._n, self._sum, self._squares
        twin._ends = self._ends
        twin._start(self._candidates.copy())
        twin._above, twin._below = self._above.copy(), self._below.copy()
        return twin

    def _start(self, candidates: Floats) -> None:
        self._candidates = candidates
        with np.errstate(divide="ignore"):
            self._most_above = 1 / (2 * candidates)
            self._most_below = 1 / (2 * (1 - candidates))
        self._above = np.ones_like(candidates)
        self._below = np.ones_like(candidates)

    def _stake(self, value: float) -> float:
        """The untruncated bet on this score, made before the score is known to the variance."""
        self._n = n = self._n + 1
        variance = (0.25 + self._squares) / n
        self._sum += value
        self._squares += (value - (0.5 + self._sum) / (n + 1)) ** 2
        return math.sqrt(self._log / (n * math.log1p(n) * variance))

    def _take(self, values: Floats) -> None:
        stakes = np.array([self._stake(value) for value in values.tolist()])[:, None]
        if not len(self._candidates):
            return
        distance = values[:, None] - self._candidates
        above = self._above * np.cumprod(1 + np.minimum(stakes, self._most_above) * distance, axis=0)
        below = self._below * np.cumprod(1 - np.minimum(stakes, self._most_below) * distance, axis=0)
        self._above, self._below = above[-1], below[-1]
        low = np.any(above >= self._rich, axis=0)
        high = np.any(below >= self._rich, axis=0)
        if low[1] or high[-2]:
            self._exclude(low, high)

    def _exclude(self, low: np.ndarray, high: np.ndarray) -> None:
        """Move the ends inward; the outermost candidates are the ends themselves, to see when they cross."""
        count = len(self._candidates)
        first = max(0, int(np.count_nonzero(low)) - 1)
        last = min(count - 1, count - int(np.count_nonzero(high)))
        if last <= first:
            self._ends, first, last = (1.0, 0.0), 0, -1
        else:
            self._ends = (float(self._candidates[first]), float(self._candidates[last]))
        above, below = self._above[first : last + 1].copy(), self._below[first : last + 1].copy()
        self._start(self._candidates[first : last + 1])
        self._above, self._below = above, below
