"""The queue of runs: in order, never more than may be, and nothing lost with whoever had taken it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.store.conftest import Clock
from tests.store.making import make_run

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.store import QueuePlace, Store, Turn, open_store
from lattice.store.queueing import MOST_RESUMES, Stage
from lattice.store.schema import queue, runs

ROOT = Path(__file__).parents[2]

TAKING = """
import sys
from lattice.store import open_store
with open_store(sys.argv[1]) as store:
    turn = store.queue.take(int(sys.argv[2]))
    if turn is not None and sys.argv[3] == "begin":
        store.claim(store.find_run(turn.run_id).key, turn=turn.token)
    print("" if turn is None else turn.run_id, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another(url: str, most: int, *, then: str = "hold") -> Iterator[str]:
    """Another process that takes a turn, and begins with it or just holds it, until this ends; gives the run's id."""
    command = [sys.executable, "-c", TAKING, url, str(most), then]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def queued(store: Store, count: int) -> list[RunRecord]:
    records = [make_run(store) for _ in range(count)]
    for record in records:
        store.queue.put(record, {})
    return records


def taken(store: Store, most: int = 9) -> Turn:
    turn = store.queue.take(most)
    assert turn is not None
    return turn


def begun(store: Store, record: RunRecord, turn: Turn) -> None:
    store.claim(record.key, turn=turn.token)


def heard_elsewhere(store: Store) -> None:
    """As if everything that holds something were on another machine."""
    with store._database.write() as connection:
        connection.execute(update(queue).values(claim_host="elsewhere"))
        connection.execute(update(runs).where(runs.c.claim_token.is_not(None)).values(claim_host="elsewhere"))


def test_runs_wait_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    first, second, third = queued(store, 3)
    assert store.queue.place_of(second.id) == QueuePlace(position=2, length=3)
    assert [taken(store).run_id for _ in range(3)] == [first.id, second.id, third.id]
    assert store.queue.take(9) is None


def test_what_a_run_is_to_be_resumed_with_waits_with_it(store: Store) -> None:
    record = make_run(store)
    store.queue.put(record, {"failed": True, "budget_usd": 1.5})
    assert taken(store).settings == {"failed": True, "budget_usd": 1.5}


def test_no_more_are_taken_than_may_be_carried_out_at_once(store: Store) -> None:
    first, second, _ = queued(store, 3)
    turn = taken(store, 2)
    begun(store, first, turn)
    assert taken(store, 2).run_id == second.id
    assert store.queue.take(2) is None
    store.queue.leave(turn.token)
    assert store.queue.take(2) is not None


def test_a_run_that_has_ended_makes_room_even_if_nobody_says_so(store: Store) -> None:
    first, _ = queued(store, 2)
    turn = taken(store, 1)
    claim = store.claim(first.key, turn=turn.token)
    assert store.queue.take(1) is None
    store.release(first.key, claim, RunStatus.COMPLETED)
    assert store.queue.take(1) is not None


def test_a_run_waits_once(store: Store) -> None:
    (record,) = queued(store, 1)
    with pytest.raises(UsageError, match="answers-of-the-bot#1 waits in the queue already"):
        store.queue.put(record, {})
    turn = taken(store)
    with pytest.raises(UsageError, match="is being started already"):
        store.queue.put(record, {})
    begun(store, record, turn)
    with pytest.raises(UsageError, match="is running already"):
        store.queue.put(record, {})


def test_a_run_that_has_ended_can_be_asked_for_again_at_once(store: Store) -> None:
    (record,) = queued(store, 1)
    turn = taken(store)
    store.release(record.key, store.claim(record.key, turn=turn.token), RunStatus.CANCELLED)
    store.queue.put(record, {"failed": True})
    assert store.queue.place_of(record.id) == QueuePlace(position=1, length=1)
    store.queue.leave(turn.token)
    assert store.queue.place_of(record.id) is not None


def test_the_queue_survives_a_restart(store: Store, url: str) -> None:
    records = queued(store, 2)
    with open_store(url) as again:
        assert [entry.run_id for entry in again.queue.waiting()] == [record.id for record in records]


def test_of_many_that_take_at_once_each_gets_another_and_never_too_many(store: Store, url: str) -> None:
    queued(store, 8)

    def take(_: int) -> Turn | None:
        with open_store(url) as mine:
            return mine.queue.take(5)

    with ThreadPoolExecutor(8) as hands:
        turns = [turn for turn in hands.map(take, range(8)) if turn is not None]
    assert len({turn.run_id for turn in turns}) == len(turns) == 5


def test_what_was_taken_by_a_process_that_is_gone_is_taken_again(store: Store, url: str) -> None:
    (record,) = queued(store, 1)
    with another(url, 9) as run_id:
        assert run_id == record.id
        assert store.queue.take(9) is None
        assert store.queue.place_of(record.id) is None
    assert store.queue.place_of(record.id) == QueuePlace(position=1, length=1)
    assert taken(store).run_id == record.id


def test_a_late_process_of_a_turn_that_is_over_does_not_begin(store: Store) -> None:
    (record,) = queued(store, 1)
    late = taken(store)
    store.queue.put_back(late.token)
    turn = taken(store)
    with pytest.raises(UsageError, match="was taken out of the queue, or another process starts it"):
        store.claim(record.key, turn=late.token)
    begun(store, record, turn)
    assert [entry.stage for entry in store.queue.entries()] == [Stage.CARRIED_OUT]


def test_a_taker_on_another_machine_lives_as_long_as_it_gives_signs_of_life(store: Store, clock: Clock) -> None:
    queued(store, 1)
    turn = taken(store)
    heard_elsewhere(store)
    clock.advance(29)
    store.queue.keep([turn.token])
    clock.advance(29)
    assert store.queue.take(9) is None
    clock.advance(2)
    assert taken(store).run_id == turn.run_id


def test_a_run_that_is_started_in_a_terminal_leaves_the_queue(store: Store) -> None:
    (record,) = queued(store, 1)
    store.claim(record.key)
    assert store.queue.entries() == []


def test_a_run_goes_on_by_itself_when_its_process_and_its_starter_are_gone(store: Store, url: str) -> None:
    (record,) = queued(store, 1)
    for _ in range(MOST_RESUMES):
        with another(url, 9, then="begin"):
            assert not store.run(record.key).interrupted
            assert store.queue.take(9) is None
        assert store.run(record.key).interrupted
        assert store.queue.place_of(record.id) is not None
    with another(url, 9, then="begin") as run_id:
        assert run_id == record.id


def test_a_run_that_takes_everything_along_each_time_is_left_alone(store: Store, url: str) -> None:
    (record,) = queued(store, 1)
    for _ in range(MOST_RESUMES + 1):
        with another(url, 9, then="begin") as run_id:
            assert run_id == record.id
    assert store.queue.place_of(record.id) is None
    assert store.queue.take(9) is None
    assert store.run(record.key).interrupted
    assert store.queue.entries() == []


def test_a_run_that_goes_on_without_its_starter_counts(store: Store, url: str) -> None:
    first, second = queued(store, 2)
    with another(url, 1, then="hold"):
        pass
    turn = taken(store, 1)
    begun(store, first, turn)
    with store._database.write() as connection:
        # No process has this number.
        connection.execute(update(queue).where(queue.c.run_id == first.id).values(claim_pid=2**22 + 1))
    assert store.queue.take(1) is None
    assert taken(store, 2).run_id == second.id


def test_what_is_put_back_stands_where_it_stood(store: Store) -> None:
    first, _ = queued(store, 2)
    turn = taken(store)
    store.release(first.key, store.claim(first.key, turn=turn.token), RunStatus.RUNNING)
    store.queue.put_back(turn.token)
    assert store.queue.place_of(first.id) == QueuePlace(position=1, length=2)
    assert store.queue.waiting()[0].resumes == 0


def test_a_run_that_ended_meanwhile_is_not_put_back(store: Store) -> None:
    (record,) = queued(store, 1)
    turn = taken(store)
    store.release(record.key, store.claim(record.key, turn=turn.token), RunStatus.COMPLETED)
    store.queue.put_back(turn.token)
    store.queue.put_back("no such turn")
    assert store.queue.take(9) is None


def test_withdrawing_says_whether_there_was_anything_to_withdraw(store: Store) -> None:
    first, second = queued(store, 2)
    turn = taken(store)
    assert store.queue.withdraw(second.id)
    assert not store.queue.withdraw(second.id)
    assert store.queue.withdraw(first.id)
    with pytest.raises(UsageError, match="taken out of the queue"):
        store.claim(first.key, turn=turn.token)
    assert store.run(first.key).status is RunStatus.PENDING


def test_a_deleted_run_waits_no_more(store: Store) -> None:
    first, second = queued(store, 2)
    store.delete_run(first.key)
    assert store.queue.place_of(second.id) == QueuePlace(position=1, length=1)
    with store._database.read() as connection:
        assert connection.execute(select(queue.c.run_id)).scalars().all() == [second.id]
