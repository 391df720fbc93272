"""Live progress in a real terminal, and what stands there afterwards; plain lines without one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command_line import CommandLine
from tests.cli.terminals import on_terminal

from lattice.reporting.formats import cells

NAME = "RAG Pipeline Quality Assessment"
INPUTS = 40
SLOW = {
    "name": NAME,
    "targets": [
        {"name": "Assistant", "model": "sim/assistant", "params": {"latency": 0.1, "faults": {"invalid": 0.1}}}
    ],
    "run": {"max_concurrent": 8},
}


def slow(lattice: CommandLine) -> Path:
    """A run of about a second, some of whose inputs fail."""
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation(SLOW)
    return lattice.folder


@pytest.mark.parametrize("columns", [80, 40])
def test_progress_is_drawn_in_place_and_gives_way_to_the_summary(lattice: CommandLine, columns: int) -> None:
    seen = on_terminal("run|evaluation.yaml", folder=slow(lattice), columns=columns)

    assert seen.code == 0, seen.written
    assert "Traceback" not in seen.written
    assert seen.cursor_shown
    assert seen.written.index("\x1b[?25l") < seen.written.rindex("\x1b[?25h")
    first = next(frame for frame in seen.frames if any("Elapsed" in line for line in frame))
    assert first[0].startswith("Evaluation: RAG Pipeline Quality Assess")
    assert first[1:3] == ["Type: Task-Specific", "Status: ● Pending"]
    live = ["\n".join(frame) for frame in seen.frames if any("Elapsed" in line for line in frame)]
    assert len(live) >= 3
    assert all(max(map(cells, frame)) <= columns for frame in seen.frames[:-1])
    counts = [int(found[1]) for frame in live if (found := re.search(r"Progress: (\d+) / 40", frame))]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 3
    assert "Estimated: " in live[-1]
    assert "Mean so far: 0." in live[-1]
    assert "Errors: " in live[-1]
    remains = seen.remains
    assert "Elapsed" not in remains
    assert "Mean so far" not in remains
    assert remains.count("Status: ✔ Completed") == 1
    assert "Progress: 40 / 40 (100%)" in remains
    assert "| Mean Score   | 0." in remains
    assert re.search(r"\(\d\.\d\d of 5\)$", remains, re.MULTILINE)
    assert "Score Distribution:" in remains
    assert re.search(r"^Input #\d+: Invalid input: ", remains, re.MULTILINE)
    assert "Run: rag-pipeline-quality-assessment#1" in remains


def test_a_dumb_terminal_gets_plain_lines(lattice: CommandLine) -> None:
    dumb = {"TERM": "dumb"}
    seen = on_terminal("run|evaluation.yaml", folder=slow(lattice), columns=80, variables=dumb)
    assert "\x1b" not in seen.written
    assert "Progress: " in seen.written


@pytest.mark.parametrize("columns", [80, 40])
def test_a_run_without_progress_and_what_is_listed_fit_the_terminal(lattice: CommandLine, columns: int) -> None:
    lattice.write_inputs(10)
    lattice.write_evaluation({**SLOW, "targets": [{"model": "sim/assistant"}]})
    commands = ("run|evaluation.yaml|--no-progress", "ls", "show|--raw", "show|--where|score < 5")
    seen = on_terminal(*commands, folder=lattice.folder, columns=columns)
    assert seen.code == 0
    before, _, lines = seen.written.partition("  lattice export rag-pipeline-quality-assessment#1 -o results.csv\r\n")
    assert "Status: \x1b[32m✔\x1b[0m \x1b[32mCompleted" in before
    assert "Elapsed" not in before
    assert "\x1b[?25l" not in before
    assert "#10  " in lines
    assert all(cells(re.sub("\x1b\\[[0-9;]*m", "", line)) <= columns for line in lines.split("\r\n"))


def test_without_a_terminal_there_is_a_plain_line_now_and_then(lattice: CommandLine) -> None:
    folder = slow(lattice)
    ran = subprocess.run(
        [sys.executable, "-m", "lattice", "run", "evaluation.yaml", "--json"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    said = ran.stderr.decode()
    assert b'"status":"completed"' in ran.stdout
    assert ran.stdout.count(b"\n") == 1
    assert "\x1b" not in said
    lines = [line for line in said.splitlines() if line.startswith("Progress: ") and "Elapsed" in line]
    assert 2 <= len(lines) <= 12
    assert re.search(r"^Input #\d+: Invalid input: ", said, re.MULTILINE)


def test_a_reader_that_goes_away_is_no_error(lattice: CommandLine) -> None:
    lattice.write_inputs(400)
    lattice.write_evaluation()
    lattice("run", "evaluation.yaml")
    for command in ("show --raw", "export latest -o - --format csv"):
        shell = f"{sys.executable} -m lattice {command} | head -n 1; echo ${{PIPESTATUS[0]}}"
        ended = subprocess.run(["bash", "-c", shell], cwd=lattice.folder, capture_output=True, text=True, check=True)
        assert ended.stdout.endswith("\n0\n"), command
        assert "Traceback" not in ended.stderr, command
        assert "Exception" not in ended.stderr, command


def test_a_run_goes_on_when_nobody_reads_its_progress(lattice: CommandLine) -> None:
    folder = slow(lattice)
    shell = f"{sys.executable} -m lattice run evaluation.yaml 2>&1 | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", shell], cwd=folder, capture_output=True, text=True, check=True)
    assert ended.stdout == f"Evaluation: {NAME}\n0\n"
    assert lattice("show", "--json").document["progress"]["done"] == INPUTS
