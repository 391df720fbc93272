"""Runs while they go on, on a terminal and without one."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.reporting.run_records import NAME, NOW, SLUG

from lattice.cli.rendering.live import LiveView, PlainView, progress_view
from lattice.cli.rendering.progress import shown_cells, view_lines
from lattice.cli.rendering.terminal import PLAIN, Terminal
from lattice.core.errors import ErrorKind
from lattice.core.runs import Progress, RunStatus
from lattice.core.trials import Step, TrialKey
from lattice.reporting.view import ErrorLine, ErrorState, RunningMean, RunView, Wait


def error(position: int, message: str, *, retry: float | None = None, **changes: Any) -> ErrorLine:
    fields: dict[str, Any] = {
        "key": TrialKey(position, 0, 0),
        "target": None,
        "step": Step.TARGET,
        "kind": ErrorKind.TIMEOUT,
        "message": message,
        "number": 1,
        "allowed": 4,
        "at": NOW,
        "retry_at": None if retry is None else NOW + timedelta(seconds=retry),
        "state": ErrorState.FAILED if retry is None else ErrorState.RETRYING,
    }
    return ErrorLine(**{**fields, **changes})


ERRORS = (
    error(42, "Timeout after 60s"),
    error(87, "Judge response parsing failed", step=Step.JUDGE),
    error(156, "Rate limit exceeded", retry=0.0),
)


def view(**changes: Any) -> RunView:
    fields: dict[str, Any] = {
        "name": NAME,
        "reference": f"{SLUG}#3",
        "status": RunStatus.RUNNING,
        "progress": Progress(total=200, done=47, successful=44, failed=3),
        "elapsed": 135.0,
        "at": NOW,
        "remaining": 450.0,
        "means": (RunningMean(target=None, mean=0.74, n=45, ended=47, lower=0.65, upper=0.82, method="betting"),),
        "tokens": 11235,
        "cost_usd": 0.17,
        "budget_usd": 5.0,
        "in_flight": 10,
    }
    return RunView(**{**fields, **changes})


class Screen:
    """As much of a terminal as the view makes use of: it refuses what it does not know."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows = [""]
        self.row = self.column = 0
        self.cursor_shown = True

    def feed(self, text: str) -> None:
        for token in re.findall("\x1b\\[[?0-9;]*[A-Za-z]|[^\x1b]", text):
            if token[0] == "\x1b":
                self._obey(token)
            elif token == "\n":
                self.row, self.column = self.row + 1, 0
                self.rows += [""] * (self.row + 1 - len(self.rows))
            elif token == "\r":
                self.column = 0
            else:
                line = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = line[: self.column] + token + line[self.column + 1 :]
                self.column += 1
                assert self.column < self.width, "a line reached the last column"

    def _obey(self, token: str) -> None:
        match token[-1], token[2:-1]:
            case "A", up:
                self.row -= int(up)
                assert self.row >= 0
            case "K", "":
                self.rows[self.row] = self.rows[self.row][: self.column]
            case "J", "":
                self.rows[self.row] = self.rows[self.row][: self.column]
                del self.rows[self.row + 1 :]
            case "h" | "l", "?25":
                self.cursor_shown = token[-1] == "h"
            case "h" | "l", "?2026":
                pass
            case "m", _:
                pass
            case _:
                pytest.fail(f"unknown sequence {token!r}")

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.rows)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A live view on a screen, with a clock and a window to turn."""

    def __init__(self, width: int = 81, height: int = 24) -> None:
        self.clock = Clock()
        self.size = (width, height)
        self.stream = io.StringIO()
        self.view = LiveView(self.stream, Terminal(shapes=True, live=True), size=lambda: self.size, clock=self.clock)

    @property
    def screen(self) -> Screen:
        screen = Screen(self.size[0])
        screen.feed(self.stream.getvalue())
        return screen

    def show(self, *views: RunView) -> None:
        self.clock.now += 1.0
        self.view.update(views)


def test_the_documented_lines_of_a_running_run_to_the_letter() -> None:
    lines = view_lines(view(errors=ERRORS, unresolved=3), PLAIN)
    assert lines[2] == "Progress: 47 / 200 (24%)      Elapsed: 2m 15s | Estimated: 7m 30s remaining"
    assert "Mean so far: 0.74 [0.65, 0.82] (n = 45 of 47)" in lines
    assert "Cost so far: $0.17 of $5.00 | 11,235 tokens | 10 in flight" in lines
    assert lines[-4:] == [
        "Errors: 3 / 200 (1.5%)        3 of 47 ended",
        "Input #42: Timeout after 60s",
        "Input #87: Judge response parsing failed",
        "Input #156: Rate limit exceeded (retrying...)",
    ]


def test_the_start_of_a_run_to_the_letter() -> None:
    start = view(progress=Progress(total=200), elapsed=0.0, remaining=None, means=(), checking=True)
    lines = view_lines(start, PLAIN)
    assert lines[1] == "Status: Running"
    assert lines[2] == "Progress: 0 / 200 (0%)        Elapsed: 0s | Estimated: --"
    assert "Checking target and judge with one input" in lines
    assert not any(line.startswith("Errors") for line in lines)


def test_a_wait_says_its_cause_and_its_end() -> None:
    waiting = view(
        waits=(Wait(reason="the rate limit of openai", seconds=3.2), Wait(reason="sim: 600 requests a minute")),
        errors=(error(156, "Rate limit exceeded", retry=7.5),),
        unresolved=1,
    )
    lines = view_lines(waiting, PLAIN)
    assert "waiting for the rate limit of openai: 4s" in lines
    assert "waiting for sim: 600 requests a minute" in lines
    assert lines[-1] == "Input #156: Rate limit exceeded (retrying in 8s, attempt 2 of 4)"


def test_a_judges_error_says_that_it_is_the_judges() -> None:
    lines = view_lines(view(errors=(error(7, "Timeout after 60s", step=Step.JUDGE),), unresolved=1), PLAIN)
    assert lines[-1] == "Input #7: Judge: Timeout after 60s"


def test_a_held_back_mean_says_what_it_waits_for() -> None:
    (mean,) = view().means
    lines = view_lines(view(means=(replace(mean, n=12, waiting_for=156, target="A"),)), PLAIN)
    place = lines.index("Mean so far, A: 0.74 [0.65, 0.82] (n = 12 of 47)")
    assert lines[place + 1] == "  over the first 12 scheduled; waiting for #156"


def test_draining_and_pausing_are_said() -> None:
    assert "Status: Running (draining)" in view_lines(view(draining=True), PLAIN)
    assert "Stopping: nothing new starts, calls in flight finish" in view_lines(view(draining=True), PLAIN)
    assert "Nothing gets through; one input is tried now and then" in view_lines(view(paused=True), PLAIN)


def test_afterwards_the_errors_are_those_that_failed() -> None:
    over = view(status=RunStatus.CANCELLED, errors=(ERRORS[0], error(9, "Timeout", retry=1.0)), unresolved=3)
    lines = view_lines(over, PLAIN)
    assert lines[-3:] == [
        "Errors: 3 / 200 (1.5%)",
        "Input #42: Timeout after 60s",
        "Input #9: Timeout (not tried again)",
    ]
    assert lines[2] == "Progress: 47 / 200 (24%)      Elapsed: 2m 15s"


@pytest.mark.parametrize("width", [79, 60, 40])
def test_every_line_fits(width: int) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07\u202e 漢字 " * 20
    shown = view(name=hostile, errors=(error(1, hostile), error(2, hostile, retry=5.0)), unresolved=2, failure=hostile)
    for colour in (False, True):
        lines = view_lines(shown, Terminal(width=width, colour=colour, shapes=True))
        assert max(shown_cells(line) for line in lines) <= width
        assert "\x1b[2J" not in "".join(lines)
        assert "\x07" not in "".join(lines)


def test_on_a_narrow_terminal_numbers_are_broken_into_lines_and_not_cut() -> None:
    shown = view(errors=(error(156, "Rate limit exceeded by far", retry=8.0),), unresolved=1)
    assert view_lines(shown, Terminal(width=40)) == [
        NAME,
        f"{SLUG}#3",
        "Status: Running",
        "Progress: 47 / 200 (24%)",
        "Elapsed: 2m 15s | Estimated: 7m 30s",
        "remaining",
        "━" * 9 + "─" * 31,
        "Mean so far: 0.74 [0.65, 0.82] (n = 45",
        "of 47)",
        "Cost so far: $0.17 of $5.00 | 11,235",
        "tokens | 10 in flight",
        "",
        "Errors: 1 / 200 (0.5%)",
        "3 of 47 ended",
        "Input #156: Rate limit… (retrying in 8s)",
    ]


def test_a_drawing_replaces_the_one_before() -> None:
    stage = Stage()
    with stage.view:
        stage.show(view(errors=ERRORS, unresolved=3))
        assert "Input #87" in stage.screen.text
        stage.show(view(progress=Progress(total=200, done=48, successful=48)))
        assert stage.screen.text.count("Progress:") == 1
        assert "48 / 200" in stage.screen.text
        assert "Input #87" not in stage.screen.text
        assert not stage.screen.cursor_shown
    assert stage.screen.cursor_shown
    assert stage.screen.text.endswith("\n")


def test_drawings_are_not_made_more_often_than_five_times_a_second() -> None:
    stage = Stage()
    with stage.view:
        stage.show(view())
        before = len(stage.stream.getvalue())
        for _ in range(100):
            stage.clock.now += 0.001
            stage.view.update([view(elapsed=999.0)])
        assert len(stage.stream.getvalue()) == before
    assert "16m 39s" in stage.screen.text


def test_erasing_leaves_nothing_behind_and_the_cursor_where_it_was() -> None:
    stage = Stage()
    with stage.view:
        stage.show(view(errors=ERRORS, unresolved=3))
        stage.view.erase()
    assert stage.screen.text == ""
    assert stage.screen.cursor_shown


def test_an_exception_restores_the_cursor() -> None:
    stage = Stage()

    def stopped() -> None:
        with stage.view:
            stage.show(view())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert stage.screen.cursor_shown


def test_a_low_window_is_not_scrolled() -> None:
    stage = Stage(height=6)
    with stage.view:
        stage.show(view(errors=ERRORS, unresolved=3))
        assert len(stage.screen.rows) <= 5
        assert "Progress" in stage.screen.text


def test_a_window_made_narrower_is_taken_into_account() -> None:
    stage = Stage(width=121)
    with stage.view:
        stage.show(view())
        rows = len(stage.screen.rows)
        stage.size = (61, 24)
        before = len(stage.stream.getvalue())
        stage.show(view())
    drawn = stage.stream.getvalue()[before:]
    moved = re.search("\x1b\\[(\\d+)A", drawn)
    assert moved is not None
    assert int(moved[1]) > rows - 1


def test_two_runs_stand_side_by_side_where_there_is_room_and_else_above_each_other() -> None:
    wide, narrow = Stage(width=161, height=40), Stage(width=81, height=40)
    other = view(reference="other#1", name="Other")
    for stage in (wide, narrow):
        with stage.view:
            stage.show(view(), other)
    assert any("assessment#3" in line and "other#1" in line for line in wide.screen.rows)
    assert not any("assessment#3" in line and "other#1" in line for line in narrow.screen.rows)
    assert "other#1" in narrow.screen.text


def plain() -> tuple[PlainView, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return PlainView(stream, clock=clock), stream, clock


def at(done: int, **changes: Any) -> RunView:
    return view(progress=Progress(total=200, done=done, successful=done), means=(), **changes)


def test_without_a_terminal_there_is_a_line_at_the_start_at_each_tenth_and_every_30_seconds() -> None:
    shown, stream, clock = plain()
    with shown:
        for done in range(61):
            shown.update([at(done)])
        clock.now += 31
        shown.update([at(60)])
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Status: Running"
    assert [line.split(" (")[0] for line in lines[1:]] == [
        "Progress: 0 / 200",
        "Progress: 20 / 200",
        "Progress: 40 / 200",
        "Progress: 60 / 200",
        "Progress: 60 / 200",
    ]
    assert lines[2].startswith("Progress: 20 / 200 (10%) | Elapsed: 2m 15s | Estimated: 7m 30s remaining | Cost so far")
    assert "\x1b" not in stream.getvalue()


def test_without_a_terminal_changes_of_state_and_waits_are_told_once() -> None:
    shown, stream, _ = plain()
    with shown:
        shown.update([at(0, checking=True)])
        for seconds in (4.0, 3.0, 2.0):
            shown.update([at(1, waits=(Wait(reason="the rate limit of openai", seconds=seconds),))])
        shown.update([at(1, draining=True)])
        shown.update([at(1, status=RunStatus.CANCELLED)])
    text = stream.getvalue()
    assert text.count("Checking target and judge with one input") == 1
    assert text.count("waiting for the rate limit of openai\n") == 1
    assert "Status: Running (draining)\n" in text
    assert "Status: Cancelled\n" in text


def test_without_a_terminal_each_error_is_one_line_as_it_happens() -> None:
    shown, stream, _ = plain()
    with shown:
        shown.report([error(156, "Rate limit exceeded", retry=8.0)], view())
        shown.report([error(156, "Rate limit exceeded", retry=8.0, number=2)], view())
        shown.report([error(156, "Rate limit exceeded", number=4)], view())
    assert stream.getvalue().splitlines() == [
        "Input #156: Rate limit exceeded (retrying in 8s, attempt 2 of 4)",
        "Input #156: Rate limit exceeded",
    ]


def test_without_a_terminal_the_lines_of_several_runs_say_whose_they_are() -> None:
    shown, stream, _ = plain()
    with shown:
        shown.update([at(0), at(0, reference="other#1")])
    assert all(line.startswith((f"{SLUG}#3: ", "other#1: ")) for line in stream.getvalue().splitlines())


def test_a_stream_that_is_no_terminal_gets_plain_lines() -> None:
    assert isinstance(progress_view(io.StringIO(), {}, Clock()), PlainView)
