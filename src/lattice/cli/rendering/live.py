"""Runs while they go on: redrawn in place on a terminal, one plain line now and then without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self, TextIO

from lattice.cli.rendering.errors import error_line
from lattice.cli.rendering.progress import (
    beside,
    column_width,
    plain_line,
    plain_status,
    shown_cells,
    view_lines,
)
from lattice.cli.rendering.terminal import Terminal, size_of, terminal_of
from lattice.reporting.formats import terminal_text
from lattice.reporting.view import ErrorLine, ErrorState, RunView
from lattice.reporting.words.progress import notices

DRAW_EVERY = 0.2
SPINS_PER_SECOND = 5
LEAST_COLUMN = 58
LONGEST_LINE = 500

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
# Terminals that know synchronised updates show a frame as a whole, the others ignore these two.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"


class ProgressView(Protocol):
    """Shows runs while they go on. A context manager: leaving it puts the terminal back as it was."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, views: Sequence[RunView]) -> None:
        """Show how the runs are now; called as often as there is news, drawn as often as is good."""

    def report(self, lines: Iterable[ErrorLine], view: RunView) -> None:
        """Tell of errors of one run, each as it happens."""

    def erase(self) -> None:
        """Take away what would be in the way of a summary; what was written as lines stays."""


def progress_view(stream: TextIO, environ: Mapping[str, str], clock: Callable[[], float]) -> ProgressView:
    """The view that suits a stream.

    Parameters
    ----------
    clock: monotonic seconds.
    """
    terminal = terminal_of(stream, environ)
    if terminal.live:
        return LiveView(stream, terminal, clock=clock, size=lambda: size_of(stream, environ))
    return PlainView(stream, clock=clock)


class LiveView:
    """Redraws a few lines in place, at most five times a second.

    Parameters
    ----------
    size: columns and rows of the terminal, asked at every drawing since windows change.
    clock: monotonic seconds.
    """

    def __init__(
        self,
        stream: TextIO,
        terminal: Terminal,
        *,
        size: Callable[[], tuple[int, int]],
        clock: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._terminal = terminal
        self._size = size
        self._clock = clock
        self._views: Sequence[RunView] = ()
        self._drawn: list[str] = []
        self._next = float("-inf")

    def __enter__(self) -> Self:
        self._write(_HIDE_CURSOR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._draw()
            self._write("\n")
            self._drawn = []
        self._write(_SHOW_CURSOR)

    def update(self, views: Sequence[RunView]) -> None:
        """Take in how the runs are now, and draw them unless that was done just before."""
        self._views = views
        if self._clock() >= self._next:
            self._next = self._clock() + DRAW_EVERY
            self._draw()

    def report(self, lines: Iterable[ErrorLine], view: RunView) -> None:
        """The last errors are part of what is drawn."""

    def erase(self) -> None:
        """Take the drawing away."""
        if self._drawn:
            self._write(self._home(self._size()[0]) + _CLEAR_BELOW)
            self._drawn = []
            self._views = ()

    def _draw(self) -> None:
        width, height = self._size()
        # The last column stays free: after a character there a terminal does not agree with others where it
        # is.
        terminal = replace(self._terminal, width=width - 1, height=height)
        lines = self._frame(terminal)[: max(height - 1, 1)]
        home = self._home(width)
        self._write(f"{_BEGIN}{home}" + f"{_CLEAR_LINE}\n".join(lines) + f"{_CLEAR_LINE}{_CLEAR_BELOW}{_END}")
        self._drawn = lines

    def _frame(self, terminal: Terminal) -> list[str]:
        frame = int(self._clock() * SPINS_PER_SECOND)
        views = self._views
        column = column_width(len(views), terminal) if views else 0
        if len(views) > 1 and column >= LEAST_COLUMN:
            narrow = replace(terminal, width=column)
            return beside([view_lines(view, narrow, frame=frame) for view in views], terminal)
        lines: list[str] = []
        for view in views:
            lines += [*([""] if lines else []), *view_lines(view, terminal, frame=frame)]
        return lines

    def _home(self, width: int) -> str:
        """To the first line of the last drawing, which a narrower window has broken into more lines."""
        rows = sum(max(1, -(-shown_cells(line) // width)) for line in self._drawn)
        return f"\r\x1b[{rows - 1}A" if rows > 1 else "\r"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


@dataclass(frozen=True, slots=True)
class Told:
    """What was last said of a run."""

    status: str
    notices: tuple[str, ...]
    tenth: int
    at: float


class PlainView:
    """Writes a line when a run changes state, at every tenth of it, every 30 seconds, and for each error.

    Parameters
    ----------
    clock: monotonic seconds.
    every: seconds after which a line is written in any case.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float], every: float = 30.0) -> None:
        self._stream = stream
        self._clock = clock
        self._every = every
        self._told: dict[str, Told] = {}
        self._several = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def update(self, views: Sequence[RunView]) -> None:
        """Write what is new about each run."""
        self._several = len(views) > 1
        for view in views:
            self._tell(view)
        self._stream.flush()

    def report(self, lines: Iterable[ErrorLine], view: RunView) -> None:
        """Write errors: the first of each trial, and how it ended."""
        for line in lines:
            if line.number == 1 or line.state is not ErrorState.RETRYING:
                self._line(view, error_line(line, line.at, LONGEST_LINE))
        self._stream.flush()

    def erase(self) -> None:
        """Lines that were written stay."""

    def _tell(self, view: RunView) -> None:
        now = self._clock()
        status, said = plain_status(view), _lasting(view)
        tenth = 10 * view.progress.done // max(view.progress.total, 1)
        before = self._told.get(view.reference)
        if before is None or before.status != status:
            self._line(view, status)
        for text in said:
            if before is None or text not in before.notices:
                self._line(view, text)
        due = before is None or tenth > before.tenth or now - before.at >= self._every
        if due:
            self._line(view, plain_line(view))
        at = now if due or before is None else before.at
        self._told[view.reference] = Told(status, tuple(said), tenth, at)

    def _line(self, view: RunView, text: str) -> None:
        self._stream.write(f"{view.reference}: {text}\n" if self._several else f"{text}\n")


def _lasting(view: RunView) -> list[str]:
    """Notices without those that count seconds: a log is told of a wait when it starts, not all the while."""
    waiting = {f"waiting for {terminal_text(wait.reason, 80)}" for wait in view.waits}
    return [*notices(replace(view, waits=())), *sorted(waiting)]
