"""The numbers of a run, target by target, in one form while it goes on and afterwards, so that nothing moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, sqrt
from typing import Any

from lattice.core.evaluation import SCORE, Evaluation, EvaluationType
from lattice.core.runs import RunRecord
from lattice.reporting.charts.subjects import subject_of
from lattice.reporting.figures import MetricSummary, PairCounts, Summary, TargetSummary
from lattice.reporting.metrics import PassCondition, metric_forms
from lattice.scoring.scales import scale_of
from lattice.service.conclusion import Conclusion

Counts = Sequence[Sequence[Any]]
"""Native value, score and count of each different score, as the engine keeps them while there are few."""

_RECENT = 15.0
_UNDECIDED: Mapping[str, Any] = {"verdict": None, "reason": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBoard:
    """One target's numbers.

    Parameters
    ----------
    score: None where nothing is scored.
    is_accuracy: the score is a share of right answers.
    others: criteria and checks; heading: what they are.
    ended: how its trials ended, and how quick it was; None while the run goes on.
    """

    name: str
    score: MetricSummary | None
    is_accuracy: bool
    others: tuple[MetricSummary, ...]
    heading: str
    ended: TargetSummary | None

    @property
    def correct(self) -> int:
        """How many answers are right."""
        levels = self.score.distribution if self.score else ()
        return sum(level.count for level in levels if level.score == 1)

    @property
    def methods(self) -> tuple[str, ...]:
        """How the intervals of criteria and checks were made."""
        return tuple(sorted({metric.interval.method for metric in self.others if metric.interval}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All numbers of a run.

    Parameters
    ----------
    scale_maximum: the highest level of the judge's own scale.
    summary: None while they are those so far.
    gates: verdicts as documents have them; without a verdict while the run goes on.
    """

    targets: tuple[TargetBoard, ...]
    type: EvaluationType
    scale_maximum: int | None
    summary: Summary | None
    gates: tuple[Mapping[str, Any], ...]

    @property
    def is_operational(self) -> bool:
        return self.type is EvaluationType.OPERATIONAL

    @property
    def has_scores(self) -> bool:
        """Whether anything is scored at all."""
        return any(target.score or target.others for target in self.targets)


def board_of(record: RunRecord, evaluation: Evaluation, conclusion: Conclusion | None) -> Board:
    """The numbers of a run: those of its conclusion, or what its totals tell so far."""
    summary = conclusion.summary if conclusion else None
    metrics = summary.metrics if summary else tuple(_so_far(record, evaluation))
    ended = {target.target: target for target in summary.targets} if summary else {}
    judge = evaluation.judge
    return Board(
        targets=tuple(
            _target(target.name, [each for each in metrics if each.target == target.name], evaluation, ended)
            for target in evaluation.contenders
        ),
        type=evaluation.type,
        scale_maximum=scale_of(judge).maximum if judge is not None and judge.scale is not None else None,
        summary=summary,
        gates=conclusion.gates if conclusion else tuple({**_UNDECIDED, "condition": text} for text in evaluation.gates),
    )


def throughput_of(live: Mapping[str, Any]) -> float | None:
    """Trials a second over the last moments of a run that goes on; None while too few have ended."""
    pace: Sequence[Sequence[float]] = live.get("pace", ())
    if len(pace) < 2:
        return None
    at, done = pace[-1]
    since, before = next((point for point in reversed(pace) if at - point[0] >= _RECENT), pace[0])
    return (done - before) / (at - since) if at > since and done > before else None


def _target(
    name: str, metrics: Sequence[MetricSummary], evaluation: Evaluation, ended: Mapping[str, TargetSummary]
) -> TargetBoard:
    score = next((metric for metric in metrics if metric.name == SCORE), None)
    others = tuple(metric for metric in metrics if metric.name != SCORE)
    checks = {check.name for check in evaluation.checks}
    are_checks = [metric.name in checks for metric in others]
    right_or_wrong = score is not None and evaluation.judge is None and len(score.distribution) == 2
    return TargetBoard(
        name=name,
        score=score,
        is_accuracy=right_or_wrong and evaluation.type is EvaluationType.BENCHMARK,
        others=others,
        heading="Check" if all(are_checks) else "Metric" if any(are_checks) else "Criterion",
        ended=ended.get(name),
    )


def _so_far(record: RunRecord, evaluation: Evaluation) -> Iterator[MetricSummary]:
    """The metrics of a run that goes on; those without any score yet as well, so that their place is there."""
    subject = subject_of(record)
    found = {(metric.target, metric.name): metric for metric in subject.metrics}
    totals = {
        target.name: each for target, each in zip(evaluation.targets, record.live.get("targets", ()), strict=False)
    }
    passes = {form.name: form.passes for form in metric_forms(evaluation) if form.passes is not None}
    for target in evaluation.contenders:
        own = totals.get(target.name, {})
        for name in subject.scales:
            metric = found.get((target.name, name))
            if metric is None:
                metric = MetricSummary(target=target.name, name=name, n=0, ended=own.get("done", 0))
            counts = own.get("metrics", {}).get(name, {}).get("counts") or ()
            yield _with_spread(metric, counts, passes.get(name) if name == SCORE else None, evaluation)


def _with_spread(
    metric: MetricSummary, counts: Counts, passes: PassCondition | None, evaluation: Evaluation
) -> MetricSummary:
    spread = spread_of(counts)
    passed = [(met, count) for native, _, count in counts if passes and (met := passes.met(native)) is not None]
    n = sum(count for _, count in passed)
    return replace(
        metric,
        median=spread.median,
        std=spread.std,
        min=spread.lowest,
        max=spread.highest,
        pairs=_pairs(evaluation, counts) if metric.name == SCORE and counts else None,
        pass_condition=passes.text if passes else None,
        pass_rate=fsum(met * count for met, count in passed) / n if n else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How scores lie so far; None where it cannot be told."""

    median: float | None = None
    std: float | None = None
    lowest: float | None = None
    highest: float | None = None


def spread_of(counts: Counts) -> Spread:
    """How scores lie of which the engine keeps counts."""
    scores = sorted((score, count) for _, score, count in counts if count)
    n = sum(count for _, count in scores)
    if not n:
        return Spread()
    mean = fsum(score * count for score, count in scores) / n
    squares = fsum(count * (score - mean) ** 2 for score, count in scores)
    return Spread(
        median=(_at(scores, (n - 1) // 2) + _at(scores, n // 2)) / 2,
        std=sqrt(squares / (n - 1)) if n > 1 else None,
        lowest=scores[0][0],
        highest=scores[-1][0],
    )


def _at(scores: Sequence[tuple[float, int]], place: int) -> float:
    """The score at a place of all in their order, from 0."""
    for score, count in scores:
        place -= count
        if place < 0:
            return score
    raise IndexError(place)


def _pairs(evaluation: Evaluation, counts: Counts) -> PairCounts | None:
    """How a challenger's pairs have ended so far; how many follow the order is told at the end."""
    if evaluation.baseline is None:
        return None
    found = {score: count for _, score, count in counts}
    return PairCounts(
        baseline=evaluation.baseline.name,
        wins=found.get(1.0, 0),
        ties=found.get(0.5, 0),
        losses=found.get(0.0, 0),
        biased=0,
    )
