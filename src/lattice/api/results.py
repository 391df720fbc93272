"""Results as Python sees them: one by one, and as the columns of a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.core.trials import Failure, Metric
from lattice.store import ResultRow

_SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One trial that has ended.

    Parameters
    ----------
    position, id: of the input. input, reference: its texts.
    score: on 0–1; native: on the judge's own scale. Both are None when it failed; `failure` says why.
    metrics: criteria and checks by name, the score among them.
    response: what the target answered, None where it gave nothing.
    latency: seconds of the target's call. cost_usd: of target and judge; None where a price is unknown.
    """

    position: int
    id: str
    input: str
    reference: str | None
    target: str
    repeat: int
    score: float | None
    native: float | None
    metrics: Mapping[str, Metric]
    reasoning: str
    response: str | None
    failure: Failure | None
    attempts: int
    latency: float | None
    cost_usd: float | None

    @classmethod
    def of(cls, row: ResultRow) -> Result:
        return cls(
            position=row.key.position,
            id=row.input.id,
            input=row.input.text,
            reference=row.input.reference,
            target=row.target,
            repeat=row.key.repeat,
            score=row.score,
            native=row.native,
            metrics=row.metrics,
            reasoning=row.reasoning,
            response=row.response.text if row.response else None,
            failure=row.failure,
            attempts=row.attempts,
            latency=row.latency,
            cost_usd=row.cost,
        )


TEXT, WHOLE, NUMBER = "text", "whole", "number"
"""What a column holds; every value may be missing but those of `WHOLE` columns."""

COLUMNS: Mapping[str, str] = {
    "position": WHOLE,
    "id": TEXT,
    "input": TEXT,
    "reference": TEXT,
    "target": TEXT,
    "repeat": WHOLE,
    "score": NUMBER,
    "native": NUMBER,
    "reasoning": TEXT,
    "response": TEXT,
    "attempts": WHOLE,
    "latency": NUMBER,
    "cost_usd": NUMBER,
    "error_kind": TEXT,
    "error_message": TEXT,
}
"""Columns of every data frame, in their order, with what they hold; those of further metrics follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Results by column.

    Parameters
    ----------
    kinds: `TEXT`, `WHOLE` or `NUMBER`, by column.
    """

    kinds: Mapping[str, str]
    values: Mapping[str, Sequence[Any]]


def table_of(results: Iterable[Result], metrics: Iterable[str]) -> Table:
    """Results as columns, the same ones however few there are.

    Parameters
    ----------
    metrics: names of the run's metrics; each but the score gets a column of its name, ``metric.NAME`` where
        another column is called that.
    """
    further = {name: f"metric.{name}" if name in COLUMNS else name for name in metrics if name != _SCORE}
    kinds = {**COLUMNS, **dict.fromkeys(further.values(), NUMBER)}
    values: dict[str, list[Any]] = {column: [] for column in kinds}
    for result in results:
        failure = result.failure
        error = (failure.kind.value, failure.message) if failure else (None, None)
        for column, value in zip(COLUMNS, (*(getattr(result, name) for name in _PLAIN), *error), strict=True):
            values[column].append(value)
        for name, column in further.items():
            metric = result.metrics.get(name)
            values[column].append(None if metric is None else metric.score)
    return Table(kinds=kinds, values=values)


_PLAIN = tuple(name for name in COLUMNS if not name.startswith("error_"))
