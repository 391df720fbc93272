"""Results as rows of a table: the columns that CSV and Parquet share, always in this order.

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

A cell is None where there is nothing to say, which is not 0.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from lattice.store.records import ResultRow

Cell = str | int | float | None


class Kind(Enum):
    """What the cells of a column are."""

    TEXT = auto()
    WHOLE = auto()
    NUMBER = auto()


class Column(NamedTuple):
    """One column."""

    name: str
    kind: Kind


def columns(metrics: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns for a run with these metrics, the first of which is ``score``."""
    further = [Column(f"metrics.{name}{part}", Kind.NUMBER) for name in metrics[1:] for part in ("", ".native")]
    return (*_BEFORE, *further, *_AFTER)


def cells(row: ResultRow, metrics: tuple[str, ...]) -> list[Cell]:
    """One result, a cell for each of its `columns`."""
    found: list[Cell] = [
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
        found += [metric.score, metric.native] if metric else [None, None]
    return found + _outcome(row) + _texts(row)


_BEFORE = (
    Column("position", Kind.WHOLE),
    Column("id", Kind.TEXT),
    Column("target", Kind.TEXT),
    Column("repeat", Kind.WHOLE),
    Column("status", Kind.TEXT),
    Column("score", Kind.NUMBER),
    Column("native", Kind.NUMBER),
)
_AFTER = (
    Column("error_step", Kind.TEXT),
    Column("error_kind", Kind.TEXT),
    Column("error_message", Kind.TEXT),
    Column("attempts", Kind.WHOLE),
    Column("latency_seconds", Kind.NUMBER),
    Column("judge_latency_seconds", Kind.NUMBER),
    Column("duration_seconds", Kind.NUMBER),
    Column("target_input_tokens", Kind.WHOLE),
    Column("target_output_tokens", Kind.WHOLE),
    Column("judge_input_tokens", Kind.WHOLE),
    Column("judge_output_tokens", Kind.WHOLE),
    Column("target_cost_usd", Kind.NUMBER),
    Column("judge_cost_usd", Kind.NUMBER),
    Column("cost_usd", Kind.NUMBER),
    Column("cluster", Kind.TEXT),
    Column("input", Kind.TEXT),
    Column("reference", Kind.TEXT),
    Column("response", Kind.TEXT),
    Column("reasoning", Kind.TEXT),
    Column("annotation_score", Kind.NUMBER),
    Column("annotation_note", Kind.TEXT),
)


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
