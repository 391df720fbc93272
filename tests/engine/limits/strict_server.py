"""A provider with a rate limit in virtual time, and calls that are made as the engine makes them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Protocol

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Limits, Retries
from lattice.core.limits import Allowance, LimitHints, LimitKey
from lattice.engine.clock import Clock
from lattice.engine.limits import Limiter
from lattice.engine.retry import Again, decide


class Budget(Protocol):
    """A rate limit as a server keeps it."""

    per_minute: int

    def take(self, now: float) -> float:
        """0.0 for a call that passes, else seconds until one would."""

    def standing(self, now: float) -> Allowance: ...


class EvenBudget:
    """Refills evenly and holds one second's worth, or as much as `seconds` are worth."""

    def __init__(self, per_minute: int, seconds: float = 1.0) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / 60.0
        self._holds = max(seconds, 1.0 / self._rate)
        self._whole_at = 0.0

    def take(self, now: float, units: int = 1) -> float:
        worth = units / self._rate
        wait = max(self._whole_at - now, 0.0) + min(worth, self._holds) - self._holds
        if wait > 1e-6:
            return wait
        self._whole_at = max(self._whole_at, now) + worth
        return 0.0

    def standing(self, now: float) -> Allowance:
        debt = max(self._whole_at - now, 0.0)
        left = math.floor((self._holds - debt) * self._rate + 1e-6)
        return Allowance(limit=self.per_minute, remaining=max(left, 0), reset=debt)


class MinuteBudget:
    """Starts anew every minute, some seconds after the first call."""

    def __init__(self, per_minute: int, offset: float = 0.0) -> None:
        self.per_minute = per_minute
        self._offset = offset
        self._minute = -1
        self._left = per_minute

    def _renew(self, now: float) -> float:
        minute, passed = divmod(now - self._offset, 60.0)
        if minute != self._minute:
            self._minute, self._left = int(minute), self.per_minute
        return 60.0 - passed

    def take(self, now: float) -> float:
        reset = self._renew(now)
        if self._left <= 0:
            return reset
        self._left -= 1
        return 0.0

    def standing(self, now: float) -> Allowance:
        reset = self._renew(now)
        return Allowance(limit=self.per_minute, remaining=self._left, reset=reset)


class UsedUp:
    """Somebody else has used it up, for so many seconds after the first call."""

    def __init__(self, seconds: float, after: Budget) -> None:
        self.per_minute = after.per_minute
        self._seconds = seconds
        self._after = after
        self._until: float | None = None

    def take(self, now: float) -> float:
        if self._until is None:
            self._until = now + self._seconds
        return self._until - now if now < self._until else self._after.take(now)

    def standing(self, now: float) -> Allowance:
        return self._after.standing(now)


class StrayRefusals:
    """Refuses a share of all calls, by chance, whatever the pace."""

    per_minute = 0

    def __init__(self, share: float, random: Random) -> None:
        self._share = share
        self._random = random

    def take(self, now: float) -> float:
        return 1.0 if self._random.random() < self._share else 0.0

    def standing(self, now: float) -> Allowance:
        return Allowance()


class Tells(Enum):
    """What a server says about its limit."""

    HEADERS = "headers"
    RETRY_AFTER = "retry-after"
    NOTHING = "nothing"


@dataclass(slots=True)
class Server:
    """Answers after a while; refuses sooner.

    Parameters
    ----------
    budgets: by model; "" for all others together.
    latency: seconds, lowest and highest.
    transit: seconds, the longest a call takes to get there.
    most_at_once: calls it works on at a time; more are refused.
    """

    budgets: dict[str, Budget]
    tells: Tells
    clock: Clock
    random: Random
    latency: tuple[float, float] = (0.05, 0.3)
    refusal_latency: tuple[float, float] = (0.02, 0.1)
    transit: float = 0.02
    most_at_once: float = math.inf
    working: int = 0
    calls: int = 0
    refusals: int = 0
    tokens: EvenBudget | None = None
    accepted: list[float] = field(default_factory=list)

    async def answer(self, model: str, used: int) -> LimitHints | None:
        await self.clock.sleep(self.random.uniform(0.0, self.transit))
        now = self.clock.now()
        self.calls += 1
        budget = self.budgets.get(model) or self.budgets.get("")
        wait = 1.0 if self.working >= self.most_at_once else budget.take(now) if budget else 0.0
        if self.tokens is not None and not wait:
            wait = self.tokens.take(now, used)
        hints = self._hints(budget, now) if self.tells is Tells.HEADERS else None
        if wait:
            self.refusals += 1
            await self.clock.sleep(self.random.uniform(*self.refusal_latency))
            told = None if self.tells is Tells.NOTHING else float(max(1, math.ceil(wait)))
            raise CallError(ErrorKind.RATE_LIMIT, "rate limit exceeded", retry_after=told, limits=hints)
        self.accepted.append(now)
        self.working += 1
        try:
            await self.clock.sleep(self.random.uniform(*self.latency))
        finally:
            self.working -= 1
        return hints

    def _hints(self, budget: Budget | None, now: float) -> LimitHints:
        return LimitHints(
            requests=budget.standing(now) if budget else None,
            tokens=self.tokens.standing(now) if self.tokens else None,
        )


@dataclass(slots=True)
class Outcome:
    """What became of a run's calls."""

    calls: int
    elapsed: float
    sent: int
    refused: int
    most_refusals: int
    lost: int

    def over_ideal(self, per_minute: int) -> float:
        """Elapsed time over the least that a limit allows."""
        rate = per_minute / 60.0
        return self.elapsed / (self.calls / rate - 1.0)

    @property
    def refused_share(self) -> float:
        return self.refused / self.sent


@dataclass(slots=True)
class Load:
    """A run: trials of one call to each model, so many at once, the first one alone."""

    trials: int
    models: Sequence[str] = ("target", "judge")
    at_once: int = 32
    limits: Limits | None = None
    sleeps: bool = False
    tokens: int = 100
    refusals: list[int] = field(default_factory=list)
    lost: int = 0

    async def run(self, server: Server, limiter: Limiter) -> None:
        if self.limits is not None:
            limiter.configure("sim", "key", self.limits)
        left = iter(range(self.trials))
        await self._work(server, limiter, iter([next(left)]))
        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(self._work(server, limiter, left))

    async def _work(self, server: Server, limiter: Limiter, left: Iterator[int]) -> None:
        for _ in left:
            for model in self.models:
                await self._call(server, limiter, model)

    async def _call(self, server: Server, limiter: Limiter, model: str) -> None:
        key = LimitKey(provider="sim", account="key", model=model)
        refusals = 0
        while True:
            permit = await limiter.acquire(key, self.tokens, refusals=refusals)
            used = round(self.tokens * server.random.uniform(0.5, 1.5))
            try:
                hints = await server.answer(model, used)
            except CallError as error:
                refusals += 1
                permit.refused(error.retry_after, error.limits)
                decision = decide(
                    error.kind, refusals, Retries(), retry_after=error.retry_after, jitter=server.random.random()
                )
                if not isinstance(decision, Again):
                    self.lost += 1
                    break
                if self.sleeps:
                    await server.clock.sleep(decision.wait)
            else:
                permit.done(hints, used)
                break
        self.refusals.append(refusals)


async def measure(server: Server, loads: Sequence[Load]) -> Outcome:
    """Make all calls of all loads at once through one limiter."""
    limiter = Limiter(server.clock)
    started = server.clock.now()
    async with asyncio.TaskGroup() as group:
        for load in loads:
            group.create_task(load.run(server, limiter))
    return Outcome(
        calls=sum(len(load.refusals) for load in loads),
        elapsed=server.clock.now() - started,
        sent=server.calls,
        refused=server.refusals,
        most_refusals=max(max(load.refusals) for load in loads),
        lost=sum(load.lost for load in loads),
    )
