"""A target, a judge and a journal that do what a test says, and a runner over them in virtual time."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.engine.virtual_time import VirtualClock, run_virtually

from lattice.core.errors import CallError, ErrorKind, StoreError
from lattice.core.evaluation import Budget, Retries
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, Message, ModelRequest, Usage
from lattice.core.trials import Attempt, Metric, Response, Result, TrialKey, Verdict
from lattice.engine.breaker import Breaker
from lattice.engine.calls import Caller, Desk
from lattice.engine.feed import Feed
from lattice.engine.ledger import Ledger
from lattice.engine.limits import Limiter
from lattice.engine.plan import Plan, Schedule
from lattice.engine.runner import Ending, Outlook, Parts, Runner
from lattice.engine.trial import Trials
from lattice.scoring import JudgeScorer

T = TypeVar("T")
CALL = Usage(input_tokens=8, output_tokens=2)


def fail(kind: ErrorKind, message: str = "no") -> CallError:
    return CallError(kind, message)


@dataclass
class World:
    """A target and a judge that do what a test says, and a journal that remembers."""

    clock: VirtualClock
    answer: Callable[[int], CallError | None] = lambda _: None
    judged: Callable[[int], CallError | None] = lambda _: None
    takes: float = 1.0
    name: str = "target"
    priced: bool = True
    asked: list[int] = field(default_factory=list)
    judge_calls: int = 0
    responses: dict[TrialKey, Response] = field(default_factory=dict)
    results: dict[TrialKey, Result] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    published: list[Mapping[str, Any]] = field(default_factory=list)
    open_at_once: int = 0
    _open: int = 0
    refuse: StoreError | None = None

    @property
    def limit(self) -> LimitKey:
        return LimitKey(provider="test")

    @property
    def model(self) -> World:
        return self

    async def _call(self, error: CallError | None) -> None:
        self._open += 1
        self.open_at_once = max(self.open_at_once, self._open)
        try:
            await self.clock.sleep(self.takes)
        finally:
            self._open -= 1
        if error is not None:
            raise error

    # The target
    async def __call__(self, input: Input) -> Response:
        self.asked.append(input.position)
        await self._call(self.answer(input.position))
        return Response(text=str(input.position), latency=self.takes, usage=CALL, cost_usd=0.01)

    # The judge and its model
    def request(self, input: Input, response: Response) -> ModelRequest:
        return ModelRequest(messages=(Message(role="user", content=response.text),))

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        self.judge_calls += 1
        await self._call(None)
        return Completion(text=request.messages[0].content, usage=CALL, cost_usd=0.02)

    def verdict(self, answer: str) -> Verdict:
        error = self.judged(int(answer))
        if error is not None:
            raise error
        return Verdict(metrics={"score": Metric(score=1.0, native=5.0)})

    # The journal
    def put_response(self, key: TrialKey, response: Response) -> Awaitable[None]:
        self.responses[key] = response
        return self._committed(None)

    def put_result(self, result: Result) -> Awaitable[int]:
        assert result.key not in self.results
        if self.refuse is None:
            self.results[result.key] = result
        return self._committed(len(self.results))

    async def _committed(self, value: T) -> T:
        if self.refuse is not None:
            raise self.refuse
        await asyncio.sleep(0)
        return value


class OneTarget:
    """The world's target, by its protocol."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.name = "target"
        self.limit = world.limit

    async def answer(self, input: Input, *, timeout: float) -> Response:
        return await self._world(input)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a run is carried out in a test."""

    inputs: int = 30
    targets: int = 1
    max_concurrent: int = 5
    retries: Retries = Retries()
    budget: Budget = Budget()
    give_up_after: float = 900.0
    finished: frozenset[TrialKey] = frozenset()
    answered: frozenset[TrialKey] = frozenset()
    unproven: bool = True


def runner_for(world: World, setting: Setting) -> Runner:
    schedule = Schedule(array("q", range(1, setting.inputs + 1)), seed=1)
    plan = Plan(schedule, targets=setting.targets, repeats=1, finished=setting.finished)

    async def read(positions: Sequence[int]) -> Mapping[int, Input]:
        return {position: Input(position=position, id=str(position), input="?") for position in positions}

    async def load(key: TrialKey) -> Response:
        return world.responses[key]

    desk, limiter = Desk(), Limiter(world.clock)
    ledger = Ledger(world, setting.budget)
    caller = Caller(
        limiter=limiter,
        retries=setting.retries,
        desk=desk,
        clock=world.clock,
        random=Random(0),
        report=world.attempts.append,
    )
    trials = Trials(
        targets=[OneTarget(world)] * setting.targets,
        scorer=JudgeScorer(world),
        caller=caller,
        journal=ledger,
        load=load,
        clock=world.clock,
        timeout=10.0,
    )
    parts = Parts(
        trials=trials,
        feed=Feed(plan, read, answered=setting.answered),
        desk=desk,
        ledger=ledger,
        breaker=Breaker(max_concurrent=setting.max_concurrent, give_up_after=setting.give_up_after),
        clock=world.clock,
    )
    return Runner(
        parts,
        Outlook(publish=world.published.append, limits=list),
        remaining=plan.remaining,
        max_concurrent=setting.max_concurrent,
        unproven=tuple(range(setting.targets)) if setting.unproven else (),
    )


def carried_out(
    setting: Setting,
    *,
    answer: Callable[[int], CallError | None] = lambda _: None,
    judged: Callable[[int], CallError | None] = lambda _: None,
    meanwhile: Callable[[World, Runner], Awaitable[None]] | None = None,
    before: Callable[[World], None] = lambda _: None,
) -> tuple[World, Ending, float]:
    """Run to the end; the world, the ending, and the seconds it took."""

    async def main(clock: VirtualClock) -> tuple[World, Ending, float]:
        world = World(clock, answer=answer, judged=judged)
        before(world)
        runner = runner_for(world, setting)
        started = clock.now()
        if meanwhile is None:
            return world, await runner.run(), clock.now() - started
        running = asyncio.create_task(runner.run())
        await meanwhile(world, runner)
        ending = await running
        return world, ending, clock.now() - started

    return run_virtually(main)
