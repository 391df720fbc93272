"""An even pace: so many units a second, and what was left unused for a moment may be caught up."""

from __future__ import annotations

CATCH_UP = 0.75
"""Seconds' worth that may be caught up. A limit allows one second's worth above its rate; the rest is left
for calls that were sent apart and arrive together."""

HASTE = 2.0
"""While catching up, calls start at most this many times as fast as the rate, so that nothing comes as a
herd."""

EASED = 0.98
SLOWEST = 0.9
"""A known rate is reduced to this share of itself with every refusal, and never below that."""

_FLOCK = 0.005
"""Seconds within which calls may start together even so: the timers of an event loop are no finer."""


class Pace:
    """The generic cell rate algorithm (ITU-T I.371, virtual scheduling), with a second, faster one on top.

    In any window of w seconds at most ``rate · w + burst`` units start, where the burst is the larger of
    ``CATCH_UP`` seconds' worth and the largest single call.

    Parameters
    ----------
    rate: units a second.
    now: seconds on the clock; nothing has been used up before it.
    """

    __slots__ = ("_apart_at", "_full_at", "burst", "nominal", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = self.nominal = rate
        self.burst = max(1.0, CATCH_UP * rate)
        self._full_at = now
        self._apart_at = now

    def ready_at(self, units: float) -> float:
        """The time from which so many units may start; more than the burst wait until all of it is there."""
        level_at = self._full_at - (self.burst - min(units, self.burst)) / self.rate
        return max(self._apart_at, level_at)

    def take(self, units: float, now: float) -> None:
        """Start so many units; what is taken too early has to be waited for by what follows."""
        self._full_at = max(self._full_at, now) + units / self.rate
        self._apart_at = max(self._apart_at, now - _FLOCK) + min(units, self.burst) / (HASTE * self.rate)

    def correct(self, units: float) -> None:
        """Account for so many units more than were taken, or fewer if negative."""
        self._full_at += units / self.rate

    def level(self, now: float) -> float:
        """Units that may start at once; negative while more has been used than was there."""
        return self.burst - max(self._full_at - now, 0.0) * self.rate

    def lower(self, level: float, now: float) -> None:
        """Let no more than so many units start at once, since somebody who should know says that is all."""
        if level < self.level(now):
            self._full_at = now + (self.burst - level) / self.rate

    def change(self, rate: float, now: float) -> None:
        """Go on at another rate. Used units stay used, so a change never gives anything away."""
        used = max(self._full_at - now, 0.0) * self.rate
        burst = max(1.0, CATCH_UP * rate)
        used = max(used + burst - self.burst, 0.0)
        self.rate = self.nominal = rate
        self.burst = burst
        self._full_at = now + used / rate

    def ease(self, now: float) -> None:
        """Go a little slower, since calls were refused at this very pace: a limit that allows one call at a
        time has no room for calls that are sent at the right moment and arrive early."""
        nominal = self.nominal
        self.change(max(self.rate * EASED, nominal * SLOWEST), now)
        self.nominal = nominal
