"""Conditions that are alerts where they hold, decided on a run's numbers.

An alert is no gate turned round. A gate on an end of an interval stays open as long as the interval leaves it open; an
alert such as ``difference.ci_upper < 0`` asks whether that end is there already, and is decided on its value: on most
nights it is not, which is no doubt but the usual thing. What it shares with gates is what missing scores do to it:
from 5% on it must hold, or not, whatever these were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lattice.core.conditions import BOUND_METRICS, RUN_METRICS, Condition
from lattice.core.runs import RunStatus
from lattice.gates.findings import MISSING_MATTERS, Finding, judge, judge_point, metrics_for, run_findings
from lattice.gates.numbers import MetricNumbers, RunNumbers, Verdict
from lattice.gates.wording import on_scale
from lattice.stats.missing import Estimate


class Alarm(StrEnum):
    """What a condition says of a run."""

    ALERT = "alert"
    UNDECIDED = "undecided"
    NOT_EVALUATED = "not_evaluated"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmResult:
    """One condition, decided.

    Parameters
    ----------
    condition: as it was written.
    value: the number it was decided on, on the condition's scale; None where there is none.
    reason: one sentence.
    """

    condition: str
    alarm: Alarm
    value: float | None
    reason: str


_ALARMS = {
    Verdict.PASS: Alarm.ALERT,
    Verdict.FAIL: Alarm.CLEAR,
    Verdict.INCONCLUSIVE: Alarm.UNDECIDED,
    Verdict.NOT_EVALUATED: Alarm.NOT_EVALUATED,
}


def alarms(conditions: Iterable[Condition], numbers: RunNumbers) -> tuple[AlarmResult, ...]:
    """Decide conditions on a run that has ended; one without a target is an alert where it holds for any of them.

    Raises
    ------
    ValueError: a condition is about something the run does not have.
    """
    if numbers.status is not RunStatus.COMPLETED:
        reason = f"the run is {numbers.status.value}; conditions are decided on completed runs"
        return tuple(
            AlarmResult(condition=each.text, alarm=Alarm.NOT_EVALUATED, value=None, reason=reason)
            for each in conditions
        )
    return tuple(_gravest(each, _findings(each, numbers)) for each in conditions)


def _findings(condition: Condition, numbers: RunNumbers) -> Mapping[str, Finding]:
    if condition.metric in RUN_METRICS:
        return run_findings(condition, numbers)
    return {each.target: _on_scores(condition, each) for each in metrics_for(condition, numbers)}


def _on_scores(condition: Condition, metric: MetricNumbers) -> Finding:
    """Decide on one target's scores, twice where enough are missing to matter."""
    if metric.refused is not None:
        return Finding(verdict=Verdict.NOT_EVALUATED, value=None, reason=metric.refused)
    measured = metric.measured
    finding = _on_value(condition, measured.estimate, metric.native)
    if measured.missing_share < MISSING_MATTERS or measured.lowest is None or measured.highest is None:
        return finding
    extremes = {_on_value(condition, each, metric.native).verdict for each in (measured.lowest, measured.highest)}
    missing = f"{measured.unscored:,} of {measured.ended:,} have no score"
    if extremes == {finding.verdict}:
        return Finding(verdict=finding.verdict, value=finding.value, reason=f"{finding.reason}, whatever {missing}")
    reason = f"{missing}, and it depends on what these would have been"
    return Finding(verdict=Verdict.INCONCLUSIVE, value=finding.value, reason=reason)


def _on_value(condition: Condition, estimate: Estimate, native: tuple[float, float] | None) -> Finding:
    if condition.metric not in BOUND_METRICS:
        return judge(condition, estimate, native)
    end = estimate.lower if condition.metric == "ci_lower" else estimate.upper
    few = "there is no score" if estimate.n == 0 else "the scores give no interval"
    return judge_point(condition, on_scale(end, condition, native), few)


def _gravest(condition: Condition, findings: Mapping[str, Finding]) -> AlarmResult:
    order = tuple(_ALARMS[each] for each in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_EVALUATED, Verdict.FAIL))
    name, found = min(findings.items(), key=lambda item: order.index(_ALARMS[item[1].verdict]))
    return AlarmResult(
        condition=condition.text,
        alarm=_ALARMS[found.verdict],
        value=found.value,
        reason=f"{name}: {found.reason}" if len(findings) > 1 else found.reason,
    )
