"""How many inputs have which two scores, as a small table whose cells lead to these inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lattice.reporting import formats
from lattice.service.side_by_side import Pairs, Span

MOST_LEVELS = 11
PARTS = 5
_DECIMALS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A score, or a part of the scale where there are many different ones."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Counts of inputs.

    Parameters
    ----------
    levels: from the lowest.
    counts: by the baseline's level, then by the candidate's.
    """

    levels: tuple[Level, ...]
    counts: tuple[tuple[int, ...], ...]


def regions_of(pairs: Pairs) -> Regions:
    """The inputs that have both scores, by these."""
    both = ~np.isnan(pairs.differences)
    before, after = (np.round(each[both], _DECIMALS) for each in (pairs.baseline, pairs.candidate))
    values = np.unique(np.concatenate((before, after)))
    if len(values) <= MOST_LEVELS:
        levels = [
            Level(name=formats.score(float(each)), span=Span(low=float(each), high=float(each))) for each in values
        ]
        rows, columns = (np.searchsorted(values, each) for each in (before, after))
    else:
        levels = [_part(place) for place in range(PARTS)]
        rows, columns = (np.minimum((each * PARTS + 1e-9).astype(int), PARTS - 1) for each in (before, after))
    counts = np.zeros((len(levels), len(levels)), dtype=int)
    np.add.at(counts, (rows, columns), 1)
    return Regions(levels=tuple(levels), counts=tuple(tuple(row) for row in counts.tolist()))


def _part(place: int) -> Level:
    low, high = place / PARTS, (place + 1) / PARTS
    # An edge belongs to the upper part, and 1 to the last.
    end = high if place == PARTS - 1 else high - 1e-8
    return Level(name=f"{low:.1f}–{high:.1f}", span=Span(low=low, high=end))
