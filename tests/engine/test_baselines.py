"""One response of the baseline for all challengers of an input."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import cast

import pytest
from tests.engine.virtual_time import VirtualClock, run_virtually

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Retries
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Model, Usage
from lattice.core.trials import Attempt, Question, Response, Scorer, TrialKey, Verdict
from lattice.engine.baselines import Baselines
from lattice.engine.calls import Bill, Caller, Desk, Drained, StepFailed
from lattice.engine.limits import Limiter
from lattice.engine.plan import Trial

CALL = Usage(input_tokens=8, output_tokens=2)


@dataclass
class Against:
    """What scores against one response; here only told which."""

    text: str
    models: tuple[Model, ...] = ()

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        return ()

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        return Verdict(metrics={})


class Pairs:
    """Scorers by the baseline's response."""

    models: tuple[Model, ...] = ()

    def against(self, baseline: Response) -> Scorer:
        return Against(baseline.text)


@dataclass
class World:
    """A baseline that takes a second, and a store."""

    clock: VirtualClock
    error: CallError | None = None
    keep: int = 8
    name: str = "Old"
    limit: LimitKey = LimitKey(provider="test")
    asked: list[int] = field(default_factory=list)
    responses: dict[TrialKey, Response] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    desk: Desk = field(default_factory=Desk)

    async def answer(self, input: Input, *, timeout: float) -> Response:
        self.asked.append(input.position)
        await self.clock.sleep(1.0)
        if self.error is not None:
            raise self.error
        return Response(text=f"answer {input.position}", latency=1.0, usage=CALL)

    async def put(self, key: TrialKey, response: Response) -> None:
        self.responses[key] = response

    async def load(self, key: TrialKey) -> Response:
        return self.responses[key]

    def baselines(self, stored: Iterable[TrialKey] = ()) -> Baselines:
        caller = Caller(
            limiter=Limiter(self.clock),
            retries=Retries(timeout=1),
            desk=self.desk,
            clock=self.clock,
            random=Random(0),
            report=self.attempts.append,
        )
        return Baselines(
            Pairs(),
            target=self,
            caller=caller,
            put=self.put,
            load=self.load,
            stored=stored,
            timeout=10.0,
            keep=self.keep,
        )


def trial(position: int, target: int, repeat: int = 0) -> Trial:
    input = Input(position=position, id=str(position), input="?")
    return Trial(key=TrialKey(position, target, repeat), input=input)


async def asked_at_once(made: Baselines, trials: Sequence[Trial]) -> tuple[list[object], list[Bill]]:
    bills = [Bill() for _ in trials]
    pairs = zip(trials, bills, strict=True)
    found = await asyncio.gather(*(made.scorer(each, bill) for each, bill in pairs), return_exceptions=True)
    return list(found), bills


def in_world(main: Callable[[World], Awaitable[None]], error: CallError | None = None) -> None:
    async def whole(clock: VirtualClock) -> None:
        await main(World(clock, error))

    run_virtually(whole)


def test_all_challengers_of_an_input_share_one_response() -> None:
    async def main(world: World) -> None:
        made = world.baselines()
        found, bills = await asked_at_once(made, [trial(1, 1), trial(1, 2), trial(2, 1)])
        assert [cast("Against", each).text for each in found] == ["answer 1", "answer 1", "answer 2"]
        later = await made.scorer(trial(1, 3), Bill())
        assert cast("Against", later).text == "answer 1"
        assert world.asked == [1, 2]
        assert set(world.responses) == {TrialKey(1, 0, 0), TrialKey(2, 0, 0)}
        assert [bill.attempts for bill in bills] == [1, 0, 1]

    in_world(main)


def test_every_repeat_has_a_response_of_its_own() -> None:
    async def main(world: World) -> None:
        await asked_at_once(world.baselines(), [trial(1, 1), trial(1, 1, repeat=1), trial(1, 2, repeat=1)])
        assert set(world.responses) == {TrialKey(1, 0, 0), TrialKey(1, 0, 1)}
        assert len(world.asked) == 2

    in_world(main)


def test_a_stored_response_is_read_and_not_asked_for() -> None:
    async def main(world: World) -> None:
        key = TrialKey(1, 0, 0)
        await world.put(key, Response(text="stored", latency=1.0))
        found = await world.baselines([key, TrialKey(1, 1, 0)]).scorer(trial(1, 1), Bill())
        assert cast("Against", found).text == "stored"
        assert world.asked == []

    in_world(main)


def test_a_failure_is_shared_too_logged_for_each_trial_and_paid_for_once() -> None:
    error = CallError(ErrorKind.TIMEOUT, "Timeout after 10s", usage=CALL)

    async def main(world: World) -> None:
        made = world.baselines()
        found, bills = await asked_at_once(made, [trial(1, 1), trial(1, 2)])
        with pytest.raises(StepFailed):
            await made.scorer(trial(1, 3), Bill())
        failures = [cast("StepFailed", each).failure for each in found]
        assert [each.message for each in failures] == ["Baseline 'Old': Timeout after 10s"] * 2
        assert [bill.usage for bill in bills] == [CALL + CALL, Usage()]
        assert len(world.asked) == 2
        last = [(each.key, each.wait) for each in world.attempts if each.wait is None]
        assert last == [(TrialKey(1, target, 0), None) for target in (1, 2, 3)]

    in_world(main, error)


def test_a_failure_that_no_trial_can_escape_is_fatal_to_all_who_wait() -> None:
    async def main(world: World) -> None:
        found, _ = await asked_at_once(world.baselines(), [trial(1, 1), trial(1, 2)])
        assert [cast("StepFailed", each).fatal for each in found] == [True, True]

    in_world(main, CallError(ErrorKind.AUTH, "wrong key"))


def test_a_drain_lets_the_call_finish_and_whoever_waits_has_its_response() -> None:
    async def main(world: World) -> None:
        asking = asyncio.create_task(asked_at_once(world.baselines(), [trial(1, 1), trial(1, 2)]))
        await world.clock.sleep(0.5)
        world.desk.drain()
        found, _ = await asking
        assert [cast("Against", each).text for each in found] == ["answer 1"] * 2

    in_world(main)


def test_a_drain_before_the_call_ends_all_who_wait_and_nothing_is_remembered() -> None:
    async def main(world: World) -> None:
        made = world.baselines()
        world.desk.drain()
        found, _ = await asked_at_once(made, [trial(1, 1), trial(1, 2)])
        assert [type(each) for each in found] == [Drained, Drained]
        world.desk.draining = False
        assert cast("Against", await made.scorer(trial(1, 1), Bill())).text == "answer 1"

    in_world(main)


def test_a_trial_that_is_stopped_while_it_waits_takes_the_response_from_nobody() -> None:
    async def main(world: World) -> None:
        made = world.baselines()
        first, second = (asyncio.create_task(made.scorer(trial(1, target), Bill())) for target in (1, 2))
        await world.clock.sleep(0.5)
        second.cancel()
        assert cast("Against", await first).text == "answer 1"

    in_world(main)


def test_no_more_is_remembered_than_is_needed() -> None:
    async def main(world: World) -> None:
        world.keep = 2
        made = world.baselines()
        for position in range(1, 6):
            await made.scorer(trial(position, 1), Bill())
        await made.scorer(trial(4, 2), Bill())
        assert world.asked == [1, 2, 3, 4, 5]
        await made.scorer(trial(1, 2), Bill())
        assert world.asked[5:] == [1]

    in_world(main)
