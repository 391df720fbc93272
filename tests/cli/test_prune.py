"""``lattice prune``: what goes, what stays, and what is said of it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from tests.cli.command_line import CommandLine


@pytest.fixture
def ready(lattice: CommandLine) -> CommandLine:
    """Three runs of which two ended a year ago, each with an artifact."""
    lattice.write_inputs(4)
    lattice.write_evaluation()
    for _ in range(3):
        assert lattice("run", "evaluation.yaml").code == 0
    age(lattice, "number < 3")
    return lattice


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a terminal showed, and how the command ended."""

    code: int
    text: str


def on_terminal(folder: Path, *arguments: str, answer: str) -> Asked:
    """A command whose question is answered by a person at a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lattice", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    written, _ = process.communicate(timeout=60)
    os.close(ours)
    return Asked(code=process.returncode, text=written.decode())


def age(lattice: CommandLine, which: str) -> None:
    engine = create_engine(f"sqlite:///{lattice.folder}/.lattice/lattice.db")
    with engine.begin() as connection:
        connection.execute(sql(f"UPDATE runs SET finished_at = finished_at - 31536000 WHERE {which}"))
    engine.dispose()


def test_old_runs_go_and_the_sizes_are_told(ready: CommandLine) -> None:
    pruned = ready("prune", "--older-than", "90d", "--keep-artifacts", "--json")
    assert pruned.code == 0
    document = pruned.document
    assert document["runs"] == ["support-answers#2", "support-answers#1"]
    assert document["deleted"]["runs"] == 2
    assert "Deleted 2 runs and 0 artifacts." in pruned.err
    assert "artifacts are kept" in pruned.err
    assert "Store: " in pruned.err
    assert "support-answers#1" not in ready("ls").out
    assert ready("show", "support-answers#3").code == 0


def test_a_dry_run_deletes_nothing(ready: CommandLine) -> None:
    planned = ready("prune", "--older-than", "90d", "--dry-run", "--json")
    assert planned.document["deleted"] is None
    assert "2 runs to delete (8 results)" in planned.err
    assert ready("show", "support-answers#1").code == 0


def test_old_artifacts_go_as_well_unless_they_are_to_stay(ready: CommandLine) -> None:
    assert ready("artifact", "save", "support-answers#3", "--name", "kept").code == 0
    assert ready("prune", "--older-than", "1h", "--json").document["artifacts"] == []
    assert "kept" in ready("artifact", "ls").out


def test_texts_alone_can_go(ready: CommandLine) -> None:
    pruned = ready("prune", "--older-than", "12w", "--contents", "--keep-artifacts")
    assert "Deleted the texts of 2 runs" in pruned.err
    shown = ready("show", "support-answers#1", "--json")
    assert shown.document["progress"]["done"] == 4
    assert "0 runs whose texts" in ready("prune", "--older-than", "12w", "--contents").err


def test_the_last_runs_stay(ready: CommandLine) -> None:
    age(ready, "number = 3")
    pruned = ready("prune", "--older-than", "90d", "--keep-last", "2")
    assert "kept: 2 the last of their evaluation" in pruned.err
    assert "Deleted 1 run " in pruned.err


def test_the_file_gets_smaller_on_request(ready: CommandLine) -> None:
    ready("prune", "--older-than", "90d", "--compact", "--json")
    assert ready("prune", "--older-than", "90d", "--json").document["deleted"]["bytes_free_inside"] == 0


def test_a_terminal_is_asked_first(ready: CommandLine) -> None:
    seen = on_terminal(ready.folder, "prune", "--older-than", "90d", answer="n")
    assert seen.code == 130
    assert "Delete 2 runs and 0 artifacts? This cannot be undone [y/N]" in seen.text
    assert ready("show", "support-answers#1").code == 0
    assert on_terminal(ready.folder, "prune", "--older-than", "90d", answer="y").code == 0
    assert ready("show", "support-answers#1").code == 2


@pytest.mark.parametrize("age", ["90", "d", "0d", "-3d", "3 months", "99999999999d", ""])
def test_an_age_that_is_none_is_told_how_to_be_written(ready: CommandLine, age: str) -> None:
    refused = ready("prune", f"--older-than={age}")
    assert refused.code == 2
    assert "write a number with h, d or w behind it: 36h, 90d, 12w" in refused.err


def test_a_run_that_goes_on_is_neither_deleted_nor_disturbed(ready: CommandLine) -> None:
    slow = {"name": "Assistant", "model": "sim/assistant", "params": {"latency": 0.02}}
    ready.write_inputs(60)
    ready.write_evaluation({"targets": [slow], "run": {"max_concurrent": 2}})
    command = [sys.executable, "-m", "lattice", "run", "evaluation.yaml", "--log-level", "info", "--json"]
    with subprocess.Popen(
        command, cwd=ready.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "trial.ended" not in process.stderr.readline():
            assert process.poll() is None
        pruned = ready("prune", "--older-than", "90d", "--keep-last", "0", "--json")
        out, _ = process.communicate(timeout=60)
    assert pruned.document["deleted"]["runs"] == 2
    assert orjson.loads(out)["progress"]["successful"] == 60
