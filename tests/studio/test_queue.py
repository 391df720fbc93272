"""Runs that wait for their turn: where they stand, how they begin, and how they are taken out again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.cli.command_line import CommandLine
from tests.studio.studios import a_studio, added, carried_out, url_of, visited

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.control import cancel_run
from lattice.service.execution import ResumeSettings
from lattice.service.launching import Launcher, Place
from lattice.service.review import start_run
from lattice.service.workspace import store_url
from lattice.store import QueuePlace, open_store
from lattice.studio.state import Studio


def until(found: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + 120
    while not found():
        assert time.monotonic() < limit, f"waited for {what}"
        time.sleep(0.05)


def full(studio: Studio) -> Launcher:
    """A launcher that has no room for any run."""
    return Launcher(studio.place, studio.store, max_runs=0)


def waiting(studio: Studio, count: int) -> list[RunRecord]:
    version = added(studio.store, studio.place.folder)
    launcher = full(studio)
    return [start_run(studio.store, launcher, version, tags={}, trigger="studio") for _ in range(count)]


def test_a_run_that_waits_says_where_it_stands(studio: Studio, client: TestClient) -> None:
    first, second, third = waiting(studio, 3)
    assert "Queued: 2nd of 3" in client.get(f"/runs/{second.id}").text
    history = client.get(f"/evaluations/{first.evaluation_id}").text
    for said in ("Queued: 1st of 3", "Queued: 2nd of 3", "Queued: 3rd of 3"):
        assert said in history
    assert "Queued: 3rd of 3" in client.get("/").text
    lines = client.get("/api/v1/runs").json()["runs"]
    assert [line["queue_position"] for line in lines] == [3, 2, 1]
    document = client.get(f"/api/v1/runs/{second.id}").json()
    assert (document["status"], document["queue_position"]) == ("pending", 2)
    settings = client.get("/settings").text
    assert settings.index("support#1") < settings.index("support#3")
    assert client.post(f"/api/v1/runs/{third.id}/resume").status_code == 409


def test_a_terminal_says_it_as_well(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(studio, 2)
    lattice = CommandLine(studio.place.folder, monkeypatch)
    assert "Queued: 2nd of 2" in lattice("ls").out
    assert "Queued: 1st of 2" in lattice("show", "support#1").out
    assert lattice("show", "support#1", "--json").document["queue_position"] == 1
    assert "it was waiting in the queue" in lattice("cancel", "support#1").err
    assert lattice("show", "support#2", "--json").document["queue_position"] == 1
    assert lattice("show", "support#1", "--json").document["status"] == "cancelled"


def test_a_run_is_taken_out_of_the_queue_from_its_page(studio: Studio, client: TestClient) -> None:
    first, second = waiting(studio, 2)
    page = client.get(f"/runs/{first.id}").text
    assert "Cancel Evaluation" in page
    assert "data-runs" not in page
    client.post(f"/runs/{first.id}/cancel")
    assert studio.store.run(first.key).status is RunStatus.CANCELLED
    assert client.delete(f"/api/v1/runs/{second.id}").status_code == 204
    assert studio.store.queue.waiting() == []


def test_a_run_that_waits_to_be_tried_again_stays_as_it_ended_when_it_is_taken_out(studio: Studio) -> None:
    carried_out(studio.place.folder)
    record = studio.store.runs()[0]
    studio.store.queue.put(record, {"failed": True})
    said = cancel_run(studio.store, record)
    assert said == "support#1 does not wait in the queue any more; it stays as it ended: completed."
    with pytest.raises(UsageError, match="has ended already"):
        cancel_run(studio.store, record)


def test_one_run_at_a_time_and_each_begins_when_the_one_before_it_ends(studio: Studio, client: TestClient) -> None:
    first, second = waiting(studio, 2)
    launcher = Launcher(studio.place, studio.store, max_runs=1)
    launcher.dispatch()
    assert launcher.is_starting(first.key)
    assert studio.store.queue.place_of(second.id) == QueuePlace(position=1, length=1)
    assert not launcher.is_starting(second.key)
    until(lambda: studio.store.run(second.key).status is RunStatus.COMPLETED, "the second run")
    done = [studio.store.run(each.key) for each in (first, second)]
    assert done[0].finished_at is not None
    assert done[1].started_at is not None
    assert done[0].finished_at <= done[1].started_at
    until(lambda: not launcher.is_starting(second.key), "its process")
    assert studio.store.queue.entries() == []


def test_a_run_that_is_refused_leaves_the_queue_and_makes_room(studio: Studio) -> None:
    first, second = waiting(studio, 2)
    studio.store.queue.withdraw(first.id)
    # What cannot be used is refused before anything is called.
    studio.store.queue.put(first, ResumeSettings(timeout=-1).as_json())
    launcher = Launcher(studio.place, studio.store, max_runs=1)
    launcher.dispatch()
    until(lambda: launcher.refusal(first.key) is not None and not launcher.is_starting(first.key), "the refusal")
    assert "timeout" in (launcher.refusal(first.key) or "")
    assert studio.store.run(first.key).status is RunStatus.PENDING
    until(lambda: studio.store.run(second.key).status is RunStatus.COMPLETED, "the run behind it")
    until(lambda: not launcher.is_starting(second.key), "its process")


def test_a_store_is_named_by_a_variable_and_not_on_the_command_line(tmp_path: Path) -> None:
    around = {name: value for name, value in os.environ.items() if name != "LATTICE_DB"}
    place = Place(folder=tmp_path, db="secret-name.db", environ=around)
    with open_store(store_url(place.db, {}, tmp_path, create=False)) as store:
        launcher = Launcher(place, store)
        record = start_run(store, launcher, added(store, tmp_path), tags={}, trigger="api")
        process = launcher._starting[record.key]
        assert not any("secret-name" in str(each) for each in (process.args if isinstance(process.args, list) else ()))
        until(lambda: not launcher.is_starting(record.key), "the run's process")
        assert launcher.refusal(record.key) is None
        assert store.run(record.key).status is RunStatus.COMPLETED
    assert not (tmp_path / ".lattice").exists()


def test_a_launcher_that_stops_starts_nothing_and_keeps_what_is_asked(studio: Studio) -> None:
    launcher = Launcher(studio.place, studio.store)
    launcher.stop()
    record = start_run(studio.store, launcher, added(studio.store, studio.place.folder), tags={}, trigger="studio")
    assert not launcher.is_starting(record.key)
    assert studio.store.queue.place_of(record.id) == QueuePlace(position=1, length=1)


def test_a_probe_is_answered_by_any_name_and_says_nothing_else(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path, headers={"host": "10.1.2.3:8484"})
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert client.post(path, headers={"host": "10.1.2.3:8484"}).status_code == 421


def test_a_studio_that_stops_is_alive_and_not_ready(studio: Studio, client: TestClient) -> None:
    studio.launcher.stop()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")


def test_a_studio_with_a_duty_that_fails_is_not_ready_and_says_why_to_who_may_look(
    studio: Studio, client: TestClient
) -> None:
    studio.keeper._troubles["queue"] = "the disk is full"
    assert client.get("/readyz").status_code == 503
    assert "the disk is full" not in client.get("/readyz").text
    assert "queue: the disk is full" in client.get("/settings").text


def test_a_studio_without_its_store_is_not_ready(tmp_path: Path) -> None:
    with a_studio(tmp_path) as studio, visited(studio) as client:
        studio.store.close()
        database = Path(url_of(tmp_path).removeprefix("sqlite:///"))
        for file in database.parent.glob("lattice.db*"):
            file.unlink()
        database.mkdir()
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
