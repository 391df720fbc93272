"""A run followed over the API: everything that was committed, each thing once, to the end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from tests.studio.api_requests import API, Connection, Event, served
from tests.studio.studios import added, carried_out

from lattice.core.runs import RunRecord
from lattice.service.preparation import create_run
from lattice.studio.state import Studio

EVENTS = f"{API}/runs/support%231/events"
MANY = {"items": [f"Question {number}?" for number in range(1, 251)]}
FAULTY = {"name": "Bot", "model": "sim/assistant", "params": {"faults": {"invalid": 0.2}, "seed": 3}}
UNHURRIED = {"name": "Bot", "model": "sim/assistant", "params": {"latency": 0.3}}


@pytest.fixture
def connection(studio: Studio) -> Iterator[Connection]:
    with served(studio) as connection:
        yield connection


def pending(studio: Studio, folder: Path, **changes: object) -> RunRecord:
    version = added(studio.store, folder, **changes)
    return create_run(studio.store, version, tags={}, trigger="api")


def told(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]


def positions(events: list[Event]) -> list[int]:
    return [event.data["position"] for event in told(events, "result")]


def test_a_finished_run_is_told_from_its_first_result(connection: Connection, tmp_path: Path) -> None:
    carried_out(tmp_path, inputs=MANY)
    events = list(connection.events(EVENTS))
    assert [event.name for event in events[:2]] == ["progress", "state"]
    assert events[-1] == Event(name="end", data={"status": "completed"})
    assert sorted(positions(events)) == list(range(1, 251))
    assert [event.id for event in told(events, "result")] == [f"{number}.0" for number in range(1, 251)]
    assert told(events, "progress")[-1].data["done"] == 250


def test_who_comes_back_gets_what_followed_and_nothing_twice(connection: Connection, tmp_path: Path) -> None:
    carried_out(tmp_path, inputs=MANY, targets=[FAULTY])
    whole = list(connection.events(EVENTS))
    assert len(told(whole, "error")) > 10
    marked = [event for event in whole if event.id is not None]
    for cut in (0, 1, 99, 100, 251, len(marked) - 2, len(marked) - 1):
        rest = [event for event in connection.events(EVENTS, marked[cut].id) if event.id is not None]
        assert rest == marked[cut + 1 :]


def test_the_first_address_may_say_where_to_begin(connection: Connection, tmp_path: Path) -> None:
    carried_out(tmp_path)
    assert positions(list(connection.events(f"{EVENTS}?after=latest"))) == []
    assert len(positions(list(connection.events(f"{EVENTS}?after=10.0")))) == 2
    # A browser that connects again sends the header, and the address that it was given at first.
    assert len(positions(list(connection.events(f"{EVENTS}?after=10.0", "11.0")))) == 1


def test_a_run_is_followed_while_it_goes_on_and_across_connections(
    studio: Studio, connection: Connection, tmp_path: Path
) -> None:
    record = pending(studio, tmp_path, targets=[UNHURRIED], run={"max_concurrent": 2})
    stream = connection.events(EVENTS)
    assert next(stream).name == "progress"
    assert next(stream).data["status"] == "pending"
    studio.launcher.start(record)
    begun = [*takewhile(lambda event: event.name != "result", stream)]
    first = next(event for event in stream if event.name == "result")
    assert {"state", "progress"} >= {event.name for event in begun}
    assert studio.store.run(record.key).progress.done < 12
    connection.close()
    seen = [*connection.events(EVENTS, first.id)]
    assert seen[-1] == Event(name="end", data={"status": "completed"})
    assert told(seen, "state")[-1].data["finished_at"] is not None
    missed = int((first.id or "").partition(".")[0])
    assert len(positions(seen)) == 12 - missed


def test_nothing_is_told_that_is_not_committed(studio: Studio, connection: Connection, tmp_path: Path) -> None:
    record = pending(studio, tmp_path, inputs=MANY)
    stream = connection.events(EVENTS)
    next(stream)
    studio.launcher.start(record)
    for event in stream:
        stored = studio.store.run(record.key)
        if event.name == "progress":
            assert event.data["done"] <= stored.progress.done
        elif event.name == "result":
            assert event.id is not None
            assert int(event.id.partition(".")[0]) <= stored.seq


def test_a_run_that_is_deleted_ends_the_stream(studio: Studio, connection: Connection, tmp_path: Path) -> None:
    record = pending(studio, tmp_path)
    stream = connection.events(EVENTS)
    next(stream)
    studio.store.delete_run(record.key)
    assert [*stream][-1] == Event(name="end", data={"status": "deleted"})


def test_a_refused_start_ends_the_stream_with_its_reason(
    studio: Studio, connection: Connection, tmp_path: Path
) -> None:
    code = tmp_path / "answers_followed.py"
    code.write_text("def answer(input): return input\n")
    record = pending(studio, tmp_path, targets=[{"name": "Mine", "python": "answers_followed:answer"}])
    code.unlink()
    studio.launcher.start(record)
    events = [*connection.events(EVENTS)]
    assert events[-1].name == "end"
    assert told(events, "state")[-1].data["failure"]["kind"] == "not_started"


@pytest.mark.parametrize("mark", ["x", "1", "1.2.3", "-1.0", "1.٣"])
def test_a_mark_that_is_none_is_refused(studio: Studio, connection: Connection, tmp_path: Path, mark: str) -> None:
    carried_out(tmp_path)
    with pytest.raises(AssertionError, match="is no id of an event"):
        next(connection.events(EVENTS, mark.encode().decode("latin-1")))
