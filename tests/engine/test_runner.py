"""A run from its first trial to its end, in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from tests.engine.virtual_time import VirtualClock, run_virtually
from tests.engine.world import CALL, Setting, World, carried_out, fail, runner_for

from lattice.core.errors import CallError, ErrorKind, StoreError
from lattice.core.evaluation import Budget, Retries
from lattice.core.runs import RunStatus
from lattice.core.trials import TrialKey
from lattice.engine.runner import Ending, Runner


def test_every_trial_is_carried_out_once_and_never_more_than_allowed_at_a_time() -> None:
    world, ending, _ = carried_out(Setting(inputs=30, max_concurrent=5))
    assert ending.status is RunStatus.COMPLETED
    assert sorted(world.asked) == list(range(1, 31))
    assert len(world.results) == 30
    assert world.open_at_once == 5


def test_the_first_trial_goes_alone() -> None:
    async def while_the_first_runs(world: World, runner: Runner) -> None:
        await world.clock.sleep(1.5)
        assert len(world.asked) == 1
        assert runner.activity()["phase"] == "checking"

    world, _, _ = carried_out(Setting(inputs=10), meanwhile=while_the_first_runs)
    assert len(world.results) == 10


def test_each_target_is_checked_before_the_rest_starts() -> None:
    async def while_checking(world: World, runner: Runner) -> None:
        await world.clock.sleep(3.5)
        assert len(set(world.asked)) == 1
        assert len(world.asked) == 2

    world, _, _ = carried_out(Setting(inputs=4, targets=2), meanwhile=while_checking)
    assert len(world.results) == 8


def test_a_judge_that_cannot_be_read_costs_three_inputs() -> None:
    world, ending, _ = carried_out(Setting(inputs=100), judged=lambda _: fail(ErrorKind.JUDGE_PARSE, "no verdict"))
    assert ending.status is RunStatus.FAILED
    assert ending.failure is not None
    assert ending.failure["kind"] == "judge_parse"
    assert len(world.asked) == world.judge_calls == 3
    assert [result.usage for result in world.results.values()] == [CALL] * 3


def test_first_failures_of_different_causes_let_the_run_go_on() -> None:
    seen: list[int] = []

    def first_two_fail(position: int) -> CallError | None:
        seen.append(position)
        kinds = {1: ErrorKind.INVALID_INPUT, 2: ErrorKind.TARGET_ERROR}
        return fail(kinds[len(seen)]) if len(seen) in kinds else None

    world, ending, _ = carried_out(Setting(inputs=20), answer=first_two_fail)
    assert ending.status is RunStatus.COMPLETED
    assert sum(result.failure is not None for result in world.results.values()) == 2


def test_a_wrong_key_costs_one_call_and_fails_the_run_at_once() -> None:
    world, ending, _ = carried_out(Setting(inputs=100), answer=lambda _: fail(ErrorKind.AUTH, "set OPENAI_API_KEY"))
    assert ending.status is RunStatus.FAILED
    assert ending.failure == {"kind": "auth", "step": "target", "message": "set OPENAI_API_KEY"}
    assert len(world.asked) == 1
    assert world.results == {}


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        (ErrorKind.TIMEOUT, 3),
        (ErrorKind.SERVER_ERROR, 4),
        (ErrorKind.CONNECTION, 4),
        (ErrorKind.RATE_LIMIT, 4),
        (ErrorKind.INVALID_INPUT, 1),
        (ErrorKind.TARGET_RESPONSE, 1),
    ],
)
def test_an_error_is_tried_again_as_often_as_its_kind_allows(kind: ErrorKind, attempts: int) -> None:
    world, ending, _ = carried_out(
        Setting(inputs=10, max_concurrent=2), answer=lambda position: fail(kind) if position == 7 else None
    )
    assert ending.status is RunStatus.COMPLETED
    assert world.asked.count(7) == attempts
    result = world.results[TrialKey(7, 0, 0)]
    assert result.failure is not None
    assert (result.failure.kind, result.attempts) == (kind, attempts)
    logged = [attempt for attempt in world.attempts if attempt.key.position == 7]
    assert [attempt.number for attempt in logged] == list(range(1, attempts + 1))
    assert [attempt.wait is None for attempt in logged] == [False] * (attempts - 1) + [True]


def test_a_retry_that_succeeds_leaves_a_scored_trial_and_its_attempts() -> None:
    tries: list[int] = []

    def once(position: int) -> CallError | None:
        tries.append(position)
        return fail(ErrorKind.SERVER_ERROR) if position == 3 and tries.count(3) == 1 else None

    world, _, _ = carried_out(Setting(inputs=5), answer=once)
    result = world.results[TrialKey(3, 0, 0)]
    assert result.failure is None
    assert result.attempts == 3
    assert [attempt.kind for attempt in world.attempts] == [ErrorKind.SERVER_ERROR]


def test_a_cancel_lets_calls_in_flight_finish_and_starts_nothing_new() -> None:
    async def cancel_midway(world: World, runner: Runner) -> None:
        await world.clock.sleep(4.5)
        before = len(world.asked) + world.judge_calls
        runner.cancel()
        await world.clock.sleep(0.6)
        assert len(world.asked) + world.judge_calls == before

    world, ending, took = carried_out(Setting(inputs=50), meanwhile=cancel_midway)
    assert ending.status is RunStatus.CANCELLED
    assert took < 6
    assert len(world.responses) == len(world.asked)


def test_responses_that_came_after_a_cancel_are_judged_by_a_resume_and_not_asked_for_again() -> None:
    async def cancel_midway(world: World, runner: Runner) -> None:
        await world.clock.sleep(2.5)
        runner.cancel()

    world, _, _ = carried_out(Setting(inputs=20), meanwhile=cancel_midway)
    unjudged = frozenset(world.responses) - set(world.results)
    assert unjudged

    def carry_over(later: World) -> None:
        later.responses = dict(world.responses)

    finished = frozenset(world.results)
    setting = Setting(inputs=20, finished=finished, answered=unjudged, unproven=False)
    later, ending, _ = carried_out(setting, before=carry_over)
    assert ending.status is RunStatus.COMPLETED
    assert len(later.results) == 20 - len(finished)
    assert {key.position for key in unjudged}.isdisjoint(later.asked)


@pytest.mark.parametrize("longest", [30.0, 900.0])
def test_a_wait_that_a_provider_asks_for_is_cut_to_the_longest_allowed(longest: float) -> None:
    refused = iter([CallError(ErrorKind.RATE_LIMIT, "come back tomorrow", retry_after=86_400.0)])
    setting = Setting(inputs=1, retries=Retries(max_wait=longest))
    world, ending, took = carried_out(setting, answer=lambda _: next(refused, None))
    assert ending.status is RunStatus.COMPLETED
    assert [attempt.wait for attempt in world.attempts] == [longest]
    assert took == pytest.approx(longest + 3.0)


def test_a_cancel_cuts_the_waits_between_attempts_short() -> None:
    async def cancel_while_waiting(world: World, runner: Runner) -> None:
        await world.clock.sleep(1.2)
        assert len(world.attempts) == 1
        runner.cancel()

    world, ending, took = carried_out(
        Setting(inputs=1), answer=lambda _: fail(ErrorKind.SERVER_ERROR), meanwhile=cancel_while_waiting
    )
    assert ending.status is RunStatus.CANCELLED
    assert took == pytest.approx(1.2)
    assert world.results == {}


def test_a_second_cancel_stops_at_once() -> None:
    async def cancel_twice(world: World, runner: Runner) -> None:
        await world.clock.sleep(2.5)
        runner.cancel()
        runner.cancel()

    _, ending, took = carried_out(Setting(inputs=50), meanwhile=cancel_twice)
    assert ending.status is RunStatus.CANCELLED
    assert took == pytest.approx(2.5)


def test_a_termination_drains_and_leaves_the_run_to_be_resumed() -> None:
    async def terminate(world: World, runner: Runner) -> None:
        await world.clock.sleep(2.5)
        runner.terminate()

    world, ending, _ = carried_out(Setting(inputs=50), meanwhile=terminate)
    assert ending.status is RunStatus.RUNNING
    assert len(world.responses) == len(world.asked)


def test_a_cancel_after_the_last_trial_changes_nothing() -> None:
    async def too_late(world: World, runner: Runner) -> None:
        while len(world.results) < 3:
            await world.clock.sleep(0.1)

    _, ending, _ = carried_out(Setting(inputs=3), meanwhile=too_late)
    assert ending.status is RunStatus.COMPLETED


def test_a_budget_is_used_up_and_hardly_overrun() -> None:
    for max_concurrent in (1, 3, 5, 8):
        setting = Setting(inputs=100, max_concurrent=max_concurrent, budget=Budget(cost_usd=0.60))
        world, ending, _ = carried_out(setting)
        assert (ending.status, ending.stopped) == (RunStatus.CANCELLED, "budget")
        spent = 0.01 * len(world.responses) + 0.02 * world.judge_calls
        assert 0.60 - 1e-9 <= spent <= 0.60 + 0.03


def test_trials_that_are_open_when_the_budget_ends_the_run_go_on_to_their_ends() -> None:
    world, ending, _ = carried_out(Setting(inputs=100, max_concurrent=5, budget=Budget(tokens=300)))
    assert ending.stopped == "budget"
    assert world.results.keys() == world.responses.keys()
    assert world.judge_calls == len(world.asked) == len(world.results)


def test_a_cancel_stops_the_trials_that_a_budget_lets_finish() -> None:
    async def cancel_at_the_end(world: World, runner: Runner) -> None:
        while runner.activity()["phase"] != "draining":
            await world.clock.sleep(0.1)
        assert runner.activity()["calls"]["target"] > 0
        runner.cancel()

    setting = Setting(inputs=100, max_concurrent=5, budget=Budget(tokens=260))
    world, ending, _ = carried_out(setting, meanwhile=cancel_at_the_end)
    assert ending.stopped == "budget"
    assert world.judge_calls < len(world.asked) == len(world.responses)


def test_a_token_budget_counts_target_and_judge() -> None:
    world, ending, _ = carried_out(Setting(inputs=100, max_concurrent=1, budget=Budget(tokens=200)))
    assert ending.stopped == "budget"
    assert len(world.results) == 10


def test_twenty_permanent_failures_of_one_cause_fail_the_run() -> None:
    seen: list[int] = []

    def after_ten(position: int) -> CallError | None:
        seen.append(position)
        return fail(ErrorKind.INVALID_INPUT, "too long") if len(seen) > 10 else None

    world, ending, _ = carried_out(Setting(inputs=500), answer=after_ten)
    assert ending.status is RunStatus.FAILED
    assert ending.failure is not None
    assert "too long" in ending.failure["message"]
    assert len(world.asked) <= 10 + 5 + 20 + 5  # those in flight when the last success ended, and at the end


def test_an_outage_pauses_the_run_and_it_goes_on_when_that_is_over() -> None:
    async def main(clock: VirtualClock) -> tuple[World, Ending]:
        world = World(clock)
        started = clock.now()
        world.answer = lambda _: fail(ErrorKind.CONNECTION) if 10 < clock.now() - started < 200 else None
        return world, await runner_for(world, Setting(inputs=200)).run()

    world, ending = run_virtually(main)
    assert ending.status is RunStatus.COMPLETED
    assert len(world.results) == 200
    assert {"running", "paused"} <= {activity["phase"] for activity in world.published}
    failures = sum(result.failure is not None for result in world.results.values())
    assert failures < 45  # the window, what was in flight, and a handful of probes; not the other 150


def test_an_outage_that_lasts_fails_the_run_in_time() -> None:
    async def main(clock: VirtualClock) -> tuple[World, Ending, float]:
        world = World(clock)
        started = clock.now()
        world.answer = lambda _: fail(ErrorKind.TIMEOUT) if clock.now() - started > 10 else None
        ending = await runner_for(world, Setting(inputs=200, give_up_after=300.0)).run()
        return world, ending, clock.now() - started

    world, ending, took = run_virtually(main)
    assert ending.status is RunStatus.FAILED
    assert took < 10 + 60 + 300 + 30
    assert len(world.results) < 60


def test_a_cancel_ends_a_pause_at_once() -> None:
    async def cancel_in_the_pause(world: World, runner: Runner) -> None:
        while runner.activity()["phase"] != "paused":
            await world.clock.sleep(0.25)
        runner.cancel()

    seen: list[int] = []

    def later(position: int) -> CallError | None:
        seen.append(position)
        return fail(ErrorKind.TIMEOUT) if len(seen) > 8 else None

    _, ending, _ = carried_out(Setting(inputs=200), answer=later, meanwhile=cancel_in_the_pause)
    assert ending.status is RunStatus.CANCELLED


def test_a_store_that_refuses_stops_the_run_and_says_so() -> None:
    async def main(clock: VirtualClock) -> World:
        world = World(clock)
        runner = runner_for(world, Setting(inputs=200))
        running = asyncio.create_task(runner.run())
        await clock.sleep(10)
        world.refuse = StoreError("the disk is full")
        with pytest.raises(StoreError, match="the disk is full"):
            await running
        return world

    world = run_virtually(main)
    assert 0 < len(world.results) < 50


def test_cancelling_the_task_leaves_nothing_behind() -> None:
    async def main(clock: VirtualClock) -> None:
        running = asyncio.create_task(runner_for(World(clock), Setting(inputs=200)).run())
        await clock.sleep(5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run_virtually(main)


def test_live_tasks_stay_few_however_many_inputs_there_are() -> None:
    most = 0

    async def count(world: World, runner: Runner) -> None:
        nonlocal most
        while len(world.results) < 5_000:
            most = max(most, len(asyncio.all_tasks()))
            await world.clock.sleep(10)

    world, _, _ = carried_out(Setting(inputs=5_000, max_concurrent=8), meanwhile=count)
    assert len(world.results) == 5_000
    assert most <= 8 + 4
