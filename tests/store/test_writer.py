"""The writer: what it says is stored is stored, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from tests.store.conftest import Clock
from tests.store.making import NEVER, QUICK, Counts, answer, failed, first, make_run, scored, started

from lattice.core.errors import ClaimLost, StoreError
from lattice.core.runs import Progress, RunRecord, RunStatus, StopRequest
from lattice.core.trials import Response, TrialKey
from lattice.store import ResultStatus, RunWriter, Store, open_store
from lattice.store.schema import runs

ROOT = Path(__file__).parents[2]


def within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await work

    asyncio.run(bounded())


def test_what_is_awaited_is_stored(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        await writer.put_response(first(1), answer())
        assert store.stored_response(run.key, first(1)) == answer()
        assert await writer.put_result(scored(first(1))) == 1
        assert await writer.put_result(failed(first(2))) == 2
        assert [row.seq for row in store.results(run.key)] == [1, 2]
        await writer.close()

    within(10, carry_out())


def test_the_runs_row_says_what_is_committed(store: Store, clock: Clock) -> None:
    run, counts = make_run(store), Counts(10)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key), counts)
        await asyncio.gather(*(writer.put_response(first(position), answer()) for position in range(1, 9)))
        results = [scored(first(1)), scored(first(2)), failed(first(3))]
        assert await asyncio.gather(*map(writer.put_result, results)) == [1, 2, 3]
        clock.advance(5)
        row = store.run(run.key)
        assert (row.progress, row.seq) == (Progress(total=10, done=3, successful=2, failed=1), 3)
        assert (row.elapsed, row.live) == (1.5, {"responses": 8})
        clock.advance(5)
        await writer.finish(RunStatus.COMPLETED, stopped="budget", failure={"kind": "quota"}, summary={"mean": 0.5})
        await writer.close()

    within(10, carry_out())
    row = store.run(run.key)
    assert (row.status, row.stopped, row.failure, row.summary) == (
        RunStatus.COMPLETED,
        "budget",
        {"kind": "quota"},
        {"mean": 0.5},
    )
    assert (row.finished_at, row.claim, row.interrupted) == (clock.now, None, False)


def test_results_that_come_together_are_committed_together(store: Store) -> None:
    run, counts = make_run(store, inputs=300), Counts(300)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key), counts)
        seqs = await asyncio.gather(*(writer.put_result(scored(first(position))) for position in range(1, 301)))
        assert seqs == list(range(1, 301))
        await writer.close()

    within(10, carry_out())
    assert store.run(run.key).progress.done == 300


def test_a_failed_result_stays_until_the_new_one_comes(store: Store) -> None:
    run, counts = make_run(store), Counts(10)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key), counts)
        await writer.put_result(failed(first(1)))
        await writer.put_result(scored(first(2)))
        await writer.close()
        writer = started(store, run, store.claim(run.key), counts)
        await writer.put_response(first(1), answer())
        assert [row.status for row in store.results(run.key)] == [ResultStatus.FAILED, ResultStatus.SCORED]
        assert await writer.put_result(scored(first(1))) == 3
        await writer.close()

    within(10, carry_out())
    row = store.result(run.key, first(1))
    assert row is not None
    assert (row.seq, row.failure, row.attempts, row.latency) == (3, None, 1, 0.5)
    assert counts.replaced == [None, None, ResultStatus.FAILED]
    assert store.run(run.key).progress == Progress(total=10, done=2, successful=2, failed=0)


def test_a_response_of_an_earlier_session_counts_with_its_result(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        await writer.put_response(first(1), answer(latency=0.75))
        await writer.close()
        writer = started(store, run, store.claim(run.key))
        await writer.put_result(scored(first(1)))
        await writer.close()

    within(10, carry_out())
    row = store.result(run.key, first(1))
    assert row is not None
    assert (row.latency, row.target_cost, row.target_usage.total_tokens) == (0.75, 0.002, 30)


def test_an_activity_is_saved_without_anything_else_to_store(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        writer.set_activity({"in_flight": 3, "draining": True})
        await until(lambda: store.run(run.key).activity == {"in_flight": 3, "draining": True})
        assert store.run(run.key).draining
        await writer.close()

    within(10, carry_out())


def test_an_idle_writer_gives_signs_of_life(store: Store, clock: Clock) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        claim = store.claim(run.key)
        writer = started(store, run, claim, pace=QUICK)
        clock.advance(7)
        await until(lambda: (store.run(run.key).claim or claim).heartbeat == clock.now)
        await writer.close()

    within(10, carry_out())


def test_a_request_to_stop_from_another_process_reaches_the_loop(store: Store, url: str) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        asked: asyncio.Queue[StopRequest] = asyncio.Queue()
        writer = store.writer(run.key, store.claim(run.key), Counts(), on_stop=asked.put_nowait, pace=NEVER)
        writer.start()
        with open_store(url) as other:
            other.request_stop(run.key, StopRequest.DRAIN)
            assert await asked.get() is StopRequest.DRAIN
            other.request_stop(run.key, StopRequest.ABORT)
            assert await asked.get() is StopRequest.ABORT
        await writer.put_result(scored(first(1)))
        assert asked.empty()
        await writer.close()

    within(10, carry_out())


def test_a_request_made_before_the_writer_started_is_not_lost(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        claim = store.claim(run.key)
        store.request_stop(run.key, StopRequest.DRAIN)
        asked: asyncio.Queue[StopRequest] = asyncio.Queue()
        writer = store.writer(run.key, claim, Counts(), on_stop=asked.put_nowait)
        writer.start()
        assert await asked.get() is StopRequest.DRAIN
        await writer.close()

    within(10, carry_out())


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_that_is_left_to_be_resumed_reads_as_interrupted_at_once(store: Store, finished: bool) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        waiting = writer.put_result(scored(first(1)))
        if finished:
            await writer.finish(RunStatus.RUNNING)
        await writer.close()
        assert await waiting == 1

    within(10, carry_out())
    row = store.run(run.key)
    assert (row.status, row.interrupted, row.claim is None, row.finished_at) == (RunStatus.RUNNING, True, False, None)
    store.claim(run.key)


def test_another_process_that_took_over_ends_the_writer(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        broken: asyncio.Queue[StoreError] = asyncio.Queue()
        writer = store.writer(run.key, store.claim(run.key), Counts(), on_error=broken.put_nowait, pace=NEVER)
        writer.start()
        await writer.put_result(scored(first(1)))
        take_over(store, run)
        assert isinstance(await broken.get(), ClaimLost)
        with pytest.raises(ClaimLost, match="taken this run over"):
            await writer.put_response(first(2), answer())
        with pytest.raises(ClaimLost):
            await writer.finish(RunStatus.COMPLETED)
        await writer.close()

    within(10, carry_out())
    assert store.stored_response(run.key, first(2)) is None
    assert store.run(run.key).status is RunStatus.RUNNING


def take_over(store: Store, run: RunRecord) -> None:
    with store._database.write() as connection:
        connection.execute(update(runs).where(runs.c.key == run.key).values(claim_token="another"))


def test_nothing_is_written_with_a_lost_claim(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        slow = store.writer(run.key, store.claim(run.key), Counts(), pace=NEVER)
        take_over(store, run)
        slow.start()
        with pytest.raises(ClaimLost):
            await slow.put_result(scored(first(1)))
        await slow.close()

    within(10, carry_out())
    assert store.count_results(run.key) == 0


def test_a_full_disk_is_said_and_what_was_committed_stays(sqlite: str, clock: Clock) -> None:
    store = open_store(sqlite, clock=clock)
    run = make_run(store)

    async def carry_out() -> None:
        broken: asyncio.Queue[StoreError] = asyncio.Queue()
        limit_growth(store, pages=20)
        writer = store.writer(run.key, store.claim(run.key), Counts(), on_error=broken.put_nowait)
        writer.start()
        await writer.put_result(scored(first(1)))
        with pytest.raises(StoreError, match="the disk is full"):
            await writer.put_response(first(2), answer("x" * 200_000))
        assert "the disk is full" in str(await broken.get())
        with pytest.raises(StoreError, match="the disk is full"):
            await writer.put_result(scored(first(3)))
        await writer.close()

    within(10, carry_out())
    assert first(1) in set(store.finished(run.key))
    assert store.run(run.key).seq == store.count_results(run.key)
    store.close()


def limit_growth(store: Store, *, pages: int) -> None:
    with store._database.read() as connection:
        most = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + pages

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(store._database._engine, "checkout", limit)


@contextmanager
def locked(store: Store, run: RunRecord) -> Iterator[None]:
    """Another process that changes the run's row and takes its time."""
    with store._database.write() as connection:
        connection.execute(update(runs).where(runs.c.key == run.key).values(tags=None))
        yield


def test_a_store_that_is_busy_for_a_while_is_waited_for(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key), pace=QUICK)
        with locked(store, run):
            waiting = writer.put_result(scored(first(1)))
            store.run(run.key)
            assert not waiting.done()
        assert await waiting == 1
        await writer.close()

    within(10, carry_out())


def test_a_store_that_stays_locked_is_given_up(store: Store, url: str) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        with open_store(f"{url}{'&' if '?' in url else '?'}busy_timeout=0.1") as hasty:
            writer = started(hasty, run, hasty.claim(run.key))
            with locked(store, run):
                with pytest.raises(StoreError, match=r"locked by another process for 0\.1 s"):
                    await writer.put_result(scored(first(1)))
                await writer.close()

    within(10, carry_out())


class Broken(Counts):
    def add_response(self, key: TrialKey, response: Response) -> None:
        raise ZeroDivisionError("a mistake in the totals")


def test_a_mistake_in_the_totals_leaves_nobody_waiting(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key), Broken())
        for _ in range(2):
            with pytest.raises(StoreError, match="ZeroDivisionError: a mistake in the totals"):
                await writer.put_response(first(1), answer())
        await writer.close()

    within(10, carry_out())


def test_a_closed_writer_takes_nothing_more(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        await writer.close()
        await writer.close()
        with pytest.raises(StoreError, match="has been closed"):
            await writer.put_response(first(1), answer())

    within(10, carry_out())


def test_a_writer_that_was_never_started_closes(store: Store) -> None:
    run = make_run(store)
    writer: RunWriter = store.writer(run.key, store.claim(run.key), Counts())
    within(10, writer.close())
    with pytest.raises(RuntimeError, match="not been started"):
        writer.put_response(first(1), answer())


DYING = """
import asyncio, sys
from lattice.store import open_store
from tests.store.making import *

async def main():
    store = open_store(sys.argv[1])
    run = store.find_run("latest")
    writer = started(store, run, store.claim(run.key), Counts(5000))

    async def trial(position):
        await writer.put_response(first(position), answer())
        print("response", position, flush=True)
        print("result", position, await writer.put_result(scored(first(position))), flush=True)

    waiting = iter(range(1, 5001))
    async def worker():
        for position in waiting:
            await trial(position)
    await asyncio.gather(*(worker() for _ in range(16)))

asyncio.run(main())
"""


def test_what_a_killed_process_reported_is_there(store: Store, url: str) -> None:
    run = make_run(store, inputs=5000)
    command = [sys.executable, "-c", DYING, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(500)]
        process.kill()
        lines += process.stdout.readlines()
    reported = [line.split() for line in lines if line.endswith("\n")]
    seqs = {row.key.position: row.seq for row in store.iterate_results(run.key)}
    for kind, position, *seq in reported:
        assert store.stored_response(run.key, first(int(position))) is not None
        if kind == "result":
            assert seqs[int(position)] == int(seq[0])
    row = store.run(run.key)
    assert (row.interrupted, row.progress.done, row.seq) == (True, len(seqs), len(seqs))
    assert sorted(seqs.values()) == list(range(1, len(seqs) + 1))


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop go round until something holds; the caller bounds the time."""
    while not holds():  # noqa: ASYNC110 - another thread commits, and no event tells of it
        await asyncio.sleep(0)
