"""A run held against a baseline: its numbers with the differences that gates are decided on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lattice.core.conditions import parse_condition
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import MetricNumbers, RunNumbers
from lattice.reporting.comparison import Comparison, Report
from lattice.reporting.gating import decide_parsed, numbers_of
from lattice.reporting.sides import Side
from lattice.service.baselines import Baseline, pinned
from lattice.service.comparing import compare_sides, comparison_with
from lattice.service.conclusion import Conclusion, Stand, conclude
from lattice.service.sides import Chosen, sides_with
from lattice.stats.missing import Estimate, Measured
from lattice.store import Store


def conclude_against(
    store: Store, record: RunRecord, evaluation: Evaluation, stand: Stand, against: Baseline | None
) -> Conclusion:
    """Sum a run up as `conclude` does, its gates on a difference decided against a baseline.

    Parameters
    ----------
    against: the baseline; that which is set for the evaluation if absent. Without any, such gates are not evaluated.
    """
    conclusion = conclude(store, record, evaluation, stand)
    conditions = [parse_condition(text) for text in evaluation.gates]
    differ = any(condition.is_difference for condition in conditions)
    if not differ or stand.status is not RunStatus.COMPLETED or stand.verdicts is not None:
        return conclusion
    baseline = against or pinned(store, record.evaluation_id)
    numbers = numbers_of(evaluation, conclusion.summary, stand.status)
    if baseline is not None:
        ended = replace(record, status=stand.status, stopped=stand.stopped, interrupted=False)
        sides = sides_with(store, Chosen(run=ended), conclusion.summary)
        numbers = _as_far_as_possible(numbers, baseline, sides)
    gates = decide_parsed(conditions, numbers, stand.stopped)
    return replace(conclusion, gates=tuple(gate.as_json() for gate in gates))


def comparison_of(store: Store, record: RunRecord, against: Baseline | None = None) -> Report | None:
    """A run held against a baseline; None without one, and where nothing of the two could be compared.

    Parameters
    ----------
    against: the baseline; that which is set for the evaluation if absent.
    """
    return comparison_with(store, record, against or pinned(store, record.evaluation_id))


def with_differences(numbers: RunNumbers, baseline: Baseline, sides: Sequence[Side]) -> RunNumbers:
    """A run's numbers with its differences from a baseline: of every target and metric.

    A difference is refused where the baseline has no counterpart or the pair is unfair.

    Raises
    ------
    UsageError: nothing of the two belongs together.
    """
    if {_subject(side) for side in sides} & {_subject(side) for side in baseline.sides}:
        return replace(numbers, no_differences=f"{baseline.name} is the baseline itself")
    report = compare_sides(baseline.sides, [sides], ())
    compared = {(each.target, each.metric): each for each in report.comparisons}
    found = tuple(
        _difference(metric, compared.get((metric.target, metric.name)), report, baseline.name)
        for metric in numbers.metrics
    )
    return replace(numbers, differences=found)


def refused(comparison: Comparison, report: Report) -> str | None:
    """Why a gate decides nothing on a comparison."""
    if comparison.unfair:
        return f"not a fair comparison with {comparison.baseline}: {'; '.join(comparison.unfair)}"
    unfinished = [
        side for side in (report.side(comparison.baseline), report.side(comparison.candidate)) if not side.is_completed
    ]
    if unfinished:
        return f"{unfinished[0].name} is {unfinished[0].run.status.value}; gates are decided on completed runs"
    return None


def _subject(side: Side) -> tuple[str, str]:
    return side.run.id, side.target


def _as_far_as_possible(numbers: RunNumbers, baseline: Baseline, sides: Sequence[Side]) -> RunNumbers:
    """The run has ended and is paid for: what cannot be compared costs it the verdict and nothing else."""
    try:
        return with_differences(numbers, baseline, sides)
    except UsageError as error:
        return replace(numbers, no_differences=f"it cannot be compared with {baseline.name}: {error}")


def _difference(metric: MetricNumbers, found: Comparison | None, report: Report, baseline: str) -> MetricNumbers:
    native = (0.0, metric.native[1] - metric.native[0]) if metric.native else None
    if found is None:
        lacking = f"{baseline} has no {metric.name} of {metric.target}"
        return replace(metric, native=native, measured=Measured(estimate=Estimate(n=0), ended=0), refused=lacking)
    return replace(metric, native=native, measured=found.measured, refused=refused(found, report))
