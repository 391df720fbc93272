"""Failures of a target that count as a score (``scoring.failed_as``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.trials import Metric, Step
from lattice.reporting.metrics import metric_forms
from lattice.store.records import ResultStatus, ScoreRow


def stand_in_of(evaluation: Evaluation) -> Metric | None:
    """The score that a trial has whose target failed; None where it has none.

    It stands for ``score`` alone: a criterion, a judge of a panel and a check have nothing to say of no response.
    """
    scoring = evaluation.scoring
    if scoring is None or scoring.failed_as is None:
        return None
    score = scoring.failed_as
    scale = next(form.scale for form in metric_forms(evaluation) if form.name == SCORE)
    return Metric(score=score, native=None if scale is None else scale.to_native(score))


def stands_in(row: ScoreRow) -> bool:
    """Whether it is the target itself that failed, whose failures can be counted as a score."""
    return row.status is ResultStatus.FAILED and row.error_step is Step.TARGET


def with_stand_ins(rows: Iterable[ScoreRow], evaluation: Evaluation) -> Iterator[ScoreRow]:
    """The same results, in which failures that count as a score have it. They are failed ones as before."""
    metric = stand_in_of(evaluation)
    if metric is None:
        yield from rows
        return
    metrics = {SCORE: (metric.score, metric.native)}
    for row in rows:
        yield row._replace(metrics=metrics) if stands_in(row) else row
