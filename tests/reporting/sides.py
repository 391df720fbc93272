"""Sides of a comparison, made for tests out of native scores on Likert-5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.reporting.run_records import evaluation, run, score_row

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.reporting.sides import Side, read_scores
from lattice.reporting.summary import Session, summarise

Native = float | None


def side(
    name: str,
    natives: Sequence[Native] | Mapping[int, Sequence[Native]],
    *,
    configured: Evaluation | None = None,
    names: tuple[str, ...] = ("score",),
    high: int = 5,
    low: int = 1,
    clusters: Mapping[int, str] | None = None,
    order: Sequence[int] = (),
    **changes: Any,
) -> Side:
    """One target's scores, by input or with repeats by position; None for a trial that failed."""
    of = configured or evaluation()
    by_position = natives if isinstance(natives, Mapping) else {n: [each] for n, each in enumerate(natives, 1)}
    rows = [
        score_row(
            position,
            *(() if native is None else [native] * len(names)),
            repeat=repeat,
            cluster=(clusters or {}).get(position),
            names=names,
            low=low,
            high=high,
            cost=0.001,
        )
        for position, trials in by_position.items()
        for repeat, native in enumerate(trials)
    ]
    record = run(**{"id": name, "input_count": len(by_position), **changes})
    summary = summarise(rows, of, Session(total=len(rows)))
    metrics = [[each.name for each in summary.metrics]]
    return Side(
        name=name,
        run=record,
        evaluation=of,
        target=of.targets[0].name,
        summary=summary,
        scores=read_scores(rows, metrics)[0],
        order=order,
    )


def stopped(name: str, natives: Sequence[Native], *, order: Sequence[int], **changes: Any) -> Side:
    """The side of a run that somebody cancelled."""
    return side(name, natives, order=order, **{"status": RunStatus.CANCELLED, **changes})
