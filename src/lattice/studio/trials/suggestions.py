"""Filters that are worth a click for the results of one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.judging import JudgeMode
from lattice.core.pairs import POSITION_BIAS
from lattice.core.panels import DISAGREEMENT
from lattice.core.runs import RunRecord
from lattice.reporting.figures import Summary
from lattice.reporting.formats import latency
from lattice.scoring.scales import scale_of

_MOST_CHECKS = 3
_SLOW_FROM = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A filter and what it is called; `count` is how many results it holds for, where that is known."""

    label: str
    where: str
    count: int | None = None


def suggestions_for(record: RunRecord, evaluation: Evaluation, summary: Summary | None) -> tuple[Suggestion, ...]:
    """What somebody who looks for trouble in these results would ask for.

    Parameters
    ----------
    summary: of the run where it has ended; tells what is slow.
    """
    return tuple(_suggestions(record, evaluation, summary))


def _suggestions(record: RunRecord, evaluation: Evaluation, summary: Summary | None) -> Iterator[Suggestion]:
    yield from _low_scores(evaluation)
    failed = record.progress.failed
    if failed:
        yield Suggestion(label="failed", where="failed", count=failed)
        yield Suggestion(label="unscored", where="unscored", count=failed)
    if evaluation.seats:
        yield Suggestion(label="judges disagree", where=f"{DISAGREEMENT} = 1")
    for check in evaluation.checks[:_MOST_CHECKS]:
        yield Suggestion(label=f"not: {check.name}", where=f"{quoted(check.name)} < 1")
    slow = max((target.latency.p95 for target in summary.targets if target.latency), default=None) if summary else None
    if slow and slow >= _SLOW_FROM:
        yield Suggestion(label=f"slow (above {latency(slow)})", where=f"latency > {slow:.3g}")
    retried = _calls(evaluation)
    yield Suggestion(label="tried again", where=f"attempts > {retried}")


def _low_scores(evaluation: Evaluation) -> Iterator[Suggestion]:
    if SCORE not in evaluation.metric_names:
        return
    judge = evaluation.judge
    if judge is not None and judge.mode is JudgeMode.PAIRWISE:
        yield Suggestion(label="lost", where="score = 0")
        yield Suggestion(label="won", where="score = 1")
        yield Suggestion(label="order decided", where=f"{POSITION_BIAS} = 1")
    elif judge is not None:
        scale = scale_of(judge)
        where = f"score < {(scale.minimum + scale.maximum) / 2:g}"
        yield Suggestion(label=where, where=where)
    else:
        yield Suggestion(label="score < 1", where="score < 1")


def _calls(evaluation: Evaluation) -> int:
    """How many calls a trial takes in which nothing fails."""
    votes = sum(judge.samples for judge in evaluation.judges)
    return 1 + (2 if evaluation.is_pairwise else votes)


def quoted(name: str) -> str:
    """A metric's name as filters take it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
