"""Conditions decided while the run goes on, by intervals that hold at every look."""

from __future__ import annotations

from lattice.core.conditions import BOUND_METRICS, RUN_METRICS, Condition, Operator
from lattice.gates.findings import (
    Finding,
    judge,
    judge_bound,
    metrics_for,
    on_scores,
    run_findings,
    worst,
)
from lattice.gates.numbers import GateResult, RunNumbers, Verdict
from lattice.gates.wording import interval_text, on_scale, wanted_text
from lattice.stats.missing import Estimate


def settle(condition: Condition, numbers: RunNumbers) -> GateResult:
    """Decide while the run goes on; inconclusive means open."""
    if condition.is_difference:
        return worst(condition, {"": _still_open()})
    if condition.metric in RUN_METRICS:
        findings = run_findings(condition, numbers)
        rising = condition.metric == "cost_usd"
        settled = {name: _only_one_way(condition, each, rising=rising) for name, each in findings.items()}
        return worst(condition, settled if rising else {name: _still_open() for name in findings})
    found = {each.target: on_scores(condition, each, _settled) for each in metrics_for(condition, numbers)}
    return worst(condition, found)


def _settled(condition: Condition, estimate: Estimate, native: tuple[float, float] | None) -> Finding:
    """Decide on numbers that still move, by an interval that holds at every look."""
    if condition.metric in BOUND_METRICS:
        return judge_bound(condition, estimate, native)
    if condition.metric == "median":
        return _still_open()
    if condition.metric == "min":
        return _only_one_way(condition, judge(condition, estimate, native), rising=False)
    ends = (
        (estimate.lower, estimate.upper) if condition.metric == "mean" else (estimate.pass_lower, estimate.pass_upper)
    )
    lower, upper = (on_scale(end, condition, native) for end in ends)
    if lower is None or upper is None:
        return _still_open()
    value = on_scale(estimate.mean if condition.metric == "mean" else estimate.pass_rate, condition, native)
    return _settle_point(condition, (lower, upper), value, interval_text(lower, upper, estimate, condition))


def _settle_point(condition: Condition, ends: tuple[float, float], value: float | None, interval: str) -> Finding:
    holding = [condition.operator.holds(end, condition.threshold) for end in ends]
    wanted = wanted_text(condition)
    if all(holding):
        return Finding(verdict=Verdict.PASS, value=value, reason=f"{interval}, valid at every look, is {wanted}")
    inside = ends[0] <= condition.threshold <= ends[1]
    if any(holding) or (condition.operator is Operator.EQUAL and inside):
        return _still_open()
    return Finding(verdict=Verdict.FAIL, value=value, reason=f"nothing in {interval}, valid at every look, is {wanted}")


def _only_one_way(condition: Condition, finding: Finding, *, rising: bool) -> Finding:
    """What a number that only rises (or only falls) has settled already."""
    upward = condition.operator in (Operator.GREATER, Operator.AT_LEAST)
    downward = condition.operator in (Operator.LESS, Operator.AT_MOST)
    for_good = Verdict.PASS if upward is rising else Verdict.FAIL
    return finding if (upward or downward) and finding.verdict is for_good else _still_open()


def _still_open() -> Finding:
    return Finding(verdict=Verdict.INCONCLUSIVE, value=None, reason="it is decided when the run has ended")
