"""Errors as lines, while a run goes on and afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any

from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.runs import Progress
from lattice.core.trials import Step
from lattice.reporting.formats import fit, rate, terminal_text
from lattice.reporting.view import ErrorLine, ErrorState, RunView

_MESSAGE_LIMIT = 500
_NARROW = 60


def error_line(line: ErrorLine, now: datetime, width: int, *, over: bool = False) -> str:
    """``Input #156: Rate limit exceeded (retrying in 8s, attempt 2 of 4)``, then ``(retrying...)``.

    Parameters
    ----------
    width: columns; the message is cut for it, what became of the error is not.
    over: the run has ended, so that nothing is tried again.
    """
    outcome = " (not tried again)" if over and line.state is ErrorState.RETRYING else _outcome(line, now, width)
    said = _said(line.key.position, line.target, line.step.value, line.message)
    return fit(said, width - len(outcome)) + outcome


def failed_line(error: Mapping[str, Any], *, several_targets: bool = False) -> str:
    """One entry of a document's ``errors``: ``Input #42: Timeout after 60s``."""
    target = error["target"] if several_targets else None
    return _said(error["input"], target, error["step"], error["message"])


def errors_heading(view: RunView, terminal: Terminal) -> list[str]:
    """``Errors: 3 / 200 (1.5%)``, and while it runs how many of the trials that have ended are among them."""
    progress = view.progress
    if view.is_over:
        return [errors_total(progress)]
    total = f"Errors: {view.unresolved} / {progress.total} ({rate(view.unresolved, progress.total)})"
    ended = f"{progress.failed} of {progress.done} ended"
    line = f"{total}        {ended}"
    return [line] if len(line) <= terminal.width else [total, ended]


def errors_total(progress: Progress) -> str:
    """``Errors: 3 / 200 (1.5%)`` of a run that is over: what failed."""
    return f"Errors: {progress.failed} / {progress.total} ({rate(progress.failed, progress.total)})"


def errors_block(view: RunView, terminal: Terminal) -> list[str]:
    """The heading and the last errors; nothing where there was none."""
    if not view.unresolved:
        return []
    lines = [error_line(line, view.at, terminal.width, over=view.is_over) for line in view.errors]
    return [
        *(terminal.paint(text, Colour.BOLD) for text in errors_heading(view, terminal)),
        *(_painted(text, line, terminal) for text, line in zip(lines, view.errors, strict=True)),
    ]


def _outcome(line: ErrorLine, now: datetime, width: int) -> str:
    """What became of an error, in brackets; nothing where the trial failed with it."""
    if line.state is ErrorState.RECOVERED:
        return " (resolved)"
    if line.state is ErrorState.FAILED:
        return ""
    wait = ceil((line.retry_at - now).total_seconds()) if line.retry_at is not None else 0
    if wait <= 0:
        return " (retrying...)"
    attempt = f", attempt {line.number + 1} of {line.allowed}" if width >= _NARROW else ""
    return f" (retrying in {wait}s{attempt})"


def _painted(text: str, line: ErrorLine, terminal: Terminal) -> str:
    return terminal.paint(text, Colour.RED if line.state is ErrorState.FAILED else Colour.YELLOW)


def _said(position: int, target: str | None, step: str, message: str) -> str:
    where = f"Input #{position}" + (f" ({terminal_text(target, 30)})" if target else "")
    text = terminal_text(message, _MESSAGE_LIMIT)
    judged = step == Step.JUDGE.value and not text.lower().startswith("judge")
    return f"{where}: Judge: {text}" if judged else f"{where}: {text}"
