"""The queue of one model's calls."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass

from lattice.engine.limits.pool import Pool, Start


@dataclass(slots=True, eq=False)
class Waiter:
    """A call that waits to be started.

    Parameters
    ----------
    tokens: estimate of what it will use.
    refusals: how often the provider has refused it already.
    order: its place among all calls of the account.
    """

    future: asyncio.Future[Start]
    tokens: int
    refusals: int
    order: int

    @property
    def rank(self) -> tuple[bool, int]:
        """Refused calls before others, and each in the order of their coming."""
        return (self.refusals == 0, self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one call's headers said was left.

    Parameters
    ----------
    at: when the call started.
    calls: started in its pool by then.
    left, reset: as in `lattice.core.limits.Allowance`.
    """

    at: float
    calls: int
    left: int
    reset: float

    @property
    def total(self) -> int:
        """Calls started, and calls left."""
        return self.left + self.calls


class Lane:
    """One model's calls that wait, and the pool they draw on.

    Attributes
    ----------
    waiting: calls in the queues.
    refused_at: when a call was last refused.
    alone, first, lowest, last: what is known of sharing the pool with other models (see `sharing`).
    """

    __slots__ = (
        "_fresh",
        "_often",
        "_once",
        "alone",
        "first",
        "last",
        "lowest",
        "model",
        "pool",
        "refused_at",
        "waiting",
    )

    def __init__(self, model: str) -> None:
        self.model = model
        self.pool = Pool()
        self.waiting = 0
        self.refused_at = -math.inf
        self.alone = False
        self.first: Sight | None = None
        self.lowest: Sight | None = None
        self.last: Sight | None = None
        self._fresh: deque[Waiter] = deque()
        self._once: deque[Waiter] = deque()
        self._often: deque[Waiter] = deque()

    def head(self) -> Waiter | None:
        """Who goes next: refused calls first, and each in the order of their coming.

        While the limit's rate is being found out, calls that were refused more than once let others pass, and
        the one that finds out whether the limit accepts calls again is the one refused least, so that none
        uses up its attempts by finding out.
        """
        fresh, once = _first(self._fresh), _first(self._once)
        if self.pool.is_in_doubt:
            return fresh or once or self._least_refused()
        often = _first(self._often)
        if self.pool.is_exploring:
            return once or fresh or often
        return often or once or fresh

    def add(self, waiter: Waiter) -> None:
        """Put a call at the end of its queue."""
        self._queue(waiter).append(waiter)
        self.waiting += 1

    def remove(self, waiter: Waiter) -> None:
        """Take a call out that is about to start, or has been cancelled."""
        queue = self._queue(waiter)
        self.waiting -= 1
        if queue and queue[0] is waiter:
            queue.popleft()
        elif not self.waiting:
            queue.clear()
        elif not waiter.future.cancelled():
            queue.remove(waiter)

    def _queue(self, waiter: Waiter) -> deque[Waiter]:
        return self._fresh if not waiter.refusals else self._once if waiter.refusals == 1 else self._often

    def _least_refused(self) -> Waiter | None:
        live = (waiter for waiter in self._often if not waiter.future.done())
        return min(live, key=lambda waiter: waiter.refusals, default=None)


def _first(queue: deque[Waiter]) -> Waiter | None:
    """The first that has not been cancelled; cancelled ones are cleared away when their turn comes."""
    while queue and queue[0].future.cancelled():
        queue.popleft()
    return queue[0] if queue else None
