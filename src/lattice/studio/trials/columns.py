"""The columns that a table of results can have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.pairs import POSITION_BIAS
from lattice.core.panels import DISAGREEMENT

_USUAL_METRICS = 4
_OF_METRIC = "m:"


class Kind(StrEnum):
    """What stands in a column."""

    INPUT = "input"
    ID = "id"
    TARGET = "target"
    REPEAT = "repeat"
    SCORE = "score"
    METRIC = "metric"
    REASONING = "reasoning"
    OUTPUT = "output"
    REFERENCE = "reference"
    LATENCY = "latency"
    JUDGE_LATENCY = "judge_latency"
    DURATION = "duration"
    TOKENS = "tokens"
    COST = "cost"
    ATTEMPTS = "attempts"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Parameters
    ----------
    id: in addresses.
    metric: name of the metric it shows.
    sort: what results are sorted by with it; None where they cannot be. falling: the highest first.
    is_usual: shown unless somebody chooses.
    """

    id: str
    label: str
    kind: Kind
    metric: str = ""
    sort: str | None = None
    falling: bool = False
    is_number: bool = False
    is_usual: bool = True


def columns_of(evaluation: Evaluation) -> tuple[Column, ...]:
    """Every column that results of an evaluation can have, in their order."""
    return tuple(_columns(evaluation))


def shown_columns(columns: Sequence[Column], chosen: Sequence[str]) -> tuple[Column, ...]:
    """Those that were chosen, or the usual ones; the input always."""
    known = {column.id for column in columns}
    wanted = known.intersection(chosen)
    if not wanted:
        return tuple(column for column in columns if column.is_usual)
    return tuple(column for column in columns if column.id in wanted or column.kind is Kind.INPUT)


def _columns(evaluation: Evaluation) -> Iterator[Column]:
    judged = evaluation.judge is not None
    yield Column(id="input", label="Input", kind=Kind.INPUT, sort="input")
    yield Column(id="id", label="Id", kind=Kind.ID, is_usual=False)
    if len(evaluation.contenders) > 1:
        yield Column(id="target", label="Target", kind=Kind.TARGET)
    if evaluation.run.repeats > 1:
        yield Column(id="repeat", label="Repeat", kind=Kind.REPEAT, is_number=True)
    if SCORE in evaluation.metric_names:
        yield Column(id="score", label="Score", kind=Kind.SCORE, sort="score")
    yield Column(id="output", label="Output", kind=Kind.OUTPUT, is_usual=not judged)
    if judged:
        yield Column(id="reasoning", label="Reasoning", kind=Kind.REASONING)
    yield Column(id="reference", label="Reference", kind=Kind.REFERENCE, is_usual=False)
    yield from _metrics(evaluation)
    yield Column(id="latency", label="Latency", kind=Kind.LATENCY, sort="latency", falling=True, is_number=True)
    if judged:
        yield Column(
            id="judge_latency", label="Judge's latency", kind=Kind.JUDGE_LATENCY, is_number=True, is_usual=False
        )
    yield Column(id="duration", label="Duration", kind=Kind.DURATION, is_number=True, is_usual=False)
    yield Column(id="tokens", label="Tokens", kind=Kind.TOKENS, is_number=True, is_usual=False)
    yield Column(id="cost", label="Cost", kind=Kind.COST, sort="cost", falling=True, is_number=True)
    yield Column(id="attempts", label="Attempts", kind=Kind.ATTEMPTS, sort="attempts", falling=True, is_number=True)
    yield Column(id="note", label="Note", kind=Kind.NOTE, is_usual=False)


def _metrics(evaluation: Evaluation) -> Iterator[Column]:
    """Criteria and checks; the votes of a panel are there to be chosen."""
    votes = {name for seat in evaluation.seats for name in seat.metrics}
    names = [name for name in evaluation.metric_names if name != SCORE]
    usual = [name for name in names if name not in votes and name != DISAGREEMENT][:_USUAL_METRICS]
    for name in [*names, *([POSITION_BIAS] if evaluation.is_pairwise else [])]:
        yield Column(
            id=f"{_OF_METRIC}{name}".replace(",", " "),
            label=name.replace("_", " ") if name in (DISAGREEMENT, POSITION_BIAS) else name,
            kind=Kind.METRIC,
            metric=name,
            sort=name,
            is_number=True,
            is_usual=name in usual,
        )
