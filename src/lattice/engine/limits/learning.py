"""A rate learned from refusals, where nobody says what the limit is.

A limit lets calls through at its own rate while it is full: between two refusals exactly as many calls are
accepted as the limit had to give in that time. So the rate is counted, not guessed: calls accepted from the
first refusal of one *episode* (refusals of calls that were started before anyone knew) to the first of the
next, over the time in between. The pace follows that count, then rises a little faster every second until the
next refusal, which gives the next count. This is additive increase and multiplicative decrease (Chiu and
Jain, 1989), with the decrease measured.

Before there are two episodes, the rate is taken from what was accepted around the first one: any limit that
allows r·w and one second's worth in every window w has shown at least ``accepted / (w + 1)``, so the largest
of these over several w is a lower bound, and a close one where the limit was used up. From there the pace
rises quickly. A count made while the limit was not in full use is too low, which shows when calls are refused at
a much faster pace; the pace then rises towards that one. Now and then twice the rate is tried for a moment, so
that refusals that have nothing to do with the pace do not bring it down for good.
"""

from __future__ import annotations

import math
from collections import deque

from lattice.engine.limits.pace import Pace
from lattice.engine.limits.tally import SPAN, Tally

SEARCHING = 0.25
"""Rise of the pace per second, as a share of it, until the rate has been counted."""

PROBING = 0.005
"""The same afterwards: just enough to notice that there is more."""

_DOUBLED_AFTER = 20.0
"""Seconds without a refusal after which the pace rises twice as fast, and so on."""

_STEEPEST = 0.5

_LONGEST_STEP = 0.1
"""Seconds of probing that a single call can stand for, so that a slow limit is not probed with every call."""

_WINDOWS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before the first refusal over which the first estimate looks."""

_COUNTED = 20
"""Accepted calls that make a count good to a few percent."""

_SLOW = 3.0
"""Calls a second, below which a limit holds too few calls to give back what was not taken in time."""

_FAR = 1.25
"""Ratio of the pace at which a call was refused to the count, from which on the count is known to be too low:
the limit was not in full use all the time."""

_LOWERED = 0.85
"""What is left of the pace at which calls were refused, as an aim, when refusals follow each other
closely."""

_TRIED = 2.0
_TRIED_EVERY = 3
"""With every third episode twice the rate is tried, for one second's worth and a few calls more. A limit of
that rate cannot let them all through. If they pass, calls were refused for another reason, or the limit has
been raised."""

_CUT = 0.97
"""Taken off the count when refusals follow each other too closely for it to be exact."""

_CHANGED = 0.2
"""Relative difference between the latest count and the long one that means that the limit itself has
changed."""

_STRAY = 0.25
"""Share of refused calls up to which an episode says nothing about a limit that was not known before."""


class RateLearner:
    """Learns one limit's rate of calls.

    Attributes
    ----------
    pace: the learned pace, None as long as nothing had to be learned.
    """

    __slots__ = (
        "_aim",
        "_episodes",
        "_first",
        "_marks",
        "_noticed",
        "_paced_at",
        "_refused",
        "_rise",
        "_since",
        "_trial",
        "pace",
        "tally",
    )

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self.tally = Tally()
        self._marks: deque[float] = deque()
        self._noticed = float("-inf")
        self._first = 0.0
        self._refused = 0
        self._rise = SEARCHING
        self._aim = 0.0
        self._trial = 0
        self._episodes = 0
        self._since = 0.0
        self._paced_at = 0.0

    def refused(self, issued_at: float, now: float) -> bool:
        """Note a refusal of a call started at `issued_at`; whether it opens an episode."""
        self.tally.add(issued_at, -1)
        if issued_at <= self._noticed:
            self._refused += 1
            return False
        self._noticed = now
        self._first = issued_at
        self._refused = 1
        if self.pace is not None:
            self.pace.lower(0.0, now)
        return True

    @property
    def is_exploring(self) -> bool:
        """Whether the pace may be well above the rate, to find out how high that is."""
        pace = self.pace
        return pace is not None and (self._trial > 0 or self._rise == SEARCHING or pace.rate < self._aim)

    @property
    def is_ignorant(self) -> bool:
        """Whether the refusal of a call that was alone is all there is: others have used the limit up, and how fast
        it gives is not known.
        """
        alone = self._refused == 1 and self.pace is None
        return alone and not self.tally.total(self._first - SPAN, self._noticed)

    def resumed(self, now: float, *, closed: bool) -> None:
        """Settle the pace after an episode, when calls are started again.

        Parameters
        ----------
        closed: calls were refused again after waiting, so the time that passed says little about the rate.
        """
        if self.pace is None:
            if self._is_stray() or self.is_ignorant:
                return
            self.pace = Pace(self._first_estimate(now), now)
            self.pace.lower(1.0, now)
            self._rise = SEARCHING
        else:
            self._lower(self.pace, now, closed=closed)
        self._marks.append(self._first)
        self._since = now
        self._paced_at = now

    def _lower(self, pace: Pace, now: float, *, closed: bool) -> None:
        if self._trial:
            self._trial = 0
            pace.change(pace.rate / _TRIED, now)
            return
        refused_at = pace.rate
        rate, counted, calls = self._count(refused_at)
        self._aim = 0.0
        if closed:
            rate = max(rate, refused_at / 2)
        elif refused_at < _SLOW or refused_at > _FAR * rate:
            self._aim = refused_at if calls >= _COUNTED else refused_at * _LOWERED
            rate = min(rate, self._aim)
            counted = True
        elif calls < _COUNTED:
            rate *= _CUT
        self._rise = PROBING if counted and not closed else SEARCHING
        self._episodes += 1
        if self._episodes % _TRIED_EVERY == 0 and not closed:
            self._trial = int(_TRIED * max(rate, 1.0)) + 4
            rate *= _TRIED
        pace.change(rate, now)

    def paced(self, now: float) -> None:
        """A call has waited for its start: the pace is in full use, and rises."""
        pace = self.pace
        if pace is None:
            return
        passed = min(now - self._paced_at, 2.0 / pace.rate)
        self._paced_at = now
        if self._trial:
            self._trial -= 1
            if not self._trial:
                self._marks = deque([now])
                self._rise, self._aim, self._since = SEARCHING, 0.0, now
            return
        pace.change(pace.rate * (1.0 + self._steepness(pace.rate, now) * passed), now)

    def _steepness(self, rate: float, now: float) -> float:
        """Rise per second, as a share of the rate."""
        steepness = min(self._rise * math.exp2((now - self._since) / _DOUBLED_AFTER), _STEEPEST)
        if self._rise == PROBING:
            steepness *= min(1.0, _LONGEST_STEP * rate)
        return max(steepness, SEARCHING * (1.0 - rate / self._aim)) if self._aim else steepness

    def absorb(self, other: RateLearner, now: float) -> None:
        """Learn on for two that turned out to be one: what either got is what both have together."""
        self.tally.absorb(other.tally)
        self._noticed = max(self._noticed, other._noticed)
        if other.pace is None:
            return
        if self.pace is None:
            self.pace, self._rise, self._since = other.pace, other._rise, other._since
            self._marks = other._marks
        else:
            self.pace.change(self.pace.rate + other.pace.rate, now)
            self._marks = deque([max(self._marks[0], other._marks[0])])

    def _is_stray(self) -> bool:
        accepted = self.tally.total(self._first, self._noticed)
        return self._refused / (self._refused + max(accepted, 0)) <= _STRAY

    def _first_estimate(self, now: float) -> float:
        passed = now - self._first
        seen = (self.tally.total(self._first - window, now + 0.1) / (window + max(passed, 1.0)) for window in _WINDOWS)
        return max(*seen, 1.0 / max(passed, 1.0))

    def _count(self, pace: float) -> tuple[float, bool, int]:
        """The rate counted between refusals, whether enough calls stand behind it, and the latest calls."""
        while len(self._marks) > 1 and self._first - self._marks[0] > SPAN:
            self._marks.popleft()
        rate, calls = self._between(self._marks[0], pace)
        latest, latest_calls = self._between(self._marks[-1], pace)
        if latest_calls >= _COUNTED and abs(latest / rate - 1.0) > _CHANGED:
            self._marks = deque([self._marks[-1]])
            return latest, True, latest_calls
        return rate, calls >= _COUNTED, latest_calls

    def _between(self, mark: float, pace: float) -> tuple[float, int]:
        start = max(mark, self._first - SPAN)
        passed = max(self._first - start, 0.0)
        calls = max(self.tally.total(start, self._first), 0)
        believed = 2.0
        return (calls + believed) / (passed + believed / (0.7 * pace)), calls
