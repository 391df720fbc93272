"""A full disk, a locked database, a folder one may not write to: a clear message, and what was committed stays."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.crash.processes import Command, Forker, Simulated, Workspace, eventually

from lattice.core.runs import RunRecord
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

INPUTS = 40
STEADY = Behaviour(latency=Latency(median=0.03))


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Hold the store's write lock, as another process does that writes for long."""
    with closing(sqlite3.connect(workspace.folder / ".lattice" / "lattice.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def begun(workspace: Workspace, server: Simulated, *options: str) -> Command:
    command = workspace.start(server, "run", "evaluation.json", *options)
    command.until(lambda: server.counters.requests >= 10, "some calls")
    return command


def results_of(workspace: Workspace, record: RunRecord) -> int:
    with workspace.store() as store:
        return store.count_results(record.key)


def test_a_store_that_is_locked_for_a_while_is_waited_for(workspace: Workspace) -> None:
    workspace.write(INPUTS, {"max_concurrent": 4})
    with Simulated(STEADY) as server:
        command = begun(workspace, server)
        with locked(workspace):
            calls = server.counters.requests
            done = workspace.record().progress.done
            eventually(lambda: server.counters.in_flight == 0, "the run to stand still")
            assert workspace.record().progress.done == done
            assert server.counters.requests <= calls + 2 * 4
            assert command.code is None
        assert command.end().code == 0
    assert workspace.record().progress.successful == INPUTS


def test_a_store_that_stays_locked_ends_the_run_and_says_who_and_what_to_do(workspace: Workspace) -> None:
    workspace.write(INPUTS, {"max_concurrent": 4})
    with Simulated(STEADY) as server:
        impatient = f"{workspace.url}?busy_timeout=0.3"
        command = begun(workspace, server, "--db", impatient)
        with locked(workspace):
            ended = command.end()
        record = workspace.record()
        assert ended.code == 1
        assert "has been locked by another process for 0.3 s" in ended.err
        assert "lattice resume crash#1" in ended.err
        assert "Traceback" not in ended.err
        assert record.interrupted
        assert record.progress.done == results_of(workspace, record)
        assert workspace.run(server, "resume", "latest").code == 0
        assert server.counters.paid_again <= 2 * 4


@pytest.fixture
def disk(tmp_path: Path, forker: Forker) -> Iterator[Workspace]:
    """A workspace on a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        remount(folder, "size=20m", again=False)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NOT TESTED: no disk can be mounted here: {error}")
    try:
        (folder / ".lattice").mkdir()
        yield Workspace(folder, forker)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str, *, again: bool = True) -> None:
    options = f"remount,{options}" if again else options
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def test_a_full_disk_ends_the_run_and_leaves_what_was_committed(disk: Workspace) -> None:
    disk.write(1_500, {"max_concurrent": 8})
    remount(disk.folder, "size=1500k")
    with Simulated(Behaviour()) as server:
        ended = disk.run(server, "run", "evaluation.json")
        record = disk.record()
        assert ended.code == 1
        assert "the disk is full" in ended.err
        assert "lattice resume crash#1" in ended.err
        assert "Traceback" not in ended.err
        assert record.interrupted
        assert 0 < record.progress.done < 1_500
        assert record.progress.done == results_of(disk, record)
        shown = disk.run(server, "show", "latest")
        assert shown.code == 0
        assert f"Progress: {record.progress.done} / 1500" in shown.out

        remount(disk.folder, "size=20m")
        assert disk.run(server, "resume", "latest").code == 0
        assert server.counters.paid_again <= 2 * 8
    assert disk.record().progress.done == 1_500


def test_a_disk_that_is_full_before_the_start_costs_nothing(disk: Workspace) -> None:
    disk.write(5_000)
    remount(disk.folder, "size=1m")
    with Simulated(Behaviour()) as server:
        ended = disk.run(server, "run", "evaluation.json")
        assert server.counters.requests == 0
    assert ended.code == 1
    assert "the disk is full" in ended.err
    assert "Traceback" not in ended.err


def test_a_workspace_that_one_may_not_write_to_can_be_read(disk: Workspace) -> None:
    disk.write(5)
    with Simulated(Behaviour()) as server:
        disk.run(server, "run", "evaluation.json")
        calls = server.counters.requests
        remount(disk.folder, "ro")
        shown = disk.run(server, "show", "latest")
        refused = disk.run(server, "run", "evaluation.json")
        resumed = disk.run(server, "resume", "latest", "--failed")
        assert server.counters.requests == calls
    assert shown.code == 0
    assert "Status: Completed" in shown.out
    assert refused.code == 1
    assert "is read-only; make file and folder writable, or name another with --db" in refused.err
    assert "Traceback" not in refused.err + resumed.err


def test_a_folder_that_one_may_not_write_to_and_has_no_workspace_says_so(disk: Workspace) -> None:
    disk.write(5)
    (disk.folder / ".lattice").rmdir()
    remount(disk.folder, "ro")
    with Simulated(Behaviour()) as server:
        refused = disk.run(server, "run", "evaluation.json")
        assert server.counters.requests == 0
    assert refused.code == 1
    assert "cannot be created: Read-only file system" in refused.err
    assert "--db" in refused.err


@pytest.mark.parametrize("whole", [False, True], ids=["the file", "the folder"])
def test_a_store_that_is_removed_stops_the_run_at_once(workspace: Workspace, whole: bool) -> None:
    workspace.write(500, {"max_concurrent": 4})
    with Simulated(STEADY) as server:
        command = begun(workspace, server)
        kept = workspace.folder / ".lattice"
        if whole:
            shutil.rmtree(kept)
        else:
            for file in kept.iterdir():
                file.unlink()
        ended = command.end()
        assert server.counters.requests < 500
    assert ended.code == 1
    assert "was removed while the run went on, and its results with it" in ended.err
    assert "lattice resume" not in ended.err
    assert "Traceback" not in ended.err
