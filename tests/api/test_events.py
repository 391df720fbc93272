"""A run as a stream of events: what is told is stored, nothing is left out, and whoever leaves stops it gracefully."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import FrozenInstanceError, fields

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.api import events, handles
from lattice.core.errors import CallError, ErrorKind
from lattice.core.runs import RunStatus
from lattice.core.trials import Step
from lattice.engine.runner import Ending, Runner


async def collected(stream: AsyncIterator[handles.Event]) -> list[handles.Event]:
    return [event async for event in stream]


def trials(told: list[handles.Event]) -> list[lattice.Result]:
    return [event.result for event in told if isinstance(event, lattice.TrialEnded)]


def test_every_trial_is_told_once_between_start_and_end() -> None:
    told = asyncio.run(collected(lattice.stream(evaluation(count=30), tags={"by": "stream"})))
    assert isinstance(told[0], lattice.RunStarted)
    assert isinstance(told[-1], lattice.RunEnded)
    assert sorted(result.position for result in trials(told)) == list(range(1, 31))
    run = told[-1].run
    assert run.status is RunStatus.COMPLETED
    assert run.tags["by"] == "stream"
    assert run.document() == lattice.open_run().document()
    by_position = {result.position: result for result in trials(told)}
    assert [by_position[n] for n in range(1, 31)] == list(run.results())


def test_progress_never_counts_a_trial_that_was_not_told() -> None:
    told = asyncio.run(collected(lattice.stream(evaluation(count=30))))
    seen = 0
    for event in told:
        if isinstance(event, lattice.TrialEnded):
            seen += 1
        if isinstance(event, lattice.Progressed):
            assert event.progress.done == seen
            assert event.progress.total == 30
    last = [event for event in told if isinstance(event, lattice.Progressed)][-1]
    assert last.progress.done == 30
    assert last.means[0].n == 30


def test_what_is_told_is_in_the_store() -> None:
    async def main() -> None:
        async for event in lattice.stream(evaluation(count=10)):
            if isinstance(event, lattice.TrialEnded):
                stored = lattice.open_run().results(f'id = "{event.result.id}"')
                assert [each.id for each in stored] == [event.result.id]

    asyncio.run(main())


def test_however_few_are_read_at_once_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 3)
    target = lattice.Model("sim/assistant", params={"faults": {"invalid": 0.4}})
    told = asyncio.run(collected(lattice.stream(evaluation(target, count=25))))
    failed = [event for event in told if isinstance(event, lattice.CallFailed)]
    run = lattice.open_run()
    assert len(trials(told)) == 25
    assert len(failed) == run.progress.failed > 3


def test_a_failed_call_says_when_it_is_made_again() -> None:
    seen: set[str] = set()

    async def flaky(question: str) -> str:
        if question == "Question 2?" and question not in seen:
            seen.add(question)
            raise CallError(ErrorKind.TIMEOUT, "no answer in time")
        if question == "Question 3?":
            raise ValueError("never")
        return "fine"

    told = asyncio.run(collected(lattice.stream(evaluation(lattice.Function(flaky, name="Flaky"), count=3))))
    again, final = [event for event in told if isinstance(event, lattice.CallFailed)]
    if again.position == 3:
        again, final = final, again
    assert (again.position, again.id, again.target, again.step) == (2, "q2", "Flaky", Step.TARGET)
    assert (again.kind, again.message, again.attempt, again.allowed) == (
        ErrorKind.TIMEOUT,
        "no answer in time",
        1,
        3,
    )
    assert again.wait is not None
    assert (final.kind, final.wait) == (ErrorKind.TARGET_ERROR, None)
    assert told.index(again) < next(
        place
        for place, event in enumerate(told)
        if isinstance(event, lattice.TrialEnded) and event.result.position == 2
    )


class Gate:
    """A target whose first call answers at once; the others wait until the gate is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.reached = asyncio.Event()
        self.started: list[str] = []
        self.finished: list[str] = []

    async def __call__(self, question: str) -> str:
        self.started.append(question)
        self.reached.set()
        if len(self.started) > 1:
            await self.opened.wait()
        self.finished.append(question)
        return question


def test_leaving_early_starts_nothing_new_and_lets_calls_in_flight_finish() -> None:
    async def main() -> Gate:
        gate = Gate()
        target = lattice.Function(gate, name="Gate")
        measured = evaluation(target, count=40, scoring={"exact_match": True}, run={"max_concurrent": 4})
        async with aclosing(lattice.stream(measured)) as told:
            async for event in told:
                if isinstance(event, lattice.TrialEnded):
                    gate.opened.set()
                    break
        return gate

    gate = asyncio.run(main())
    run = lattice.open_run()
    assert run.status is RunStatus.CANCELLED
    assert run.progress.done == len(gate.started) == len(gate.finished) <= 5
    assert [result.response for result in run.results()] == sorted(
        gate.finished, key=lambda text: int(text.split()[1][:-1])
    )


def test_a_loop_that_is_just_left_cancels_in_the_background() -> None:
    async def main() -> None:
        gate = Gate()
        async for event in lattice.stream(evaluation(lattice.Function(gate, name="Gate"), count=40)):
            if isinstance(event, lattice.TrialEnded):
                gate.opened.set()
                break
        gc.collect()
        while not (await asyncio.to_thread(lattice.open_run)).is_over:
            pass

    asyncio.run(main())
    run = lattice.open_run()
    assert run.status is RunStatus.CANCELLED
    assert run.progress.done < 40


def test_a_run_that_is_cancelled_from_within_is_told_to_its_end() -> None:
    async def main() -> list[handles.Event]:
        gate = Gate()
        told: list[handles.Event] = []
        async for event in lattice.stream(evaluation(lattice.Function(gate, name="Gate"), count=40)):
            told.append(event)
            if isinstance(event, lattice.TrialEnded) and not gate.opened.is_set():
                lattice.open_run().cancel()
            if isinstance(event, lattice.Progressed) and event.draining:
                gate.opened.set()
        return told

    told = asyncio.run(main())
    assert isinstance(told[-1], lattice.RunEnded)
    assert told[-1].run.status is RunStatus.CANCELLED
    assert len(trials(told)) == told[-1].run.progress.done < 40


def test_cancelling_the_task_stops_the_run_at_once() -> None:
    async def main() -> None:
        gate = Gate()
        begun = asyncio.Event()

        async def read() -> None:
            async for event in lattice.stream(evaluation(lattice.Function(gate, name="Gate"), count=40)):
                if isinstance(event, lattice.TrialEnded):
                    begun.set()

        reading = asyncio.create_task(read())
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(main())
    run = lattice.open_run()
    assert run.status is RunStatus.CANCELLED
    assert run.progress.done == 1


def test_what_goes_wrong_with_the_run_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def defect(self: Runner) -> Ending:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Runner, "run", defect)
    with pytest.raises(RuntimeError, match="a defect"):
        asyncio.run(collected(lattice.stream(evaluation())))
    with pytest.raises(lattice.InvalidEvaluation, match="unknown provider 'nobody'"):
        asyncio.run(collected(lattice.stream(evaluation(lattice.Model("nobody/model")))))


def test_a_stored_run_is_told_again_from_its_start() -> None:
    target = lattice.Model("sim/assistant", params={"faults": {"invalid": 0.3}})
    first = asyncio.run(collected(lattice.stream(evaluation(target))))
    again = asyncio.run(collected(lattice.open_run().events()))
    assert isinstance(again[0], lattice.RunStarted)
    assert isinstance(again[-1], lattice.RunEnded)
    assert trials(again) == trials(first)
    assert [event for event in again if isinstance(event, lattice.CallFailed)] == [
        event for event in first if isinstance(event, lattice.CallFailed)
    ]


def test_a_run_that_is_carried_out_elsewhere_is_followed_to_its_end() -> None:
    async def main() -> list[handles.Event]:
        gate = Gate()
        told: list[handles.Event] = []
        running = asyncio.create_task(
            lattice.run_async(evaluation(lattice.Function(gate, name="Gate"), count=8), progress=False)
        )
        await gate.reached.wait()
        async for event in lattice.open_run().events():
            told.append(event)
            if isinstance(event, lattice.TrialEnded):
                gate.opened.set()
        await running
        return told

    told = asyncio.run(main())
    assert sorted(result.position for result in trials(told)) == list(range(1, 9))
    assert isinstance(told[-1], lattice.RunEnded)


def test_leaving_the_events_of_a_stored_run_leaves_the_run_alone() -> None:
    async def main() -> lattice.Run:
        gate = Gate()
        running = asyncio.create_task(lattice.run_async(evaluation(lattice.Function(gate, name="Gate"), count=8)))
        await gate.reached.wait()
        async for _ in lattice.open_run().events():
            break
        gate.opened.set()
        return await running

    assert asyncio.run(main()).status is RunStatus.COMPLETED


def test_events_are_records_that_nobody_changes() -> None:
    told = asyncio.run(collected(lattice.stream(evaluation(count=2))))
    for event in told:
        with pytest.raises(FrozenInstanceError):
            setattr(event, fields(event)[0].name, None)
