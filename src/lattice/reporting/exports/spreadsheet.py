"""CSV: one row per trial, in UTF-8.

Columns, always in this order; a column is empty where there is nothing to say, which is not 0:

======================  ==================================================================================
position, id            the input's place in its file, and its id
target, repeat          name of the target; repeats count from 1
status                  ``scored`` or ``failed``
score, native           on 0–1, and on the judge's own scale
metrics.NAME,           the same for each criterion or check
metrics.NAME.native
error_step, error_kind, why it failed
error_message
attempts                calls made for target and judge together
latency_seconds,        of the target's call, of the judge's, and of the whole trial with its waits
judge_latency_seconds,
duration_seconds
…_input_tokens,         of ``target`` and ``judge``
…_output_tokens
target_cost_usd,        empty where a price is unknown
judge_cost_usd,
cost_usd
cluster, input,         texts; a conversation as ``role: content`` paragraphs
reference, response,
reasoning
annotation_score,       what a person said of it
annotation_note
======================  ==================================================================================

A text that a spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from typing import IO

from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.formats import spreadsheet_text
from lattice.store.records import ResultRow

_BEFORE = ("position", "id", "target", "repeat", "status", "score", "native")
_AFTER = (
    "error_step",
    "error_kind",
    "error_message",
    "attempts",
    "latency_seconds",
    "judge_latency_seconds",
    "duration_seconds",
    "target_input_tokens",
    "target_output_tokens",
    "judge_input_tokens",
    "judge_output_tokens",
    "target_cost_usd",
    "judge_cost_usd",
    "cost_usd",
    "cluster",
    "input",
    "reference",
    "response",
    "reasoning",
    "annotation_score",
    "annotation_note",
)

Cell = str | int | float | None


def columns(metrics: tuple[str, ...]) -> tuple[str, ...]:
    """The header, for the metrics of a run."""
    further = [f"metrics.{name}{part}" for name in metrics[1:] for part in ("", ".native")]
    return (*_BEFORE, *further, *_AFTER)


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write all results, one at a time."""
    # Lines end as RFC 4180 has it; the csv module then quotes every carriage return and line feed within a
    # text.
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([spreadsheet_text(name) for name in columns(source.metrics)])
        for row in source.rows:
            writer.writerow([_safe(cell) for cell in _cells(row, source.metrics)])
    finally:
        text.detach()


def _cells(row: ResultRow, metrics: tuple[str, ...]) -> list[Cell]:
    cells: list[Cell] = [
        row.key.position,
        row.input.id,
        row.target,
        row.key.repeat + 1,
        row.status.value,
        row.score,
        row.native,
    ]
    for name in metrics[1:]:
        metric = row.metrics.get(name)
        cells += [metric.score, metric.native] if metric else [None, None]
    return cells + _outcome(row) + _texts(row)


def _outcome(row: ResultRow) -> list[Cell]:
    failure = row.failure
    return [
        failure.step.value if failure else None,
        failure.kind.value if failure else None,
        failure.message if failure else None,
        row.attempts,
        row.latency,
        row.judge_latency,
        row.duration,
        row.target_usage.input_tokens,
        row.target_usage.output_tokens,
        row.judge_usage.input_tokens,
        row.judge_usage.output_tokens,
        row.target_cost,
        row.judge_cost,
        row.cost,
    ]


def _texts(row: ResultRow) -> list[Cell]:
    annotation = row.annotation
    return [
        row.input.cluster,
        row.input.text,
        row.input.reference,
        row.response.text if row.response else None,
        row.reasoning or None,
        annotation.score if annotation else None,
        annotation.note if annotation else None,
    ]


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return spreadsheet_text(cell)
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


FORMAT = Format(name="csv", suffixes=(".csv",), write=write)
