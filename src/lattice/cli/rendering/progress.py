"""One run at one moment, as lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lattice.cli.rendering.errors import errors_block
from lattice.cli.rendering.indicators import spinner, status_line
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.runs import RunStatus
from lattice.reporting.formats import cells, terminal_text, wrapped
from lattice.reporting.view import RunningMean, RunView
from lattice.reporting.words.progress import mean_text, notices, progress_text, spending_text, times_text
from lattice.reporting.words.status import status_word

_TIMES_AT = 30
_LONGEST_BAR = 60
_STYLE = re.compile("\x1b\\[[0-9;]*m")


def view_lines(view: RunView, terminal: Terminal, *, frame: int = 0) -> list[str]:
    """Everything that is shown of a run while it goes on, to be drawn over and over.

    Parameters
    ----------
    frame: number of the drawing, which moves the spinner.
    """
    width = terminal.width
    lines = [terminal.paint(text, Colour.BOLD) for text in title_lines(view, width)]
    lines.append(_status(view, terminal, frame))
    lines += progress_lines(view, terminal)
    lines.append(_bar(view, terminal))
    lines += [text for mean in view.means for text in mean_lines(mean, width)]
    lines += wrapped(spending_text(view), width)
    lines += [terminal.paint(line, Colour.YELLOW) for text in notices(view) for line in wrapped(text, width)]
    errors = errors_block(view, terminal)
    return [*lines, "", *errors] if errors else lines


def title_lines(view: RunView, width: int) -> list[str]:
    """``RAG Pipeline Quality Assessment (rag-pipeline-quality-assessment#3)``, on two lines if need be."""
    name, reference = terminal_text(view.name, width), terminal_text(view.reference)
    line = f"{name} ({reference})"
    return [line] if cells(line) <= width else [name, *wrapped(reference, width)]


def progress_lines(view: RunView, terminal: Terminal) -> list[str]:
    """``Progress: 47 / 200 (24%)      Elapsed: 2m 15s | Estimated: 7m 30s remaining``, or two lines."""
    done = progress_text(view.progress)
    times = times_text(view)
    line = f"{done.ljust(_TIMES_AT - 2)}  {times}"
    return [line] if len(line) <= terminal.width else [done, *wrapped(times, terminal.width)]


def mean_lines(mean: RunningMean, width: int) -> list[str]:
    """The mean so far, and under it what holds it back, if anything does."""
    lines = wrapped(mean_text(mean), width)
    if mean.waiting_for is not None:
        lines += wrapped(f"over the first {mean.n} scheduled; waiting for #{mean.waiting_for}", width, "  ")
    return lines


def beside(frames: Sequence[Sequence[str]], terminal: Terminal) -> list[str]:
    """Frames in columns of equal width; `frames` were made for that width."""
    column = column_width(len(frames), terminal)
    height = max(len(frame) for frame in frames)
    padded = [[*frame, *[""] * (height - len(frame))] for frame in frames]
    rows = zip(*padded, strict=True)
    return ["   ".join(_filled(line, column) for line in row).rstrip() for row in rows]


def column_width(runs: int, terminal: Terminal) -> int:
    """Columns that each of several runs gets beside the others."""
    return (terminal.width - 3 * (runs - 1)) // runs


def shown_cells(text: str) -> int:
    """Columns of a text that was painted."""
    return cells(_STYLE.sub("", text))


def plain_line(view: RunView) -> str:
    """The whole state in one line, for a log."""
    parts = [
        progress_text(view.progress),
        times_text(view),
        *(mean_text(mean) for mean in view.means),
        spending_text(view),
    ]
    if view.unresolved:
        parts.append(f"Errors: {view.unresolved}")
    return " | ".join(parts)


def plain_status(view: RunView) -> str:
    """``Status: Running (draining)``."""
    return f"Status: {status_word(view.status, interrupted=view.interrupted, draining=view.draining)}"


def _status(view: RunView, terminal: Terminal, frame: int) -> str:
    if view.status is not RunStatus.RUNNING or view.interrupted or not terminal.shapes:
        return status_line(terminal, view.status, interrupted=view.interrupted, draining=view.draining)
    word = terminal.paint(status_word(view.status, draining=view.draining), Colour.BLUE)
    return f"Status: {spinner(terminal, frame)} {word}"


def _bar(view: RunView, terminal: Terminal) -> str:
    width = min(terminal.width, _LONGEST_BAR)
    total = max(view.progress.total, 1)
    full = width * view.progress.done // total
    done, rest = terminal.sign("━", "="), terminal.sign("─", "-")
    return terminal.paint(done * full, Colour.GREEN) + terminal.paint(rest * (width - full), Colour.GRAY)


def _filled(line: str, width: int) -> str:
    return line + " " * max(0, width - shown_cells(line))
