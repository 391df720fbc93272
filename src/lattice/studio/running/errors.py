"""What went wrong in a run lately, grouped by kind, and how each error ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from lattice.core.errors import ErrorKind
from lattice.core.runs import RunRecord
from lattice.core.trials import Step
from lattice.reporting.formats import fit, rate, terminal_text
from lattice.reporting.view import ErrorLine, ErrorLog, ErrorState, RunView
from lattice.store import Store

LOOKED_AT = 200
SHOWN = 5
_LONGEST, _SHORT = 500, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownError:
    """One error as a line.

    Parameters
    ----------
    said: ``Input #156: Rate limit exceeded``, short; whole: the same as long as it is.
    outcome: ``retrying``, ``failed``, ``recovered`` or ``not tried again``.
    attempt: ``attempt 2 of 4``, where it is tried again.
    retry_at: when, if that is to come. wait: whole seconds until then.
    """

    position: int
    said: str
    whole: str
    outcome: str
    at: datetime
    attempt: str = ""
    retry_at: datetime | None = None
    wait: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """The errors of one kind.

    Parameters
    ----------
    failed: trials that ended with it. retrying, recovered: among the last errors.
    lines: the last ones, newest first.
    """

    kind: ErrorKind
    failed: int
    retrying: int
    recovered: int
    lines: tuple[ShownError, ...]

    @property
    def label(self) -> str:
        return self.kind.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPanel:
    """The heading as on the terminal, and the groups in an order that does not change."""

    heading: str
    beside: str
    groups: tuple[ErrorGroup, ...]


def error_lines(store: Store, record: RunRecord, targets: Sequence[str]) -> tuple[ErrorLog, tuple[ErrorLine, ...]]:
    """What the end of a run's attempt log tells: the log, and the last line of each trial in it, newest first."""
    log = ErrorLog(targets)
    last: dict[tuple[int, int, int], ErrorLine] = {}
    for line in log.add(reversed(store.latest_attempts(record.key, limit=LOOKED_AT))):
        last.pop(line.key, None)
        last[line.key] = line
    return log, tuple(reversed(last.values()))


def error_panel(view: RunView, record: RunRecord, lines: Sequence[ErrorLine]) -> ErrorPanel:
    """The errors of a run at one moment."""
    kinds = record.live.get("kinds", {})
    by_kind: dict[ErrorKind, list[ErrorLine]] = {ErrorKind(kind): [] for kind, count in kinds.items() if count}
    for line in lines:
        by_kind.setdefault(line.kind, []).append(line)
    groups = tuple(_group(kind, kinds.get(kind.value, 0), by_kind[kind], view) for kind in ErrorKind if kind in by_kind)
    progress = view.progress
    if view.is_over:
        share = rate(progress.failed, progress.total)
        return ErrorPanel(heading=f"Errors: {progress.failed} / {progress.total} ({share})", beside="", groups=groups)
    return ErrorPanel(
        heading=f"Errors: {view.unresolved} / {progress.total} ({rate(view.unresolved, progress.total)})",
        beside=f"{progress.failed} of {progress.done} ended",
        groups=groups,
    )


def _group(kind: ErrorKind, failed: int, lines: Sequence[ErrorLine], view: RunView) -> ErrorGroup:
    states = [line.state for line in lines]
    return ErrorGroup(
        kind=kind,
        failed=failed,
        retrying=0 if view.is_over else states.count(ErrorState.RETRYING),
        recovered=states.count(ErrorState.RECOVERED),
        lines=tuple(_shown(line, view) for line in lines[:SHOWN]),
    )


def _shown(line: ErrorLine, view: RunView) -> ShownError:
    whole = said_of(line.key.position, line.target, line.step, line.message)
    said = fit(whole, _SHORT)
    if line.state is not ErrorState.RETRYING or view.is_over:
        outcome = "not tried again" if line.state is ErrorState.RETRYING else line.state.value
        return ShownError(position=line.key.position, said=said, whole=whole, outcome=outcome, at=line.at)
    wait = ceil((line.retry_at - view.at).total_seconds()) if line.retry_at else 0
    return ShownError(
        position=line.key.position,
        said=said,
        whole=whole,
        outcome=line.state.value,
        at=line.at,
        attempt=f"attempt {line.number + 1} of {line.allowed}",
        retry_at=line.retry_at if wait > 0 else None,
        wait=max(0, wait),
    )


def said_of(position: int, target: str | None, step: Step, message: str) -> str:
    """``Input #42: Timeout after 60s``, with the target's name where there are several."""
    where = f"Input #{position}" + (f" ({terminal_text(target, 30)})" if target else "")
    text = terminal_text(message, _LONGEST)
    judged = step is Step.JUDGE and not text.lower().startswith("judge")
    return f"{where}: Judge: {text}" if judged else f"{where}: {text}"
