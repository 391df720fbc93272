"""A condition decided on one target's numbers, and what several targets come down to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lattice.core.conditions import BOUND_METRICS, Condition, Operator
from lattice.gates.names import metric_name
from lattice.gates.numbers import GateResult, MetricNumbers, RunNumbers, TargetNumbers, Verdict
from lattice.gates.wording import interval_text, number_text, on_scale, threshold_text, wanted_text
from lattice.stats.missing import Estimate
from lattice.stats.power import required_inputs
from lattice.stats.samples import counted

MISSING_MATTERS = 0.05

_MOST_MORE_INPUTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition decided on one target's numbers."""

    verdict: Verdict
    value: float | None
    reason: str
    more_inputs: int | None = None


Judgement = Callable[[Condition, Estimate, tuple[float, float] | None], Finding]


def metrics_for(condition: Condition, numbers: RunNumbers) -> Sequence[MetricNumbers]:
    """The numbers a condition on scores is about, one per target."""
    name = metric_name(condition)
    among = numbers.differences if condition.is_difference else numbers.metrics
    found = [each for each in among if each.name == name and condition.target in (None, each.target)]
    if not found:
        raise ValueError(f"{condition.text!r} is about a number that this run does not have")
    return found


def on_scores(condition: Condition, metric: MetricNumbers, judge: Judgement) -> Finding:
    """Decide on one target's scores, twice where enough are missing to matter."""
    if metric.refused is not None:
        return Finding(verdict=Verdict.NOT_EVALUATED, value=None, reason=metric.refused)
    measured = metric.measured
    finding = judge(condition, measured.estimate, metric.native)
    if measured.missing_share < MISSING_MATTERS or measured.lowest is None or measured.highest is None:
        return finding
    lowest = judge(condition, measured.lowest, metric.native)
    highest = judge(condition, measured.highest, metric.native)
    missing = f"{measured.unscored:,} of {measured.ended:,} ended trials have no score"
    if lowest.verdict is highest.verdict:
        said = finding if finding.verdict is lowest.verdict else lowest
        return replace(said, value=finding.value, reason=f"{said.reason}; {missing}, and it holds whatever they were")
    reason = (
        f"{missing}: with these at the lowest end of the scale the gate says {_spoken(lowest)}, "
        f"at the highest {_spoken(highest)}"
    )
    return Finding(verdict=Verdict.INCONCLUSIVE, value=finding.value, reason=reason)


def judge(condition: Condition, estimate: Estimate, native: tuple[float, float] | None) -> Finding:
    """Decide on numbers that are final."""
    if condition.metric in BOUND_METRICS:
        return judge_bound(condition, estimate, native)
    points = {"mean": estimate.mean, "median": estimate.median, "min": estimate.minimum}
    value = estimate.pass_rate if condition.metric == "pass_rate" else points[condition.metric]
    return judge_point(condition, on_scale(value, condition, native), "there is no score to decide it on")


def judge_point(condition: Condition, value: float | None, otherwise: str) -> Finding:
    if value is None:
        return Finding(verdict=Verdict.INCONCLUSIVE, value=None, reason=otherwise)
    holds = condition.operator.holds(value, condition.threshold)
    is_or_not = "is" if holds else "is not"
    reason = f"{number_text(value, condition)} {is_or_not} {wanted_text(condition)}"
    return Finding(verdict=Verdict.PASS if holds else Verdict.FAIL, value=value, reason=reason)


def judge_bound(condition: Condition, estimate: Estimate, native: tuple[float, float] | None) -> Finding:
    lower, upper = (on_scale(end, condition, native) for end in (estimate.lower, estimate.upper))
    if lower is None or upper is None:
        few = "there is no score" if estimate.n == 0 else "the scores give no interval"
        return Finding(verdict=Verdict.INCONCLUSIVE, value=None, reason=few)
    near, far = (lower, upper) if condition.metric == "ci_lower" else (upper, lower)
    interval = interval_text(lower, upper, estimate, condition)
    wanted = wanted_text(condition)
    if condition.operator.holds(near, condition.threshold):
        end = "lower" if condition.metric == "ci_lower" else "upper"
        reason = f"the {end} end {number_text(near, condition)} of {interval} is {wanted}"
        return Finding(verdict=Verdict.PASS, value=near, reason=reason)
    if not condition.operator.holds(far, condition.threshold):
        reason = f"neither end of {interval} is {wanted}"
        return Finding(verdict=Verdict.FAIL, value=near, reason=reason)
    return _open_bound(condition, estimate, native, near, interval)


def _open_bound(
    condition: Condition, estimate: Estimate, native: tuple[float, float] | None, near: float, interval: str
) -> Finding:
    more = _more_inputs(condition, estimate, native)
    then = (
        f"about {counted(more, 'more input')} would likely decide it"
        if more is not None
        else "the mean is so close to it that more inputs are unlikely to decide it"
    )
    reason = f"{interval} has {threshold_text(condition)} inside; {then}"
    return Finding(verdict=Verdict.INCONCLUSIVE, value=near, reason=reason, more_inputs=more)


def run_findings(condition: Condition, numbers: RunNumbers) -> Mapping[str, Finding]:
    """Failure rate and latency of each target; cost of the named target, else of the whole run."""
    if condition.metric == "cost_usd" and condition.target is None:
        return {"": judge_point(condition, numbers.cost_usd, _unknown_cost(numbers))}
    targets = [each for each in numbers.targets if condition.target in (None, each.name)]
    if not targets:
        raise ValueError(f"{condition.text!r} is about a target that this run does not have")
    return {each.name: _run_finding(condition, each, numbers) for each in targets}


def _run_finding(condition: Condition, target: TargetNumbers, numbers: RunNumbers) -> Finding:
    match condition.metric:
        case "failure_rate":
            rate = target.failed / target.ended if target.ended else None
            return judge_point(condition, rate, "no trial has ended")
        case "latency_p95":
            return judge_point(condition, target.latency_p95, "nothing was answered, so there is no latency")
        case _:
            return judge_point(condition, target.cost_usd, _unknown_cost(numbers))


def _unknown_cost(numbers: RunNumbers) -> str:
    models = f" of {', '.join(numbers.unpriced)}" if numbers.unpriced else ""
    return f"the cost is unknown, since the price{models} is"


def worst(condition: Condition, findings: Mapping[str, Finding]) -> GateResult:
    """The finding that a condition over several targets comes down to, with the target's name."""
    order = (Verdict.FAIL, Verdict.NOT_EVALUATED, Verdict.INCONCLUSIVE, Verdict.PASS)
    name, worst = min(
        findings.items(), key=lambda item: (order.index(item[1].verdict), _margin(condition, item[1].value))
    )
    mores = [each.more_inputs for each in findings.values() if each.verdict is Verdict.INCONCLUSIVE]
    known = [more for more in mores if more is not None]
    return GateResult(
        condition=condition.text,
        verdict=worst.verdict,
        value=worst.value,
        reason=f"{name}: {worst.reason}" if len(findings) > 1 else worst.reason,
        more_inputs=max(known) if worst.verdict is Verdict.INCONCLUSIVE and len(known) == len(mores) else None,
    )


def _margin(condition: Condition, value: float | None) -> float:
    """How comfortably a value meets the condition: the smaller, the worse."""
    if value is None:
        return -math.inf
    match condition.operator:
        case Operator.GREATER | Operator.AT_LEAST:
            return value - condition.threshold
        case Operator.LESS | Operator.AT_MOST:
            return condition.threshold - value
        case Operator.EQUAL:
            return -abs(value - condition.threshold)


def _more_inputs(condition: Condition, estimate: Estimate, native: tuple[float, float] | None) -> int | None:
    """Inputs beyond those there are until the interval would likely lie on one side of the threshold."""
    mean, lower, upper = estimate.mean, estimate.lower, estimate.upper
    if mean is None or lower is None or upper is None or estimate.n < 2:
        return None
    threshold = condition.threshold
    if condition.native and native is not None:
        threshold = (threshold - native[0]) / (native[1] - native[0])
    distance = abs(mean - threshold)
    # The interval's own width stands for the spread, so that clusters and extreme proportions are priced in.
    spread = (upper - lower) / 4 * math.sqrt(estimate.n)
    if distance * math.sqrt(_MOST_MORE_INPUTS) < 3 * spread:
        return None
    return max(1, required_inputs(distance, spread, level=estimate.level).n - estimate.n)


def _spoken(finding: Finding) -> str:
    return finding.verdict.value.replace("_", " ")
