"""The judges of a workspace: who scores what, why that may be doubted, and how much people have scored beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.trust import LEAST_TO_DISTRUST
from lattice.store import EvaluationRow, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run, and how many of its results a person has scored."""

    run: RunRecord
    scored: int

    @property
    def can_be_held(self) -> bool:
        """Whether there is enough to say something of its judge."""
        return self.scored >= LEAST_TO_DISTRUST


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeLine:
    """The judges of one evaluation.

    Parameters
    ----------
    doubts: why their scores may not be believed, a sentence each.
    runs: its last one, and all in which a person has scored something; newest first.
    """

    row: EvaluationRow
    evaluation: Evaluation
    doubts: tuple[str, ...]
    runs: tuple[JudgedRun, ...]

    @property
    def is_on_scale(self) -> bool:
        """Whether the judge gives scores that a person can give as well, and not only prefers one of two answers."""
        return not self.evaluation.is_pairwise


def judge_lines(store: Store) -> list[JudgeLine]:
    """Every evaluation that a judge scores, the most recently used first."""
    counts = store.annotated_runs()
    annotated = store.runs_by_keys(counts)
    return [
        JudgeLine(
            row=row,
            evaluation=evaluation,
            doubts=tuple(doubts_about_judges(evaluation)),
            runs=tuple(JudgedRun(run=run, scored=counts.get(run.key, 0)) for run in _runs(row, [*annotated.values()])),
        )
        for row, evaluation in _judged(store)
    ]


def _judged(store: Store) -> Iterator[tuple[EvaluationRow, Evaluation]]:
    for row in store.evaluations():
        if row.last_version is None or row.archived:
            continue
        evaluation = Evaluation.model_validate(row.last_version.config)
        if evaluation.judges:
            yield row, evaluation


def _runs(row: EvaluationRow, annotated: list[RunRecord]) -> list[RunRecord]:
    found = {run.key: run for run in annotated if run.evaluation_id == row.id}
    if row.last_run is not None and row.last_run.status is not RunStatus.PENDING:
        found.setdefault(row.last_run.key, row.last_run)
    return sorted(found.values(), key=lambda run: -run.number)
