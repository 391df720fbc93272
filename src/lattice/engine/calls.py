"""Makes the calls of a trial: one place in the limiter, one attempt, and again where the policy says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Protocol, TypeVar

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Retries
from lattice.core.limits import LimitHints, LimitKey
from lattice.core.models import Usage
from lattice.core.trials import Attempt, Failure, Step, TrialKey
from lattice.engine.clock import Clock
from lattice.engine.limits import Limiter, Permit
from lattice.engine.retry import Again, Fatal, allowed, decide

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb, for reserving tokens before a call."""


class Answered(Protocol):
    """What any call gives back, as far as limits and budgets care."""

    @property
    def usage(self) -> Usage: ...

    @property
    def limits(self) -> LimitHints | None: ...


A = TypeVar("A", bound=Answered)


@dataclass(slots=True)
class Bill:
    """What the calls of one step took: attempts, and what was paid for them."""

    attempts: int = 0
    usage: Usage = Usage()
    cost_usd: float | None = None

    def pay(self, usage: Usage, cost_usd: float | None) -> None:
        """Add one paid call; unknown costs add nothing."""
        self.usage += usage
        if cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost_usd

    def add(self, other: Bill) -> None:
        """Add everything that stands on another bill."""
        self.attempts += other.attempts
        self.pay(other.usage, other.cost_usd)


class StepFailed(Exception):
    """A step of a trial ended without an answer; `fatal` when no other trial can do better."""

    def __init__(self, failure: Failure, *, fatal: bool) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.fatal = fatal


class Drained(Exception):
    """The run stops, and this trial was waiting: it ends without a result, to be taken up by a resume."""


@dataclass(slots=True)
class Desk:
    """What the calls of a run share while it goes on: who waits, whether anything may still start, what is under way.

    Draining wakes the trials that wait (for a limit, or between attempts); those in a call are left to finish it.
    """

    draining: bool = False
    calls: dict[Step, int] = field(default_factory=lambda: dict.fromkeys(Step, 0))
    retrying: set[TrialKey] = field(default_factory=set)
    _waiting: set[asyncio.Task[object]] = field(default_factory=set)

    def drain(self) -> None:
        """Start nothing new from now on."""
        self.draining = True
        for task in self._waiting:
            task.cancel()

    def waiting(self) -> _Wait:
        """A context around a wait that a drain may cut short.

        Raises
        ------
        Drained: the run drains; a cancellation for any other reason passes through.
        """
        return _Wait(self)

    def enter(self, task: asyncio.Task[object]) -> None:
        """A task begins to wait."""
        if self.draining:
            raise Drained
        self._waiting.add(task)

    def leave(self, task: asyncio.Task[object]) -> None:
        """A task waits no longer."""
        self._waiting.discard(task)


class _Wait:
    """What `Desk.waiting` gives; a class of its own, since every call of a run goes through one."""

    __slots__ = ("_desk", "_task")

    def __init__(self, desk: Desk) -> None:
        task = asyncio.current_task()
        assert task is not None  # every trial runs in a task
        self._desk = desk
        self._task: asyncio.Task[object] = task

    def __enter__(self) -> None:
        self._desk.enter(self._task)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._desk.leave(self._task)
        if isinstance(error, asyncio.CancelledError) and self._desk.draining and self._task.uncancel() == 0:
            raise Drained from None


@dataclass(frozen=True, slots=True)
class CallPlace:
    """Where a call belongs: its trial and step, the limit it counts against, and its estimated tokens."""

    key: TrialKey
    step: Step
    limit: LimitKey
    tokens: int


@dataclass(frozen=True, slots=True)
class Setback:
    """A failed attempt; `paused` for so many seconds where a limit refused it."""

    error: CallError
    paused: float | None


class Caller:
    """Makes calls for one run.

    Parameters
    ----------
    report: is given each failed attempt as it happens.
    random: for the jitter of waits.
    """

    def __init__(
        self,
        *,
        limiter: Limiter,
        retries: Retries,
        desk: Desk,
        clock: Clock,
        random: Random,
        report: Callable[[Attempt], None],
    ) -> None:
        self._limiter = limiter
        self._retries = retries
        self._desk = desk
        self._clock = clock
        self._random = random
        self._report = report

    async def call(self, place: CallPlace, bill: Bill, make: Callable[[], Awaitable[A]]) -> A:
        """Make one step's call, again as often as the policy grants.

        Parameters
        ----------
        bill: is written on: attempts, and what failed ones cost.
        make: makes exactly one attempt.

        Raises
        ------
        StepFailed: no attempt is left, or none can help.
        Drained: the run stops while this call waits.
        """
        refusals = 0
        while True:
            with self._desk.waiting():
                permit = await self._limiter.acquire(place.limit, place.tokens, refusals=refusals)
            bill.attempts += 1
            outcome = await self._attempt(place, bill.attempts, permit, make)
            if not isinstance(outcome, Setback):
                self._desk.retrying.discard(place.key)
                return outcome
            error = outcome.error
            if error.usage is not None:
                bill.pay(error.usage, error.cost_usd)
            wait = self._again(place, outcome, bill.attempts)
            if outcome.paused is not None:
                # The limiter itself makes a refused call wait, in turn with all others that share the limit.
                refusals += 1
            elif wait > 0:
                with self._desk.waiting():
                    await self._clock.sleep(wait)

    async def _attempt(
        self, place: CallPlace, number: int, permit: Permit, make: Callable[[], Awaitable[A]]
    ) -> A | Setback:
        """The `number`-th call of a step."""
        calls, step = self._desk.calls, place.step
        calls[step] += 1
        with permit:
            try:
                answer = await make()
            except CallError as error:
                return Setback(error, paused=self._refusal(permit, error))
            finally:
                calls[step] -= 1
            permit.done(answer.limits, answer.usage.total_tokens)
        return answer

    def _refusal(self, permit: Permit, error: CallError) -> float | None:
        """Seconds for which the limiter pauses, if it was a limit that refused the call."""
        if error.kind is not ErrorKind.RATE_LIMIT:
            permit.failed(error.limits)
            return None
        told = error.retry_after
        return permit.refused(None if told is None else min(told, self._retries.max_wait), error.limits)

    def _again(self, place: CallPlace, setback: Setback, attempts: int) -> float:
        """Log a failed attempt; seconds to wait for the next one, or the end of the step."""
        error, retrying = setback.error, self._desk.retrying
        decision = decide(
            error.kind, attempts, self._retries, retry_after=error.retry_after, jitter=self._random.random()
        )
        if isinstance(decision, Again):
            retrying.add(place.key)
            wait = decision.wait if setback.paused is None else setback.paused
            self.log(place.key, place.step, error, attempts, wait=wait)
            return wait
        retrying.discard(place.key)
        self.log(place.key, place.step, error, attempts)
        failure = Failure(step=place.step, kind=error.kind, message=error.message)
        raise StepFailed(failure, fatal=isinstance(decision, Fatal)) from error

    def log(self, key: TrialKey, step: Step, error: CallError, attempts: int, *, wait: float | None = None) -> None:
        """Report a failed attempt."""
        self._report(
            Attempt(
                key=key,
                step=step,
                number=attempts,
                allowed=max(attempts, allowed(error.kind, self._retries)),
                kind=error.kind,
                message=error.message,
                wait=wait,
                at=datetime.now(UTC),
            )
        )
