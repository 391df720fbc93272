"""What faces read of a run: its document, its results for an export, how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.exits import ExitCode
from lattice.core.filters import Filter, parse_filter
from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import Verdict
from lattice.reporting.comparison import Report
from lattice.reporting.document import errors_of, run_document
from lattice.reporting.exports import STDOUT, ExportSource, export, format_for
from lattice.reporting.exports.source import Details, Stream
from lattice.service.charting import charts_of
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.store import AttemptRow, Store

_UNDECIDED = {Verdict.INCONCLUSIVE.value, Verdict.NOT_EVALUATED.value}
FAILED = parse_filter("failed")


def document_of(store: Store, record: RunRecord, conclusion: Conclusion | None = None) -> dict[str, Any]:
    """A run as the document that ``run --json``, ``show --json`` and the API share.

    While the run waits in the queue, ``queue_position`` says where, from 1.
    """
    conclusion = conclusion or conclusion_of(store, record)
    errors = errors_of(store.iterate_results(record.key, FAILED))
    place = store.queue.place_of(record.id)
    document = run_document(record, conclusion.summary, errors, conclusion.gates)
    return document if place is None else {**document, "queue_position": place.position}


def export_run(
    store: Store,
    record: RunRecord,
    destination: str,
    *,
    format: str | None = None,
    where: Filter | None = None,
    compared: Callable[[], Report | None] = lambda: None,
) -> None:
    """Write a run to a file, or to standard output for ``-``.

    Parameters
    ----------
    compared: gives the run's comparison with its baseline, for formats that show it.

    Raises
    ------
    UsageError: no such format, or the file cannot be written.
    """
    chosen = format_for(destination, format)
    export(source_of(store, record, where, compared), chosen, destination, stdout=sys.stdout.buffer)


def source_of(
    store: Store,
    record: RunRecord,
    where: Filter | None = None,
    compared: Callable[[], Report | None] = lambda: None,
) -> ExportSource:
    """A run as formats write it; everything long is read as it is written, and again for who reads it again.

    Parameters
    ----------
    where: only these results.
    compared: see `export_run`.
    """
    conclusion, key = conclusion_of(store, record), record.key
    details = Details(
        errors=Stream(lambda: iter(errors_of(store.iterate_results(key, FAILED)))),
        inputs=Stream(lambda: store.inputs(record.input_set)),
        responses=Stream(lambda: store.responses_without_result(key)),
        attempts=Stream(lambda: _attempts(store, key)),
        attempts_by_trial=Stream(lambda: store.attempts_by_trial(key)),
    )
    return ExportSource(
        run=record,
        summary=conclusion.summary,
        document=run_document(record, conclusion.summary, (), conclusion.gates),
        rows=Stream(lambda: store.iterate_results(key, where)),
        details=details,
        partial=where is not None,
        created=datetime.now(UTC),
        charts=lambda: charts_of(store, record),
        compared=compared,
    )


def _attempts(store: Store, run_key: int) -> Iterator[AttemptRow]:
    """All failed calls, oldest first, some at a time."""
    chunk = store.attempts(run_key)
    while chunk:
        yield from chunk
        chunk = store.attempts(run_key, after=chunk[-1].id)


def check_destinations(destinations: tuple[str, ...]) -> None:
    """Say before anything is spent that a file cannot be written at the end.

    Raises
    ------
    UsageError: its ending means no format, its folder does not exist, or it may not be written to.
    """
    for destination in destinations:
        if destination == STDOUT:
            raise UsageError("-o takes a file here; to write to standard output afterwards: lattice export latest -o -")
        format_for(destination)
        path = Path(destination)
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{destination}: its folder does not exist")
        if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise UsageError(f"{destination} cannot be written")


def reference_of(record: RunRecord) -> str:
    """``SLUG#3``, as commands take it."""
    return f"{record.evaluation_slug}#{record.number}"


def exit_code(record: RunRecord, conclusion: Conclusion) -> ExitCode:
    """How ``run`` and ``resume`` end; the first that applies of product order."""
    progress = record.progress
    if record.status is RunStatus.FAILED or (progress.done > 0 and progress.successful == 0):
        return ExitCode.FAILED
    if record.status is RunStatus.CANCELLED and record.stopped is None:
        return ExitCode.CANCELLED
    if record.status is RunStatus.RUNNING:
        return ExitCode.TERMINATED
    verdicts = {gate["verdict"] for gate in conclusion.gates}
    if Verdict.FAIL.value in verdicts:
        return ExitCode.GATE_FAILED
    if verdicts & _UNDECIDED or record.stopped == "budget":
        return ExitCode.INCONCLUSIVE
    return ExitCode.OK
