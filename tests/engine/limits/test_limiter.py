from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.limits.test_pace import most_above
from tests.engine.virtual_time import VirtualClock, run_virtually

from lattice.core.evaluation import Limits
from lattice.core.limits import Allowance, LimitHints, LimitKey
from lattice.engine.clock import Clock, SystemClock
from lattice.engine.limits import Limiter, Permit

MODEL = LimitKey(provider="acme", account="k", model="large")
OTHER = LimitKey(provider="acme", account="k", model="small")


def told(limit: int, remaining: int, reset: float = 0.0) -> LimitHints:
    return LimitHints(requests=Allowance(limit=limit, remaining=remaining, reset=reset))


async def greeted(clock: Clock, *keys: LimitKey, hints: LimitHints | None = None) -> Limiter:
    """A limiter that has seen one answer for each model."""
    limiter = Limiter(clock)
    for key in keys or (MODEL,):
        (await limiter.acquire(key)).done(hints)
    return limiter


def test_without_limits_every_call_starts_at_once() -> None:
    async def main(clock: VirtualClock) -> int:
        limiter = await greeted(clock)
        permits = [await limiter.acquire(MODEL, 1000) for _ in range(500)]
        assert not clock.timers
        for permit in permits:
            permit.done()
        return limiter.state()[0].in_flight

    assert run_virtually(main) == 0


def test_the_first_call_of_a_model_goes_alone() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = Limiter(clock)
        first = await limiter.acquire(MODEL)
        rest = [asyncio.create_task(limiter.acquire(MODEL)) for _ in range(3)]
        await clock.sleep(5.0)
        assert not any(task.done() for task in rest)
        assert limiter.state()[0].reason == "waiting for the first answer"
        first.done()
        for permit in await asyncio.gather(*rest):
            permit.failed()

    run_virtually(main)


def test_a_first_call_that_fails_lets_the_others_go() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = Limiter(clock)
        first = await limiter.acquire(MODEL)
        rest = [asyncio.create_task(limiter.acquire(MODEL)) for _ in range(3)]
        await clock.sleep(1.0)
        assert not any(task.done() for task in rest)
        first.failed()
        for permit in await asyncio.gather(*rest):
            permit.done()

    run_virtually(main)


@pytest.mark.parametrize("ending", ["done", "refused", "failed"])
def test_a_permit_is_handed_back_exactly_once(ending: str) -> None:
    async def main(clock: VirtualClock) -> None:
        permit = await (await greeted(clock)).acquire(MODEL)
        getattr(permit, ending)()
        for again in (permit.done, permit.refused, permit.failed):
            with pytest.raises(RuntimeError, match="handed back already"):
                again()

    run_virtually(main)


def test_a_call_that_is_cancelled_hands_its_permit_back() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = await greeted(clock)

        async def call() -> None:
            with await limiter.acquire(MODEL):
                await clock.sleep(60.0)

        task = asyncio.create_task(call())
        await clock.sleep(1.0)
        assert limiter.state()[0].in_flight == 1
        task.cancel()
        await asyncio.wait([task])
        assert limiter.state()[0].in_flight == 0

    run_virtually(main)


def test_a_configured_limit_is_held_over_all_models_of_a_key() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock, MODEL, OTHER)
        limiter.configure("acme", "k", Limits(requests_per_minute=600))
        started = clock.now()
        for key in [MODEL, OTHER] * 50:
            (await limiter.acquire(key)).done()
        return clock.now() - started

    assert 9.0 <= run_virtually(main) <= 10.0


def test_another_key_has_limits_of_its_own() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock)
        limiter.configure("acme", "another", Limits(requests_per_minute=1))
        started = clock.now()
        for _ in range(100):
            (await limiter.acquire(MODEL)).done()
        return clock.now() - started

    assert run_virtually(main) == 0.0


def test_of_two_runs_settings_the_tighter_holds_until_its_run_has_ended() -> None:
    async def main(clock: VirtualClock) -> tuple[float, float]:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=6000))
        tight = limiter.configure("acme", "k", Limits(requests_per_minute=600))
        waits = []
        for _ in range(2):
            started = clock.now()
            for _ in range(100):
                (await limiter.acquire(MODEL)).done()
            waits.append(clock.now() - started)
            tight.release() if len(waits) == 1 else None
        return waits[0], waits[1]

    tight, loose = run_virtually(main)
    assert 9.0 <= tight <= 10.0
    assert 0.1 <= loose <= 1.1


def test_tokens_are_counted_as_estimated_and_then_as_used() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(tokens_per_minute=6000))
        started = clock.now()
        for _ in range(11):
            (await limiter.acquire(MODEL, 100)).done(None, 300)
        return clock.now() - started

    assert 28.0 <= run_virtually(main) <= 31.0


def test_a_limit_told_by_headers_is_kept() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock, hints=told(600, 9, 0.1))
        started = clock.now()
        for _ in range(100):
            (await limiter.acquire(MODEL)).done()
        assert limiter.state()[0].requests_per_minute == pytest.approx(600)
        return clock.now() - started

    assert 9.0 <= run_virtually(main) <= 10.0


def test_a_budget_that_is_used_up_is_waited_for() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock, hints=told(600, 0, 20.0))
        started = clock.now()
        (await limiter.acquire(MODEL)).done()
        return clock.now() - started

    assert run_virtually(main) == pytest.approx(20.0, abs=0.01)


def test_what_others_used_of_a_budget_is_noticed() -> None:
    """An even budget of a minute's worth that somebody else has emptied gives one call at a time."""

    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock, hints=told(60, 0, 59.5))
        started = clock.now()
        (await limiter.acquire(MODEL)).done()
        return clock.now() - started

    assert 0.4 <= run_virtually(main) <= 1.1


def test_a_refusal_pauses_every_call_to_the_limit_as_long_as_told() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = await greeted(clock)
        permit, other = [await limiter.acquire(MODEL) for _ in range(2)]
        refused_at = clock.now()
        assert permit.refused(12.0) == pytest.approx(12.0)
        waiting = asyncio.create_task(limiter.acquire(MODEL))
        await clock.sleep(4.0)
        state = limiter.state()[0]
        assert (state.waiting, state.in_flight) == (1, 1)
        assert state.paused_for == pytest.approx(8.0)
        assert state.reason == "provider asked to wait 12 s"
        (await waiting).done()
        other.done()
        assert clock.now() - refused_at >= 12.0

    run_virtually(main)


def test_another_model_of_the_key_goes_on_until_it_is_refused_too() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = await greeted(clock, MODEL, OTHER)
        permit, other = await limiter.acquire(MODEL), await limiter.acquire(OTHER)
        permit.refused(30.0)
        started = clock.now()
        (await limiter.acquire(OTHER)).done()
        assert clock.now() == started
        other.refused(1.0)
        (await limiter.acquire(OTHER)).done()
        assert clock.now() - started >= 30.0

    run_virtually(main)


def test_a_pause_is_as_long_as_told() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock)
        return (await limiter.acquire(MODEL)).refused(900.0)

    assert run_virtually(main) == 900.0


def test_calls_refused_together_come_back_one_after_the_other_and_first() -> None:
    async def main(clock: VirtualClock) -> tuple[list[str], list[float]]:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=600))
        order: list[str] = []
        times: list[float] = []

        async def call(name: str, refusals: int) -> None:
            (await limiter.acquire(MODEL, refusals=refusals)).done()
            order.append(name)
            times.append(clock.now())

        refused = [await limiter.acquire(MODEL) for _ in range(5)]
        for permit in refused:
            permit.refused(2.0)
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(call(f"fresh {number}", 0))
            for number in range(5):
                group.create_task(call(f"refused {number}", 1))
        return order, times

    order, times = run_virtually(main)
    assert order == [f"refused {n}" for n in range(5)] + [f"fresh {n}" for n in range(5)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.04


def test_a_cancelled_waiter_takes_nothing_from_the_others() -> None:
    async def main(clock: VirtualClock) -> float:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=600))
        for _ in range(7):
            (await limiter.acquire(MODEL)).done()
        started = clock.now()
        tasks = [asyncio.create_task(limiter.acquire(MODEL)) for _ in range(40)]
        await asyncio.sleep(0)
        for task in tasks[:39]:
            task.cancel()
        (await tasks[39]).done()
        await asyncio.wait(tasks)
        return clock.now() - started

    assert run_virtually(main) <= 0.2


def test_a_permit_granted_to_a_call_that_is_cancelled_at_that_moment_is_not_lost() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = Limiter(clock)
        first = await limiter.acquire(MODEL)
        waiting = asyncio.create_task(limiter.acquire(MODEL))
        await clock.sleep(1.0)
        first.done()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert limiter.state()[0].in_flight == 0
        assert limiter.state()[0].waiting == 0

    run_virtually(main)


def test_a_call_that_ends_while_waiting_ones_are_being_cancelled_disturbs_nothing() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = Limiter(clock)
        first = await limiter.acquire(MODEL)
        waiting = [asyncio.create_task(limiter.acquire(MODEL)) for _ in range(3)]
        await clock.sleep(1.0)
        for task in waiting:
            task.cancel()
        first.done()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
        assert (limiter.state()[0].waiting, limiter.state()[0].in_flight) == (0, 0)

    run_virtually(main)


def test_when_nobody_waits_any_more_no_timer_is_left() -> None:
    async def main(clock: VirtualClock) -> None:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=1))
        (await limiter.acquire(MODEL)).done()
        task = asyncio.create_task(limiter.acquire(MODEL))
        await clock.sleep(1.0)
        assert clock.timers == 1
        task.cancel()
        await asyncio.wait([task])
        assert clock.timers == 0

    run_virtually(main)


def test_a_wait_for_a_configured_limit_says_so() -> None:
    async def main(clock: VirtualClock) -> str | None:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=30))
        (await limiter.acquire(MODEL)).done()
        task = asyncio.create_task(limiter.acquire(MODEL))
        await clock.sleep(0.1)
        reason = limiter.state()[0].reason
        (await task).done()
        return reason

    assert run_virtually(main) == "rate limit of 30 requests a minute"


def test_with_nothing_to_go_by_one_call_at_a_time_finds_out() -> None:
    async def main(clock: VirtualClock) -> list[int]:
        limiter = await greeted(clock)
        in_flight: list[int] = []

        async def call() -> None:
            refusals = 0
            while True:
                permit = await limiter.acquire(MODEL, refusals=refusals)
                if refusals:
                    in_flight.append(limiter.state()[0].in_flight)
                await clock.sleep(0.1)
                if clock.now() > closed_until:
                    return permit.done()
                permit.refused()
                refusals += 1

        closed_until = clock.now() + 10.0
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(call())
        return in_flight[:4]

    assert run_virtually(main) == [1, 1, 1, 1]


def test_the_system_clock_keeps_real_time() -> None:
    async def main() -> Iterator[float]:
        clock = SystemClock()
        fired = asyncio.Event()
        before = clock.now()
        clock.call_later(0.0, fired.set)
        clock.call_later(0.0, fired.clear).cancel()
        await fired.wait()
        await clock.sleep(0.0)
        return iter((before, clock.now()))

    before, after = asyncio.run(main())
    assert after >= before


# Properties

rates = st.integers(20, 3000)
moments = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 2.0)), min_size=1, max_size=40)


def started_at(moments: Sequence[tuple[float, float]], limits: Limits | None, hints: LimitHints | None) -> list[float]:
    """When calls start that come after a gap each and take a while each."""

    async def main(clock: VirtualClock) -> list[float]:
        limiter = await greeted(clock, hints=hints)
        if limits is not None:
            limiter.configure("acme", "k", limits)
        starts: list[float] = []

        async def call(duration: float) -> None:
            with await limiter.acquire(MODEL) as permit:
                starts.append(clock.now())
                await clock.sleep(duration)
                permit.done()

        async with asyncio.TaskGroup() as group:
            for gap, duration in moments:
                await clock.sleep(gap if gap > 1.0 else 0.0)
                group.create_task(call(duration))
        return starts

    return run_virtually(main)


@settings(deadline=None, max_examples=60)
@given(per_minute=rates, moments=moments)
def test_no_window_is_above_a_configured_limit(per_minute: int, moments: list[tuple[float, float]]) -> None:
    starts = started_at(moments, Limits(requests_per_minute=per_minute), None)
    assert most_above(starts, per_minute / 60) <= max(1.0, per_minute / 60) + 1e-6


@settings(deadline=None, max_examples=60)
@given(per_minute=rates, moments=moments)
def test_no_window_is_above_a_limit_that_was_told(per_minute: int, moments: list[tuple[float, float]]) -> None:
    starts = started_at(moments, None, told(per_minute, per_minute))
    assert most_above(starts, per_minute / 60) <= max(1.0, per_minute / 60) + 1e-6


@settings(deadline=None, max_examples=60)
@given(
    per_minute=st.one_of(st.none(), rates),
    refusals=st.lists(st.one_of(st.none(), st.floats(0.0, 40.0)), max_size=60),
    pattern=st.lists(st.booleans(), max_size=60),
    calls=st.integers(1, 20),
)
def test_any_pattern_of_refusals_ends_and_every_call_gets_its_turn(
    per_minute: int | None, refusals: list[float | None], pattern: list[bool], calls: int
) -> None:
    """Refusals come in any pattern, with and without a time to wait; afterwards every call is accepted."""
    waits, outcomes = iter(refusals), iter(pattern)

    async def main(clock: VirtualClock) -> int:
        limiter = await greeted(clock)
        if per_minute is not None:
            limiter.configure("acme", "k", Limits(requests_per_minute=per_minute))

        async def call(key: LimitKey) -> int:
            refused = 0
            while True:
                permit = await limiter.acquire(key, 10, refusals=refused)
                await clock.sleep(0.05)
                if not next(outcomes, False):
                    permit.done()
                    return 1
                permit.refused(next(waits, None))
                refused += 1

        async with asyncio.timeout(3600.0 * 6):
            done = await asyncio.gather(*(call((MODEL, OTHER)[number % 2]) for number in range(calls)))
        return sum(done)

    assert run_virtually(main) == calls


@settings(deadline=None, max_examples=60)
@given(per_minute=rates, calls=st.integers(2, 30), cancelled=st.sets(st.integers(0, 29)))
def test_calls_start_in_the_order_of_their_coming(per_minute: int, calls: int, cancelled: set[int]) -> None:
    async def main(clock: VirtualClock) -> list[int]:
        limiter = await greeted(clock)
        limiter.configure("acme", "k", Limits(requests_per_minute=per_minute))
        order: list[int] = []

        async def call(number: int) -> None:
            permit: Permit = await limiter.acquire(MODEL)
            order.append(number)
            permit.done()

        tasks = [asyncio.create_task(call(number)) for number in range(calls)]
        await asyncio.sleep(0)
        for number in cancelled & set(range(calls)):
            tasks[number].cancel()
        await asyncio.wait(tasks)
        assert limiter.state()[0].waiting == 0
        return order

    order = run_virtually(main)
    assert order == sorted(order)
    assert set(range(calls)) - cancelled <= set(order)
