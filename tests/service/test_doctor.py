"""What the doctor finds, against real stores and servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from tests.cli.servers import simulator
from tests.studio.studios import added, carried_out, url_of

from lattice.core.evaluation import Evaluation
from lattice.providers.simulated.server import SimulatorServer
from lattice.service.doctor.endpoints import endpoint_check, key_check
from lattice.service.doctor.findings import Finding, Standing, bounded, fine
from lattice.service.doctor.machine import (
    assets_check,
    extras_check,
    library_check,
    open_files_check,
    python_check,
)
from lattice.service.doctor.stores import StorePlace, store_check
from lattice.service.workspace import create_folder
from lattice.store import open_store
from lattice.store.times import utc_now

SECRET = "sk-never-to-be-seen"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with simulator() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_folder(tmp_path)
    return tmp_path


def of_store(folder: Path) -> dict[str, Finding]:
    return {each.check: each for each in store_check(StorePlace(db=None, environ={}, folder=folder))}


def evaluation(**changes: object) -> Evaluation:
    return Evaluation.model_validate(
        {
            "name": "Support",
            "targets": [{"name": "Bot", "model": "openai/gpt-5-mini"}],
            "inputs": {"items": ["Hello?"]},
            "scoring": {"judge": {"model": "own/judge", "rubric": "5: right. 1: wrong."}},
            "providers": {"own": {"base_url": "http://127.0.0.1:9/v1", "api_key_env": "OWN_KEY"}},
            **changes,
        }
    )


def test_this_installation_is_sound() -> None:
    checks = (python_check, library_check, extras_check, assets_check)
    found = [finding for check in checks for finding in check()]
    assert [each for each in found if each.standing is not Standing.OK] == []


def test_a_limit_of_open_files_is_held_against_the_trials_at_once() -> None:
    assert [each.standing for each in open_files_check(1)] == [Standing.OK]
    (found,) = open_files_check(10**9)
    assert found.standing is Standing.WARNING
    assert found.advice is not None
    assert "ulimit -n" in found.advice


def test_without_a_workspace_nothing_is_wrong(tmp_path: Path) -> None:
    assert [each.standing for each in of_store(tmp_path).values()] == [Standing.OK]
    assert list(tmp_path.iterdir()) == []


def test_a_sound_store_tells_its_size_and_its_largest_runs(folder: Path) -> None:
    carried_out(folder)
    found = of_store(folder)
    assert {each.standing for each in found.values()} == {Standing.OK}
    assert {"store", "integrity", "writing", "size", "disk", "runs"} <= set(found)
    assert "support#1 (12 results)" in found["size"].message


def test_an_interrupted_run_is_named_with_what_resumes_it(folder: Path) -> None:
    with open_store(url_of(folder)) as store:
        run = store.create_run(added(store, folder).key, seed=1, total=12, tags={}, trigger="cli")
        store.claim(run.key)
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET claim_released = 1")
    engine.dispose()
    found = of_store(folder)["runs"]
    assert (found.standing, found.advice) == (Standing.WARNING, "lattice resume support#1")


def test_a_damaged_store_is_told(folder: Path) -> None:
    with open_store(url_of(folder)):
        pass
    path = folder / ".lattice" / "lattice.db"
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(bytes(content))
    found = bounded("store", lambda: store_check(StorePlace(db=None, environ={}, folder=folder)), 60.0)
    assert Standing.BROKEN in {each.standing for each in found}


def test_a_store_of_an_older_version_is_left_as_it_is(folder: Path) -> None:
    with open_store(url_of(folder)):
        pass
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    found = of_store(folder)["store"]
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0001"
    engine.dispose()
    assert (found.standing, found.message[:11]) == (Standing.WARNING, "schema 0001")


def test_keys_are_named_and_never_shown() -> None:
    found = list(key_check(evaluation(), {"OPENAI_API_KEY": SECRET}))
    assert [(each.standing, each.message) for each in found] == [
        (Standing.OK, "openai: OPENAI_API_KEY is set"),
        (Standing.BROKEN, "own: OWN_KEY is not set"),
    ]
    assert SECRET not in repr(found)


def test_without_a_file_no_key_is_missed() -> None:
    assert {each.standing for each in key_check(None, {})} == {Standing.OK}


def reached(environ: Mapping[str, str], ahead: float = 0.0) -> list[Finding]:
    return list(endpoint_check(None, environ, lambda: datetime.now(UTC) + timedelta(seconds=ahead)))


def test_an_endpoint_that_answers_is_reachable_whatever_it_says(server: SimulatorServer) -> None:
    found = reached({"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": server.openai_url})
    assert [(each.check, each.standing) for each in found] == [
        ("endpoints", Standing.OK),
        ("clock", Standing.OK),
    ]


def test_a_clock_that_is_off_is_told_by_how_much(server: SimulatorServer) -> None:
    found = reached({"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": server.openai_url}, ahead=300.0)
    assert found[-1].standing is Standing.WARNING
    assert "s ahead of the endpoints'" in found[-1].message


def test_an_endpoint_that_cannot_be_reached_is_broken() -> None:
    found = list(endpoint_check(evaluation(), {"OWN_KEY": SECRET}, utc_now))
    assert [each.standing for each in found] == [Standing.BROKEN]
    assert "own (http://127.0.0.1:9)" in found[0].message
    assert SECRET not in repr(found)


def test_a_check_that_hangs_is_a_finding() -> None:
    forever = threading.Event()

    def hanging() -> Iterator[Finding]:
        yield fine("disk", "begun")
        forever.wait()

    found = bounded("disk", hanging, 0.05)[-1]
    forever.set()
    assert (found.standing, found.message) == (Standing.BROKEN, "no answer within 0.05 s")


def test_a_check_with_a_defect_does_not_end_the_others() -> None:
    def defective() -> Iterator[Finding]:
        raise KeyError(SECRET)
        yield

    (found,) = bounded("keys", defective, 5.0)
    assert (found.standing, found.message) == (Standing.BROKEN, "the check itself failed: KeyError")
