"""One rate limit as far as it is known: what was told, what was learned, and whether it asks for a pause."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lattice.core.limits import Allowance, LimitHints
from lattice.engine.limits.concurrency import Ceiling
from lattice.engine.limits.learning import RateLearner
from lattice.engine.limits.pace import Pace

FIRST_PAUSE = 1.0
"""Seconds to pause after a refusal, where nothing is known about the limit: as long as a burst lasts."""

_SHORTEST_PAUSE = 0.3
"""Seconds to pause for a limit whose rate has been learned."""

_PATIENCE = (0.0, 0.0, 8.0, 60.0)
"""Seconds between the last refusal and a probe, by how often the call that probes has been refused itself.
With three retries it then stands a whole minute, as long as any limit per minute needs to be whole again."""

_SLOW = 2.0
"""Calls a second, below which a limit holds one or two calls, so that they must not come early at all."""

_CARE = 2.5
"""Calls' worth of a learned pace that a call refused more than once keeps from the one before it."""

_MINUTE_BUCKET = 58.0
"""A budget that is used up and whole again no sooner than this many seconds refills evenly, as one of a
minute's worth does. One that is whole earlier, but not within `_EVEN`, starts anew at that time."""
_EVEN = 2.5

_ROUNDED = 0.5
"""Units; what is left is told in whole numbers, rounded down."""


@dataclass(slots=True)
class Start:
    """A call that was started: when, and how much had been started in its pool by then, itself included."""

    pool: Pool
    at: float
    calls: int
    tokens: int


class Pool:
    """One limit that one or several models share.

    Attributes
    ----------
    requests, tokens: paces that headers have told, None where they have not.
    learner: the pace learned from refusals.
    in_flight: calls started and not ended.
    paused_until: nothing starts before.
    told_pause: seconds the provider asked to wait for this pause, None if it is our own.
    """

    def __init__(self) -> None:
        self.requests: Pace | None = None
        self.tokens: Pace | None = None
        self.learner = RateLearner()
        self.ceiling = Ceiling()
        self.in_flight = 0
        self.paused_until = -math.inf
        self.told_pause: float | None = None
        self.limit: int | None = None
        self.calls = 0
        self._token_count = 0
        self._greeted = False
        self._stopped = False
        self._doubted = False
        self._probe_until: float | None = None
        self._episode_at = -math.inf
        self._troubles = 0
        self._started_at = -math.inf
        self._healed = True
        self._forgiven = False
        self._proof_at: float | None = None
        self._refusal_latency = 0.25

    @property
    def is_free(self) -> bool:
        """Whether nothing is known that could hold a call back."""
        return (
            self._greeted
            and self.requests is None
            and self.tokens is None
            and self.learner.pace is None
            and not self._stopped
            and self.ceiling.limit == math.inf
            and self.paused_until == -math.inf
        )

    @property
    def is_known(self) -> bool:
        """Whether any call has ended, so that headers, if there are any, have been seen."""
        return self._greeted

    @property
    def is_in_doubt(self) -> bool:
        """Whether calls go one at a time, to find out whether they are accepted again."""
        return self._doubted

    @property
    def is_exploring(self) -> bool:
        """Whether calls may be refused because the limit's rate is being found out."""
        return self.learner.is_exploring

    def ready_at(self, tokens: int, refusals: int) -> float:
        """When a call of so many tokens may start; infinite if that depends on another call's end."""
        if self.in_flight and not self._greeted:
            return math.inf
        if self.ceiling.is_reached(self.in_flight):
            return math.inf
        when = self.paused_until
        if self._doubted:
            patience = _PATIENCE[min(refusals, len(_PATIENCE) - 1)]
            when = max(when, self._episode_at + patience, self._probe_until or when)
        if self.requests is not None:
            when = max(when, self.requests.ready_at(1.0))
        if self.learner.pace is not None:
            when = max(when, self.learner.pace.ready_at(1.0))
            if refusals > 1:
                when = max(when, self._started_at + _CARE / self.learner.pace.rate)
        if self.tokens is not None:
            when = max(when, self.tokens.ready_at(tokens))
        return when

    def refresh(self, now: float) -> None:
        """Take note of the time: a pause that has ended, a probe that was not refused in time."""
        if not self._stopped or now < self.paused_until:
            return
        if not self._doubted or (self._probe_until is not None and now >= self._probe_until):
            self._resume(now)

    def start(self, tokens: int, now: float, *, waited: bool) -> Start:
        """Count a call that starts now."""
        self.in_flight += 1
        self.calls += 1
        self._token_count += tokens
        self._started_at = now
        start = Start(pool=self, at=now, calls=self.calls, tokens=self._token_count)
        if self._proof_at is None:
            self._proof_at = now
        self.learner.tally.add(now, 1)
        if self.requests is not None:
            self.requests.take(1.0, now)
        if self.tokens is not None:
            self.tokens.take(tokens, now)
        if self.learner.pace is not None:
            if waited:
                self.learner.paced(now)
            self.learner.pace.take(1.0, now)
        if self._doubted:
            self._probe_until = now + max(0.5, 2.0 * self._refusal_latency)
        return start

    def undo(self, start: Start, tokens: int) -> None:
        """Forget a call that was never made."""
        self.in_flight -= 1
        self.learner.tally.add(start.at, -1)
        for pace, units in ((self.requests, 1), (self.learner.pace, 1), (self.tokens, tokens)):
            if pace is not None:
                pace.correct(-units)
        if self._doubted:
            self._probe_until = None

    def end(self) -> None:
        """Count a call that has ended, whatever came of it."""
        self.in_flight -= 1
        self._greeted = True

    def greet(self) -> None:
        """Take it that headers have been seen."""
        self._greeted = True

    def accepted(self, start: Start) -> None:
        """A call that was started then has not been refused."""
        if self._doubted and self._probe_until is not None and start.at >= self.paused_until:
            self._resume(max(start.at, self.paused_until))
        if start.at >= self.paused_until:
            self._healed = True

    def refused(
        self, start: Start, retry_after: float | None, hints: LimitHints | None, configured: Pace | None, now: float
    ) -> None:
        """A call was refused: everyone who shares the limit pauses.

        Parameters
        ----------
        configured: the pace that holds for the whole account, if any.
        """
        self._refusal_latency = max(now - start.at, 0.9 * self._refusal_latency)
        told = retry_after if retry_after is not None else _reset(hints)
        if not self.learner.refused(start.at, now):
            if retry_after is not None:
                self._pause(retry_after, now, told=retry_after)
            return
        self._troubles = 0 if self._has_healed(start, now) else self._troubles + 1
        self._healed = False
        self._episode_at = now
        learned = self.learner.pace
        known = self._blamed(hints) or configured
        self._forgiven = known is not None and learned is None and self._troubles == 0
        if known is not None:
            known.lower(0.0, now)
            known.ease(now)
        pace = learned or known
        if told is None and pace is None:
            self.ceiling.cut(self.in_flight)
        nothing_known = pace is None and (told is None or self.learner.is_ignorant)
        self._doubted = self._troubles > 0 or nothing_known
        self._probe_until = self._proof_at = None
        self._stopped = True
        self._pause(told if told is not None else self._own_pause(pace), now, told=retry_after)

    def _blamed(self, hints: LimitHints | None) -> Pace | None:
        """Which told pace was too fast for a call to be accepted."""
        used_up = hints is not None and hints.tokens is not None and hints.tokens.remaining == 0
        return self.tokens if used_up or self.requests is None else self.requests

    def _has_healed(self, start: Start, now: float) -> bool:
        """Whether calls were accepted since the last pause, or would have been refused by now."""
        if self._healed or self._proof_at is None:
            return self._healed
        return start.at > self._proof_at and now - self._proof_at > self._refusal_latency

    def _own_pause(self, pace: Pace | None) -> float:
        first = FIRST_PAUSE if pace is None else max(1.05 / pace.rate, _SHORTEST_PAUSE)
        return min(first * 2.0 ** min(self._troubles, 10), 60.0)

    def _pause(self, seconds: float, now: float, *, told: float | None) -> None:
        until = now + seconds
        if until > self.paused_until:
            self.paused_until = until
            self.told_pause = told

    def _resume(self, now: float) -> None:
        if not self._forgiven:
            self.learner.resumed(now, closed=self._troubles > 0)
        self._stopped = self._doubted = False
        self._probe_until = None

    def absorb(self, other: Pool, now: float) -> None:
        """Go on for two that turned out to be one."""
        self.learner.absorb(other.learner, now)
        if other.paused_until > self.paused_until:
            self.paused_until, self.told_pause = other.paused_until, other.told_pause

    def tell(self, hints: LimitHints, start: Start | None, now: float) -> None:
        """Adopt what headers say; `start` is None where the call belongs to another pool by now."""
        if hints.requests is not None:
            first = self.requests is None
            self.requests = _adopt(hints.requests, self.requests, now)
            if first and self.requests is not None:
                recent = self.learner.tally.total(now - 1.0, now + 1.0)
                self.requests.lower(self.requests.burst - recent, now)
            self.limit = hints.requests.limit or self.limit
            if start is not None:
                self._follow(self.requests, hints.requests, start.at, self.calls - start.calls, now)
        if hints.tokens is not None:
            self.tokens = _adopt(hints.tokens, self.tokens, now)
            if start is not None:
                self._follow(self.tokens, hints.tokens, start.at, self._token_count - start.tokens, now)

    def _follow(self, pace: Pace | None, told: Allowance, since: float, used: int, now: float) -> None:
        """Come down to what the provider says is left, less what has been started since it said so."""
        if told.remaining is None:
            return
        left = told.remaining - used
        if pace is not None:
            pace.lower(left + _ROUNDED + pace.rate * (now - since), now)
        if left <= 0 and told.reset is not None and _EVEN < told.reset < _MINUTE_BUCKET:
            self._pause(told.reset, now, told=told.reset)


def keep_to(rate: float, pace: Pace | None, now: float) -> Pace:
    """The pace of a limit that was told or configured; `pace` is the one kept so far."""
    if pace is not None and pace.nominal == rate:
        return pace
    if pace is None:
        pace = Pace(rate, now)
    else:
        pace.change(rate, now)
    if rate < _SLOW:
        pace.ease(now)
    return pace


def _adopt(told: Allowance, pace: Pace | None, now: float) -> Pace | None:
    """The pace that headers tell, if they tell one."""
    return keep_to(told.limit / 60.0, pace, now) if told.limit else pace


def _reset(hints: LimitHints | None) -> float | None:
    """Seconds until a budget that is used up is whole again, if that is told and worth waiting for."""
    if hints is None:
        return None
    resets = [
        allowance.reset
        for allowance in (hints.requests, hints.tokens)
        if allowance is not None and allowance.remaining == 0 and allowance.reset is not None
    ]
    return max((reset for reset in resets if reset < _MINUTE_BUCKET), default=None)
