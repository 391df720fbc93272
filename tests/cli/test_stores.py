"""Stores that cannot be used, each with one clear message and without a traceback."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.cli.command_line import CommandLine, Outcome


@pytest.fixture
def ready(lattice: CommandLine) -> CommandLine:
    lattice.write_inputs(3)
    lattice.write_evaluation()
    return lattice


def check_failed(outcome: Outcome, said: str) -> None:
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.startswith("Error: ")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def every_command(lattice: CommandLine) -> list[Outcome]:
    commands = ("run evaluation.yaml", "add evaluation.yaml", "ls", "show latest", "export latest -o a.csv")
    return [lattice(*command.split()) for command in commands]


def database(lattice: CommandLine) -> Path:
    folder = lattice.folder / ".lattice"
    folder.mkdir(exist_ok=True)
    return folder / "lattice.db"


def test_a_file_that_is_no_database_is_refused(ready: CommandLine) -> None:
    database(ready).write_bytes(b"not a database, whatever its name says" * 100)
    for outcome in every_command(ready):
        check_failed(outcome, "lattice.db is not a store of Lattice; move it away, or name another with --db")


def test_a_database_of_something_else_is_refused(ready: CommandLine) -> None:
    with sqlite3.connect(database(ready)) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
    connection.close()
    for outcome in every_command(ready):
        check_failed(outcome, "is a database of something else (table customers)")


def test_a_store_of_a_newer_version_is_refused(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    with sqlite3.connect(database(ready)) as connection:
        found = "SELECT name FROM sqlite_master WHERE sql LIKE '%version_num%'"
        (table,) = connection.execute(found).fetchone()
        connection.execute(f"UPDATE {table} SET version_num = '9999'")
    connection.close()
    for outcome in every_command(ready):
        check_failed(outcome, "was written by a newer version of Lattice")
        assert "upgrade with: pip install --upgrade lattice-evals" in outcome.err


def test_a_workspace_that_is_a_file_is_refused(ready: CommandLine) -> None:
    (ready.folder / ".lattice").write_text("in the way", encoding="utf-8")
    check_failed(ready("run", "evaluation.yaml"), "cannot be created: ")
    assert "there is no workspace here" in ready("ls").err


def test_a_store_in_a_folder_that_is_not_there_is_refused(ready: CommandLine) -> None:
    check_failed(ready("run", "evaluation.yaml", "--db", "nowhere/runs.db"), "its folder must exist")


def test_a_damaged_store_is_said_to_be(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    content = bytearray(database(ready).read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    database(ready).write_bytes(content)
    for name in ("lattice.db-wal", "lattice.db-shm"):
        (ready.folder / ".lattice" / name).unlink(missing_ok=True)
    outcome = ready("show", "latest")
    assert outcome.code == 1
    assert "damaged" in outcome.err
