"""A store in a few numbers, whichever database it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select
from tests.store.conftest import Clock
from tests.store.making import failed, first, make_run, scored, write

from lattice.store import Store, open_store
from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.measuring import Waiting
from lattice.store.schema import alert_states, attempts, evaluations, notifications, queue, schedules


@pytest.fixture
def database(store: Store, url: str) -> Iterator[Database]:
    opened = Database(dialect_of(url))
    yield opened
    opened.close()


def carried_out(store: Store, name: str = "Answers") -> int:
    run = make_run(store, inputs=3, name=name)
    asyncio.run(write(store, run, [scored(first(1)), scored(first(2)), failed(first(3))]))
    return run.key


def fail_calls(database: Database, run_key: int, count: int, kind: str = "timeout") -> None:
    row = {"run_key": run_key, "position": 3, "target": 0, "repeat": 0, "step": "target", "number": 1, "allowed": 3}
    with database.write() as connection:
        connection.execute(insert(attempts), [{**row, "kind": kind, "at": 1.0, "message": "…"} for _ in range(count)])


def test_runs_and_trials_are_counted(store: Store) -> None:
    carried_out(store)
    carried_out(store)
    make_run(store, inputs=3, name="Answers")
    (measured,) = store.measures.take().evaluations
    assert measured.slug == "answers"
    assert {status: number for status, number in measured.runs.items() if number} == {"completed": 2, "pending": 1}
    assert (measured.successful, measured.failed) == (4, 2)
    assert dict(measured.figures) == {"runs": 2, "results": 6, "seconds": 3.0}


def test_failed_calls_are_counted_once_however_often_one_looks(store: Store, database: Database, url: str) -> None:
    before = carried_out(store)
    fail_calls(database, before, 2)
    assert store.measures.take().evaluations[0].figures["attempts target timeout"] == 2
    after = carried_out(store)
    fail_calls(database, after, 3)
    fail_calls(database, after, 1, "rate_limit")
    for _ in range(2):
        figures = store.measures.take().evaluations[0].figures
        assert (figures["attempts target timeout"], figures["attempts target rate_limit"]) == (5, 1)
    with open_store(url) as another:
        assert another.measures.take().evaluations[0].figures == figures
    store.delete_run(before)
    assert store.measures.take().evaluations[0].figures == figures


def test_an_evaluation_without_runs_has_what_its_deleted_ones_had_brought(store: Store) -> None:
    key = carried_out(store)
    store.measures.take()
    store.delete_run(key)
    (measured,) = store.measures.take().evaluations
    assert (dict(measured.runs), measured.successful) == ({}, 0)
    assert measured.figures["results"] == 3


def test_what_waits_is_told_with_how_long_the_first_has(store: Store, clock: Clock, database: Database) -> None:
    carried_out(store)
    now = clock.now.timestamp()
    with database.write() as connection:
        of = {"evaluation_key": connection.execute(select(evaluations.c.key)).scalar_one()}
        connection.execute(insert(queue), [{"run_id": str(n), "queued_at": now - n} for n in (5, 20)])
        connection.execute(insert(queue).values(run_id="taken", queued_at=now - 60, claim_token="t"))
        plan = {
            "file": "",
            "host": "here",
            "cron": "0 2 * * *",
            "timezone": "UTC",
            "catch_up": "once",
            "overlap": "skip",
        }
        connection.execute(insert(schedules).values(id="1", created_at=now, next_at=now - 90, **of, **plan))
        connection.execute(insert(alert_states).values(alert="a", state="firing", since=now, **of))
        message = {**of, "kind": "alert", "title": "", "body": "", "channel": "1"}
        for number, (next_at, sent_at) in enumerate([(None, now), (now + 60, None), (None, None)]):
            times = {"created_at": now - 10, "next_at": next_at, "sent_at": sent_at}
            connection.execute(insert(notifications).values(id=str(number), **message, **times))
    measured = store.measures.take()
    assert measured.queue == Waiting(count=2, seconds=20.0)
    assert measured.schedules == {"active": 1}
    assert measured.due == measured.late == Waiting(count=1, seconds=90.0)
    assert measured.notifications == {"sent": 1, "pending": 1, "failed": 1}
    assert measured.pending == Waiting(count=1, seconds=10.0)
    assert measured.alerts == {"firing": 1}


def test_what_running_runs_do_is_told(store: Store) -> None:
    store.claim(make_run(store).key)
    measured = store.measures.take()
    assert measured.activities == ({},)
    assert measured.evaluations[0].runs["running"] == 1
