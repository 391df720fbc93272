"""A run from its first trial to its end: feeds workers, watches what comes of it, decides once how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lattice.core.runs import RunStatus
from lattice.core.trials import Failure, Result
from lattice.engine.breaker import SOLO_TRIALS, Breaker, BreakerState, Cause
from lattice.engine.calls import Desk, Drained
from lattice.engine.clock import Clock
from lattice.engine.feed import Feed
from lattice.engine.ledger import Ledger
from lattice.engine.plan import Trial
from lattice.engine.trial import FatalFailure, Trials

ACTIVITY_EVERY = 0.25


class Phase(StrEnum):
    """What a running run is about, for people who watch."""

    CHECKING = "checking"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended.

    Parameters
    ----------
    status: what is stored; RUNNING means interrupted: the process goes, the run is to be resumed.
    stopped: ``budget`` or ``decided`` where that ended it.
    failure: ``{"kind", "step", "message"}`` where the run itself failed.
    """

    status: RunStatus
    stopped: str | None = None
    failure: Mapping[str, Any] | None = None


COMPLETED = Ending(status=RunStatus.COMPLETED)
CANCELLED = Ending(status=RunStatus.CANCELLED)
INTERRUPTED = Ending(status=RunStatus.RUNNING)
OUT_OF_BUDGET = Ending(status=RunStatus.CANCELLED, stopped="budget")
DECIDED = Ending(status=RunStatus.COMPLETED, stopped="decided")

EARLY = (CANCELLED, INTERRUPTED, OUT_OF_BUDGET, DECIDED)
"""Endings that stop what is left, and come too late where nothing is left."""


def failed(failure: Failure, prefix: str = "") -> Ending:
    """The ending of a run that one cause made fail."""
    detail = {"kind": failure.kind.value, "step": failure.step.value, "message": prefix + failure.message}
    return Ending(status=RunStatus.FAILED, failure=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session of a run works with, made for it alone."""

    trials: Trials
    feed: Feed
    desk: Desk
    ledger: Ledger
    breaker: Breaker
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a session tells the world and asks of it.

    Parameters
    ----------
    publish: is given, every quarter of a second, what goes on right now (`Runner.activity`).
    limits: how the calls stand with their rate limits, as JSON data.
    decided: asked after each result; True ends the run because every gate is decided.
    """

    publish: Callable[[Mapping[str, Any]], None]
    limits: Callable[[], list[dict[str, Any]]]
    decided: Callable[[], bool] = lambda: False


class Runner:
    """Carries out one session of a run.

    Parameters
    ----------
    remaining: trials that are left to do.
    max_concurrent: trials open at once.
    unproven: targets that have not scored a trial yet; each is checked with one trial alone first.
    """

    def __init__(
        self,
        parts: Parts,
        outlook: Outlook,
        *,
        remaining: int,
        max_concurrent: int,
        unproven: tuple[int, ...],
    ) -> None:
        self._trials = parts.trials
        self._feed = parts.feed
        self._desk = parts.desk
        self._ledger = parts.ledger
        self._breaker = parts.breaker
        self._clock = parts.clock
        self._outlook = outlook
        self._remaining = remaining
        self._width = min(max_concurrent, remaining)
        self._unproven = unproven
        self._probing = asyncio.Lock()
        self._in_flight = 0
        self._phase = Phase.RUNNING
        self._ending: Ending | None = None
        self._crash: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what others may ask, at any time, on the loop's thread

    def cancel(self) -> None:
        """Start nothing new, let calls in flight finish, end as cancelled; a second time: stop at once."""
        if self._desk.draining:
            self._abort()
        self._end(CANCELLED)

    def terminate(self) -> None:
        """The process is to go: drain, and leave the run interrupted."""
        self._end(INTERRUPTED)

    def crash(self, error: BaseException) -> None:
        """The store refuses: stop at once, and let `run` raise what happened."""
        self._crash = self._crash or error
        self._end(INTERRUPTED)
        self._abort()

    # -- the run

    async def run(self) -> Ending:
        """Carry out what is left.

        Raises
        ------
        StoreError: the store refused to take results.
        """
        ticker = asyncio.create_task(self._tick())
        try:
            await self._together([self._check()])
            self._phase = Phase.RUNNING
            await self._together([self._work() for _ in range(self._width)])
        finally:
            ticker.cancel()
            await asyncio.wait([ticker])
        if self._crash is not None:
            raise self._crash
        if self._ending is None or (self._remaining == 0 and self._ending in EARLY):
            return COMPLETED
        return self._ending

    async def _together(self, jobs: list[Any]) -> None:
        self._tasks = {asyncio.create_task(job) for job in jobs}
        try:
            while self._tasks:
                ended, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in ended:
                    if not task.cancelled() and (error := task.exception()) is not None:
                        self.crash(error)
        except asyncio.CancelledError:
            self._abort()
            await asyncio.wait(self._tasks)
            raise

    async def _check(self) -> None:
        """Each target alone with one input; up to two more while it fails; three of one cause end the run."""
        if self._unproven:
            self._phase = Phase.CHECKING
        for target in self._unproven:
            causes: list[Cause] = []
            while len(causes) < SOLO_TRIALS and self._may_start():
                trial = await self._feed.next_of(target)
                result = await self._one(trial) if trial is not None else None
                if result is None or result.failure is None:
                    break
                causes.append(Cause(result.failure.step, result.failure.kind))
                if len(causes) == SOLO_TRIALS and len(set(causes)) == 1:
                    self._end(failed(result.failure, f"the first {SOLO_TRIALS} inputs all failed: "))

    async def _work(self) -> None:
        try:
            while self._may_start():
                if self._breaker.is_paused:
                    await self._probe()
                    continue
                trial = await self._feed.next()
                if trial is None:
                    return
                # The budget may have been reached, or the run ended, while the trial's input was read.
                if not self._may_start():
                    self._feed.put_back(trial)
                    return
                await self._one(trial)
        except Drained:
            return

    async def _probe(self) -> None:
        """One worker waits and tries a single trial; the others wait for what comes of it."""
        with self._desk.waiting():
            await self._probing.acquire()
        try:
            if not self._breaker.is_paused:
                return
            self._phase = Phase.PAUSED
            with self._desk.waiting():
                await self._clock.sleep(self._breaker.until_probe(now=self._clock.now()))
            if (trial := await self._feed.next()) is None:
                self._breaker.succeeded()
                return
            await self._one(trial)
        finally:
            self._probing.release()
            if self._phase is Phase.PAUSED and not self._breaker.is_paused:
                self._phase = Phase.RUNNING

    async def _one(self, trial: Trial) -> Result | None:
        self._in_flight += 1
        try:
            result = await self._trials.run(trial)
        except Drained:
            return None
        except FatalFailure as fatal:
            self._end(failed(fatal.failure))
            return None
        finally:
            self._in_flight -= 1
            self._desk.retrying.discard(trial.key)
        self._weigh(result)
        return result

    def _weigh(self, result: Result) -> None:
        self._remaining -= 1
        if result.failure is None:
            self._breaker.succeeded()
        else:
            self._breaker.failed(result.failure, now=self._clock.now())
            if self._breaker.state is BreakerState.TRIPPED:
                self._end(failed(result.failure, "the last inputs all failed: "))
        if self._outlook.decided():
            self._end(DECIDED)

    def _may_start(self) -> bool:
        if self._ending is None and not self._ledger.allows_another(self._in_flight):
            self._end(OUT_OF_BUDGET)
        return self._ending is None

    def _end(self, ending: Ending) -> None:
        """The first reason to end counts; from then on nothing new starts."""
        if self._ending is None:
            self._ending = ending
            self._phase = Phase.DRAINING
        # The budget has room for the trials that are open, so they go on to their ends; a cancel still stops them.
        if (ending is not OUT_OF_BUDGET or self._breaker.is_paused) and not self._desk.draining:
            self._desk.drain()

    def _abort(self) -> None:
        for task in self._tasks:
            task.cancel()

    # -- what goes on right now

    def activity(self) -> Mapping[str, Any]:
        """``{"phase", "in_flight", "calls": {step: n}, "retrying", "limits", "probe_in", "tokens", "cost_usd"}``."""
        paused = self._phase is Phase.PAUSED
        return {
            "phase": self._phase.value,
            "in_flight": self._in_flight,
            "calls": {step.value: count for step, count in self._desk.calls.items()},
            "retrying": len(self._desk.retrying),
            "limits": self._outlook.limits(),
            "probe_in": self._breaker.until_probe(now=self._clock.now()) if paused else None,
        }

    async def _tick(self) -> None:
        while True:
            self._outlook.publish(self.activity())
            await self._clock.sleep(ACTIVITY_EVERY)
