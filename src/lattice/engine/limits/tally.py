"""How many calls started when, over the last minute."""

from __future__ import annotations

_SLOTS_PER_SECOND = 16
_SLOTS = 1024

SPAN = 60.0
"""Seconds that a tally looks back."""


class Tally:
    """Counts of calls by the time they started, a sixteenth of a second apiece, in constant memory.

    A call that was refused is taken out again at its start, so that what is left is what was accepted, or
    will be.
    """

    __slots__ = ("_counts", "_stamps")

    def __init__(self) -> None:
        self._counts = [0] * _SLOTS
        self._stamps = [-1] * _SLOTS

    def add(self, at: float, count: int) -> None:
        """Add so many calls that started at that time; times older than the tally's span are forgotten."""
        stamp = int(at * _SLOTS_PER_SECOND)
        slot = stamp % _SLOTS
        if self._stamps[slot] != stamp:
            if self._stamps[slot] > stamp:
                return
            self._stamps[slot] = stamp
            self._counts[slot] = 0
        self._counts[slot] += count

    def total(self, since: float, until: float) -> int:
        """Calls started in between, to the accuracy of a slot; the first slot counts, the last does not."""
        first, last = int(since * _SLOTS_PER_SECOND), int(until * _SLOTS_PER_SECOND)
        pairs = zip(self._stamps, self._counts, strict=True)
        return sum(count for stamp, count in pairs if first <= stamp < last)

    def absorb(self, other: Tally) -> None:
        """Count another tally's calls too."""
        for stamp, count in zip(other._stamps, other._counts, strict=True):
            if stamp >= 0 and count:
                self.add(stamp / _SLOTS_PER_SECOND, count)
