"""Progress of a run that Python code carries out."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.api.showing import LINE_EVERY, LineDisplay, display_for, in_notebook
from lattice.core.runs import Progress, RunStatus
from lattice.reporting.view import RunView

VIEW = RunView(
    name="From code",
    reference="from-code#1",
    status=RunStatus.RUNNING,
    progress=Progress(total=40),
    elapsed=3.0,
    at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_lines_are_written_now_and_then_and_when_something_else_happens() -> None:
    now = [0.0]
    stream = io.StringIO()
    display = LineDisplay(stream, clock=lambda: now[0])
    display.show(VIEW)
    now[0] = LINE_EVERY - 1
    display.show(replace(VIEW, progress=Progress(total=40, done=3, successful=3)))
    display.show(replace(VIEW, draining=True))
    display.show(replace(VIEW, draining=True))
    now[0] = 2 * LINE_EVERY
    display.show(replace(VIEW, draining=True, unresolved=2))
    display.close(replace(VIEW, status=RunStatus.CANCELLED))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "from-code#1: Progress: 0 / 40 (0%) | Elapsed: 3s | Estimated: --"
    assert "Stopping: nothing new starts" in lines[1]
    assert lines[2].endswith("Errors: 2")
    assert len(lines) == 4


def test_nothing_is_shown_without_a_terminal_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    lattice.run(evaluation(count=2))
    assert capsys.readouterr().err == ""
    lattice.run(evaluation(count=2), progress=True)
    assert "from-code#2: Progress: 2 / 2 (100%)" in capsys.readouterr().err
    assert display_for(False) is None
    assert not in_notebook()
