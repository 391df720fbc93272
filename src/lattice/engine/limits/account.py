"""Everything that counts against one key of one provider: the queues of its models, and who goes next."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator

from lattice.core.evaluation import Limits
from lattice.core.limits import LimitHints
from lattice.engine.clock import Clock, Timer
from lattice.engine.limits import sharing
from lattice.engine.limits.lane import Lane, Waiter
from lattice.engine.limits.pace import Pace
from lattice.engine.limits.pool import Pool, Start, keep_to
from lattice.engine.limits.state import GateState, gate_state

_EARLIEST = 0.001
"""Seconds; event loops do not wake up more finely."""

_ROUNDING = 1e-9


class Account:
    """One provider and key: configured limits hold for all its calls, told and learned ones for each pool.

    Calls that wait are futures in the queues of their lanes. One timer per account wakes it when the next of
    them may start; there is none while nothing waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self._configured: list[Limits] = []
        self._requests: Pace | None = None
        self._tokens: Pace | None = None
        self._waiting = 0
        self._order = 0
        self._timer: Timer | None = None
        self._timer_at = math.inf

    def lane(self, model: str) -> Lane:
        """The queue of a model."""
        lane = self._lanes.get(model)
        if lane is None:
            lane = self._lanes[model] = Lane(model)
        return lane

    # Limits that a run was configured with

    def configure(self, limits: Limits) -> None:
        """Hold these limits too; the tightest of all holds."""
        self._configured.append(limits)
        self._tighten()

    def release(self, limits: Limits) -> None:
        """Hold these limits no longer."""
        self._configured.remove(limits)
        self._tighten()
        self.dispatch()

    def _tighten(self) -> None:
        now = self._clock.now()
        self._requests = _tightest(self._requests, [one.requests_per_minute for one in self._configured], now)
        self._tokens = _tightest(self._tokens, [one.tokens_per_minute for one in self._configured], now)

    # Starting calls

    def start(self, lane: Lane, tokens: int, refusals: int) -> Start | None:
        """Start a call at once if nothing waits and nothing limits; None where it has to `wait`."""
        if self._waiting:
            return None
        now = self._clock.now()
        pool = lane.pool
        if not pool.is_free or self._requests is not None or self._tokens is not None:
            pool.refresh(now)
            if max(pool.ready_at(tokens, refusals), self._ready_at(tokens)) > now + _ROUNDING:
                return None
        return self._take(lane, tokens, now, waited=False)

    async def wait(self, lane: Lane, tokens: int, refusals: int) -> Start:
        """Start a call when its turn has come. Cancelled, it leaves no trace."""
        future: asyncio.Future[Start] = asyncio.get_running_loop().create_future()
        self._order += 1
        waiter = Waiter(future=future, tokens=tokens, refusals=refusals, order=self._order)
        lane.add(waiter)
        self._waiting += 1
        self.dispatch()
        try:
            return await future
        except asyncio.CancelledError:
            self._give_up(lane, waiter)
            raise

    def _give_up(self, lane: Lane, waiter: Waiter) -> None:
        if waiter.future.done() and not waiter.future.cancelled():
            start = waiter.future.result()
            start.pool.undo(start, waiter.tokens)
            for pace, units in ((self._requests, 1), (self._tokens, waiter.tokens)):
                if pace is not None:
                    pace.correct(-units)
        else:
            lane.remove(waiter)
            self._waiting -= 1
        self.dispatch()

    def dispatch(self) -> None:
        """Start every call whose turn has come, and set the timer for the next one."""
        if not self._waiting:
            self._set_timer(math.inf)
            return
        now = self._clock.now()
        for lane in self._lanes.values():
            if lane.waiting:
                lane.pool.refresh(now)
        when = 0.0
        while self._waiting and (when := self._start_next(now)) <= now + _ROUNDING:
            pass
        self._set_timer(when if self._waiting else math.inf)

    def _start_next(self, now: float) -> float:
        """Start the call whose turn it is, or say when it is somebody's turn."""
        earliest = math.inf
        blocked: list[Pool] = []
        for lane, waiter in self._heads():
            if lane.pool in blocked:
                continue
            when = lane.pool.ready_at(waiter.tokens, waiter.refusals)
            if when <= now + _ROUNDING:
                shared = self._ready_at(waiter.tokens)
                if shared > now + _ROUNDING:
                    return min(earliest, shared)
                lane.remove(waiter)
                self._waiting -= 1
                waiter.future.set_result(self._take(lane, waiter.tokens, now, waited=True))
                return now
            blocked.append(lane.pool)
            earliest = min(earliest, when)
        return earliest

    def _heads(self) -> Iterator[tuple[Lane, Waiter]]:
        heads = [(lane, head) for lane in self._lanes.values() if lane.waiting and (head := lane.head())]
        if len(heads) > 1:
            heads.sort(key=lambda pair: pair[1].rank)
        return iter(heads)

    def _ready_at(self, tokens: int) -> float:
        when = -math.inf
        if self._requests is not None:
            when = self._requests.ready_at(1.0)
        if self._tokens is not None:
            when = max(when, self._tokens.ready_at(tokens))
        return when

    def _take(self, lane: Lane, tokens: int, now: float, *, waited: bool) -> Start:
        if self._requests is not None:
            self._requests.take(1.0, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)
        return lane.pool.start(tokens, now, waited=waited)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            if when >= self._timer_at and when < math.inf:
                return
            self._timer.cancel()
            self._timer = None
        if when < math.inf:
            self._timer_at = when
            self._timer = self._clock.call_later(max(when - self._clock.now(), _EARLIEST), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.dispatch()

    # Calls that have ended

    def succeeded(self, lane: Lane, start: Start, more_tokens: int, hints: LimitHints | None) -> None:
        """A call has succeeded, and used so many tokens more than was estimated."""
        pool = start.pool
        pool.ceiling.succeeded(pool.in_flight)
        pool.end()
        pool.accepted(start)
        if more_tokens:
            self._correct_tokens(pool, more_tokens)
        self._after(lane, start, hints)

    def failed(self, lane: Lane, start: Start, hints: LimitHints | None) -> None:
        """A call has failed without having been refused."""
        start.pool.end()
        start.pool.accepted(start)
        self._after(lane, start, hints)

    def refused(
        self, lane: Lane, start: Start, tokens: int, retry_after: float | None, hints: LimitHints | None
    ) -> float:
        """A call was refused; seconds until calls to this limit are made again."""
        now = self._clock.now()
        self._correct_tokens(start.pool, -tokens)
        if hints is not None:
            sharing.told(lane, self._lanes.values(), hints, start, now)
        lane.pool.refused(start, retry_after, hints, self._requests, now)
        start.pool.end()
        sharing.refused(lane, self._lanes.values(), now)
        self.dispatch()
        return max(lane.pool.paused_until - now, 0.0)

    def _after(self, lane: Lane, start: Start, hints: LimitHints | None) -> None:
        if hints is not None:
            sharing.told(lane, self._lanes.values(), hints, start, self._clock.now())
        if self._waiting:
            self.dispatch()

    def _correct_tokens(self, pool: Pool, tokens: int) -> None:
        for pace in (self._tokens, pool.tokens):
            if pace is not None:
                pace.correct(tokens)

    # What faces show

    def states(self, provider: str) -> Iterator[GateState]:
        """How each model's calls stand."""
        now = self._clock.now()
        for lane in self._lanes.values():
            yield gate_state(provider, lane, self._requests, self._tokens, now)


def _tightest(pace: Pace | None, limits: list[int | None], now: float) -> Pace | None:
    given = [limit for limit in limits if limit is not None]
    if not given:
        return None
    rate = min(given) / 60.0
    return keep_to(rate, pace, now)
