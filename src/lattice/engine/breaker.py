"""Notices that nothing works any more. Pure: it is told outcomes and times, and says what follows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from lattice.core.errors import ErrorKind
from lattice.core.trials import Failure, Step

SOLO_TRIALS = 3
MIN_WINDOW = 20
FIRST_PROBE = 5.0
LONGEST_PROBE = 120.0


@dataclass(frozen=True, slots=True)
class Cause:
    """What failures have in common."""

    step: Step
    kind: ErrorKind


class BreakerState(StrEnum):
    """Whether trials may start."""

    CLOSED = "closed"
    PAUSED = "paused"
    TRIPPED = "tripped"


class Breaker:
    """Watches the last trials of a run.

    When all of them (at least 20 and twice `max_concurrent`) failed for one permanent cause, the run is to fail
    (*tripped*), unless `permanent` is off: a session that only repeats failed trials expects them to fail alike.
    When they all failed for transient causes it is *paused*: one trial at growing intervals probes
    whether things work again, and after `give_up_after` seconds of that the run is to fail too.
    """

    def __init__(self, *, max_concurrent: int, give_up_after: float, permanent: bool = True) -> None:
        self._recent: deque[Cause] = deque(maxlen=max(MIN_WINDOW, 2 * max_concurrent))
        self._give_up_after = give_up_after
        self._permanent = permanent
        self._paused_at: float | None = None
        self._interval = FIRST_PROBE
        self._next_probe = 0.0
        self.last: Failure | None = None
        self.state = BreakerState.CLOSED

    @property
    def is_paused(self) -> bool:
        """Whether only probes may start."""
        return self.state is BreakerState.PAUSED

    def succeeded(self) -> None:
        """A trial was scored: whatever was wrong is over."""
        self._recent.clear()
        self._paused_at = None
        self._interval = FIRST_PROBE
        if self.state is BreakerState.PAUSED:
            self.state = BreakerState.CLOSED

    def failed(self, failure: Failure, *, now: float) -> None:
        """A trial failed at `now` (monotonic seconds)."""
        self.last = failure
        self._recent.append(Cause(failure.step, failure.kind))
        if self.state is BreakerState.PAUSED:
            self._probe_failed(now)
        elif len(self._recent) == self._recent.maxlen:
            self._judge(now)

    def _judge(self, now: float) -> None:
        causes = set(self._recent)
        if all(cause.kind.is_transient for cause in causes):
            self.state = BreakerState.PAUSED
            self._paused_at = now
            self._next_probe = now + self._interval
        elif len(causes) == 1 and self._permanent:
            self.state = BreakerState.TRIPPED

    def _probe_failed(self, now: float) -> None:
        if self._paused_at is not None and now - self._paused_at >= self._give_up_after:
            self.state = BreakerState.TRIPPED
            return
        if now >= self._next_probe:
            self._interval = min(2 * self._interval, LONGEST_PROBE)
            self._next_probe = now + self._interval

    def until_probe(self, *, now: float) -> float:
        """Seconds until the next probe may start; the last one comes when it is time to give up."""
        if self._paused_at is None:
            return 0.0
        return max(0.0, min(self._next_probe, self._paused_at + self._give_up_after) - now)
