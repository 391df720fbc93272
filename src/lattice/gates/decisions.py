"""All conditions of a run, decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from lattice.core.conditions import RUN_METRICS, Condition
from lattice.core.runs import RunStatus
from lattice.gates.findings import judge, metrics_for, on_scores, run_findings, worst
from lattice.gates.live import settle
from lattice.gates.names import SET_ONE
from lattice.gates.numbers import GateResult, RunNumbers, Verdict

FAILURES_MATTER = 0.05


def decide(conditions: Iterable[Condition], numbers: RunNumbers) -> tuple[GateResult, ...]:
    """Decide every condition on a run that has ended.

    Raises
    ------
    ValueError: a condition is about something the run does not have; `check` finds these beforehand.
    """
    if numbers.status is not RunStatus.COMPLETED:
        reason = f"the run is {numbers.status.value}; gates are decided on completed runs"
        return tuple(
            GateResult(condition=each.text, verdict=Verdict.NOT_EVALUATED, value=None, reason=reason)
            for each in conditions
        )
    return tuple(noting_failures(_decide(each, numbers), numbers) for each in conditions)


def decided(conditions: Sequence[Condition], numbers: RunNumbers) -> tuple[GateResult, ...] | None:
    """Decide every condition while the run goes on; None as long as one is open.

    The numbers are those of `lattice.stats.LiveMetric`, whose intervals hold at every look, so that a run may
    stop at
    the first look that decides: a mean is settled when its whole live interval lies on one side of the
        threshold. A
    median, a failure rate and a latency stay open to the end; a minimum and a cost can only be settled as
    failed.
    """
    if not conditions:
        return None
    results = []
    for condition in conditions:
        result = settle(condition, numbers)
        if result.verdict not in (Verdict.PASS, Verdict.FAIL):
            return None
        results.append(noting_failures(result, numbers))
    return tuple(results)


class Decided(Protocol):
    """Anything with a verdict."""

    @property
    def verdict(self) -> Verdict: ...


def overall(results: Iterable[Decided]) -> Verdict:
    """All gates together: any fail fails, else any inconclusive is inconclusive. No gates at all pass."""
    verdicts = {result.verdict for result in results}
    for verdict in (Verdict.FAIL, Verdict.NOT_EVALUATED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


def _decide(condition: Condition, numbers: RunNumbers) -> GateResult:
    if condition.is_difference and not numbers.differences:
        reason = numbers.no_differences or f"there is no baseline to differ from; {SET_ONE}"
        return GateResult(condition=condition.text, verdict=Verdict.NOT_EVALUATED, value=None, reason=reason)
    if condition.metric in RUN_METRICS:
        return worst(condition, run_findings(condition, numbers))
    found = {each.target: on_scores(condition, each, judge) for each in metrics_for(condition, numbers)}
    return worst(condition, found)


def noting_failures(result: GateResult, numbers: RunNumbers) -> GateResult:
    """From 5% of failed trials on every gate says so."""
    noted = [
        f"{each.failed:,} of {each.ended:,} trials failed" + (f" ({each.name})" if len(numbers.targets) > 1 else "")
        for each in numbers.targets
        if each.ended and each.failed / each.ended >= FAILURES_MATTER
    ]
    return replace(result, reason="; ".join([result.reason, *noted])) if noted else result
