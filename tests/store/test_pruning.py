"""Old runs go, what somebody needs stays, and sums over all runs stay as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from tests.store.conftest import Clock
from tests.store.making import failed, first, make_run, scored, write

from lattice.core.errors import StoreError, UsageError
from lattice.core.runs import RunRecord
from lattice.store import Store
from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.pruning import OldRun, Reason, Selection
from lattice.store.schema import (
    RUN_CHILDREN,
    baselines,
    deliveries,
    evaluations,
    input_sets,
    inputs,
    orders,
    queue,
    retired,
    versions,
)
from lattice.store.text import decode_mapping

DAY = 86_400.0


@pytest.fixture
def database(store: Store, url: str) -> Iterator[Database]:
    opened = Database(dialect_of(url))
    yield opened
    opened.close()


def ended(store: Store, clock: Clock, days_ago: float, **changes: object) -> RunRecord:
    """A run of three trials that ended so many days ago."""
    now = clock.now
    clock.advance(-days_ago * DAY)
    run = make_run(store, inputs=3, **changes)  # type: ignore[arg-type]
    asyncio.run(write(store, run, [scored(first(1)), scored(first(2)), failed(first(3))]))
    clock.now = now
    return store.run(run.key)


def selected(store: Store, clock: Clock, days: float = 90, keep_last: int = 1) -> Selection:
    return store.pruning.select(clock.now - timedelta(days=days), keep_last=keep_last)


def numbers(going: tuple[OldRun, ...]) -> list[int]:
    return [run.number for run in going]


def count(database: Database, table: object) -> int:
    with database.read() as connection:
        found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    return found


def test_old_runs_go_with_all_they_have_and_the_others_stay(store: Store, clock: Clock, database: Database) -> None:
    for days_ago in (200, 100, 50, 1):
        ended(store, clock, days_ago)
    found = selected(store, clock)
    assert numbers(found.going) == [2, 1]
    assert found.kept == {}
    assert [store.pruning.delete(run) for run in found.going] == [True, True]
    assert [run.number for run in store.runs()] == [4, 3]
    assert count(database, RUN_CHILDREN[3]) == 6


def test_the_last_runs_of_an_evaluation_stay_however_old_they_are(store: Store, clock: Clock) -> None:
    for days_ago in (400, 300, 200):
        ended(store, clock, days_ago)
    assert numbers(selected(store, clock).going) == [2, 1]
    found = selected(store, clock, keep_last=2)
    assert (numbers(found.going), found.kept) == ([1], {Reason.LAST: 2})
    assert numbers(selected(store, clock, keep_last=0).going) == [3, 2, 1]


def test_baselines_and_queued_runs_stay(store: Store, clock: Clock, database: Database) -> None:
    runs = [ended(store, clock, days_ago) for days_ago in (400, 300, 200)]
    with database.write() as connection:
        of = connection.execute(select(evaluations.c.key)).scalar_one()
        connection.execute(insert(baselines).values(evaluation_key=of, run_id=runs[0].id, set_at=0.0))
        connection.execute(insert(queue).values(run_id=runs[1].id, queued_at=0.0))
    found = selected(store, clock)
    assert (found.going, found.kept) == ((), {Reason.BASELINE: 1, Reason.QUEUED: 1, Reason.LAST: 1})


def test_a_run_that_was_pinned_since_it_was_selected_stays(store: Store, clock: Clock, database: Database) -> None:
    runs = [ended(store, clock, days_ago) for days_ago in (400, 300)]
    (old,) = selected(store, clock).going
    with database.write() as connection:
        of = connection.execute(select(evaluations.c.key)).scalar_one()
        connection.execute(insert(baselines).values(evaluation_key=of, run_id=runs[0].id, set_at=0.0))
    assert not store.pruning.delete(old)
    assert not store.pruning.clear(old)
    assert len(store.runs()) == 2


def test_a_run_whose_responses_a_kept_run_scores_stays(store: Store, clock: Clock) -> None:
    origin = ended(store, clock, 400)
    ended(store, clock, 300)
    ended(store, clock, 10, origin=origin.id)
    found = selected(store, clock)
    assert (numbers(found.going), found.kept) == ([2], {Reason.RESPONSES: 1})


def test_a_run_goes_together_with_the_one_that_scores_its_responses(store: Store, clock: Clock) -> None:
    origin = ended(store, clock, 400)
    ended(store, clock, 300, origin=origin.id)
    ended(store, clock, 10)
    found = selected(store, clock)
    assert numbers(found.going) == [2, 1]
    assert all(store.pruning.delete(run) for run in found.going)


def test_pending_and_running_runs_stay(store: Store, clock: Clock) -> None:
    now = clock.now
    clock.advance(-400 * DAY)
    make_run(store)
    store.claim(make_run(store).key)
    clock.now = now
    ended(store, clock, 1)
    assert selected(store, clock) == Selection(going=(), kept={Reason.UNFINISHED: 2})


def test_only_runs_that_have_texts_are_cleared(store: Store, clock: Clock) -> None:
    for days_ago in (300, 200, 1):
        ended(store, clock, days_ago)
    moment = clock.now - timedelta(days=90)
    found = store.pruning.select(moment, keep_last=1, with_contents=True)
    assert all(store.pruning.clear(run) for run in found.going)
    assert store.pruning.select(moment, keep_last=1, with_contents=True).going == ()
    assert numbers(selected(store, clock).going) == [2, 1]
    assert store.run(found.going[0].key).progress.done == 3


def test_versions_and_inputs_that_nothing_needs_are_swept(store: Store, clock: Clock, database: Database) -> None:
    old = ended(store, clock, 300)
    now = clock.now
    clock.advance(-300 * DAY)
    unused = make_run(store, inputs=7)
    clock.now = now
    ended(store, clock, 1, name="Another")
    for run in (old, unused):
        store.delete_run(run.key)
    swept = store.pruning.sweep(clock.now - timedelta(days=90))
    # The newest version of an evaluation stays: it says what the evaluation is.
    assert (swept.versions, swept.input_sets) == (1, 0)
    assert (count(database, versions), count(database, input_sets), count(database, inputs)) == (2, 2, 10)


def test_inputs_that_no_version_has_go_once_they_are_old(store: Store, clock: Clock, database: Database) -> None:
    run = ended(store, clock, 300)
    with database.write() as connection:
        connection.execute(versions.update().values(created_at=0.0))
    store.delete_run(run.key)
    with database.write() as connection:
        connection.execute(versions.delete())
    assert store.pruning.sweep(clock.now - timedelta(days=400)).input_sets == 0
    assert store.pruning.sweep(clock.now - timedelta(days=90)).input_sets == 1
    assert count(database, inputs) == 0
    assert make_run(store, inputs=3).input_count == 3


def test_old_orders_and_deliveries_go(store: Store, clock: Clock, database: Database) -> None:
    run = ended(store, clock, 1)
    moment = clock.now.timestamp()
    with database.write() as connection:
        of = connection.execute(select(evaluations.c.key)).scalar_one()
        for name, at in (("old", moment - 100 * DAY), ("new", moment)):
            order = {"evaluation_key": of, "name": name, "fingerprint": "", "run_id": run.id, "at": at}
            connection.execute(insert(orders).values(order))
            connection.execute(insert(deliveries).values(id=name, at=at))
    assert store.pruning.sweep(clock.now - timedelta(days=90)).records == 2
    assert (count(database, orders), count(database, deliveries)) == (1, 1)


def test_what_a_deleted_run_had_brought_is_remembered(store: Store, clock: Clock, database: Database) -> None:
    for days_ago in (300, 200):
        store.delete_run(ended(store, clock, days_ago).key)
    with database.read() as connection:
        figures = decode_mapping(connection.execute(select(retired.c.figures)).scalar_one())
    assert figures == {"runs": 2, "results": 6, "seconds": 3.0}


def test_a_store_tells_its_size_and_that_it_is_sound(store: Store, clock: Clock) -> None:
    ended(store, clock, 1)
    assert store.upkeep.size().total > 0
    assert store.upkeep.check(60.0) == []
    store.upkeep.check_writable()


def test_a_file_is_made_smaller_only_while_nobody_writes(store: Store, clock: Clock, database: Database) -> None:
    if store.upkeep.file is None:
        with pytest.raises(UsageError, match="PostgreSQL sees to its room itself"):
            store.upkeep.compact()
        return
    old = ended(store, clock, 300)
    with database.write() as connection:
        connection.execute(inputs.update().values(context="x" * 200_000))
    store.delete_run(old.key)
    with database.write() as connection:
        connection.execute(inputs.delete())
    unused = store.upkeep.size().unused
    assert unused > 200_000
    with database.write(), pytest.raises(StoreError, match="while another process writes to it"):
        store.upkeep.compact()
    assert store.upkeep.size().unused == unused
    store.upkeep.compact()
    assert store.upkeep.size().unused == 0
