"""The scores of one metric, taken in one at a time and kept small however many there are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lattice.stats import Summary, summarise

MOST_VALUES = 1024
_ALONE = -1

Floats = NDArray[np.float64]
Figures = Summary


class Clusters:
    """Numbers for the names of clusters; an input without one stands alone."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}

    def number(self, name: str | None) -> int:
        """The number of a cluster, the same each time."""
        return _ALONE if name is None else self._names.setdefault(name, len(self._names))


class Sample:
    """Scores on 0–1, one per input.

    While there are few different values only their counts are kept; beyond that, or once an input belongs to
    a cluster, the values themselves in compact arrays (8 bytes each).

    Parameters
    ----------
    clusters: numbering shared by the samples that `combined` is to put together.
    """

    def __init__(self, clusters: Clusters) -> None:
        self._numbering = clusters
        self._counts: Counter[float] | None = Counter()
        self._values = array("d")
        self._clusters: array[int] | None = None

    def add(self, score: float, cluster: str | None = None) -> None:
        """Take in one input's score."""
        if cluster is not None and self._clusters is None:
            self._spill()
            self._clusters = array("q", [_ALONE] * len(self._values))
        if self._clusters is not None:
            self._clusters.append(self._numbering.number(cluster))
        if self._counts is None:
            self._values.append(score)
            return
        self._counts[score] += 1
        if len(self._counts) > MOST_VALUES:
            self._spill()

    @property
    def clusters(self) -> array[int] | None:
        """Number of each score's cluster, in the order of `values`; None where no input has one."""
        return self._clusters

    def values(self) -> Floats:
        """All scores; ascending while only counts are kept."""
        if self._counts is None:
            return np.array(self._values, dtype=np.float64)
        levels = sorted(self._counts)
        return np.repeat(np.array(levels, dtype=np.float64), [self._counts[level] for level in levels])

    def counts(self) -> Iterable[tuple[float, int]]:
        """Different scores with how many there are of each."""
        if self._counts is not None:
            return self._counts.items()
        levels, counts = np.unique(self.values(), return_counts=True)
        return zip(levels.tolist(), counts.tolist(), strict=True)

    def _spill(self) -> None:
        for value, count in (self._counts or {}).items():
            self._values.extend([value] * count)
        self._counts = None


def combined(samples: Sequence[Sample], *, binary: bool = False) -> Figures:
    """Mean, interval, median, deviation and ends over samples; None wherever there is too little to say it.

    Parameters
    ----------
    binary: each score is 0 or 1.
    """
    values = [sample.values() for sample in samples]
    names: list[Hashable] | None = None
    if any(sample.clusters is not None for sample in samples):
        names = []
        for sample, scores in zip(samples, values, strict=True):
            numbers = sample.clusters or [_ALONE] * len(scores)
            names.extend(None if number == _ALONE else number for number in numbers)
    filled = [scores for scores in values if len(scores)]
    together = filled[0] if len(filled) == 1 else np.concatenate(values)
    return summarise(together, clusters=names, binary=binary)
