"""A run's summary as the numbers its gates are decided on, and the verdicts as they are stored and shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lattice.core.conditions import Condition, parse_condition
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.gates import GateResult, MetricNumbers, Names, RunNumbers, TargetNumbers, Verdict, decide
from lattice.reporting.figures import Extreme, MetricSummary, Summary
from lattice.reporting.metrics import metric_forms
from lattice.stats.missing import Estimate, Measured

_NO_METHOD = "none"
_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """One gate, decided.

    Parameters
    ----------
    condition: as it was written.
    value: the number it was decided on, None where there is none.
    reason: one sentence.
    more_inputs: how many more inputs would likely decide it, where it is inconclusive for want of inputs.
    """

    condition: str
    verdict: Verdict
    value: float | None
    reason: str
    more_inputs: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As documents show it; ``more_inputs`` only where there is a number."""
        data: dict[str, Any] = {
            "condition": self.condition,
            "verdict": self.verdict.value,
            "value": self.value,
            "reason": self.reason,
        }
        return data if self.more_inputs is None else {**data, "more_inputs": self.more_inputs}

    @classmethod
    def of(cls, result: GateResult) -> GateOutcome:
        """What deciding gave."""
        return cls(
            condition=result.condition,
            verdict=result.verdict,
            value=result.value,
            reason=result.reason,
            more_inputs=result.more_inputs,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GateOutcome:
        """Read what `as_json` gave."""
        return cls(
            condition=data["condition"],
            verdict=Verdict(data["verdict"]),
            value=data["value"],
            reason=data["reason"],
            more_inputs=data.get("more_inputs"),
        )


def decide_gates(
    evaluation: Evaluation, summary: Summary, status: RunStatus, stopped: str | None = None
) -> tuple[GateOutcome, ...]:
    """Decide an evaluation's own gates on a run; see `decide_conditions`."""
    return decide_conditions(evaluation.gates, evaluation, summary, status, stopped)


def decide_conditions(
    conditions: Iterable[str],
    evaluation: Evaluation,
    summary: Summary,
    status: RunStatus,
    stopped: str | None = None,
) -> tuple[GateOutcome, ...]:
    """Decide conditions as they are written. Only a completed run has numbers to decide on.

    Parameters
    ----------
    stopped: why the run ended before its last trial, if it did.

    Raises
    ------
    ValueError: one is no condition, or is about something the run does not have.
    """
    parsed = [parse_condition(text) for text in conditions]
    return decide_parsed(parsed, numbers_of(evaluation, summary, status), stopped)


def decide_parsed(
    conditions: Iterable[Condition], numbers: RunNumbers, stopped: str | None = None
) -> tuple[GateOutcome, ...]:
    """Decide conditions on a run's numbers, those of its differences from a baseline among them.

    Parameters and errors are those of `decide_conditions`.
    """
    if numbers.status is not RunStatus.COMPLETED and stopped == "budget":
        reason = "the run stopped at its budget; gates are decided on completed runs"
        return tuple(
            GateOutcome(condition=each.text, verdict=Verdict.NOT_EVALUATED, value=None, reason=reason)
            for each in conditions
        )
    return tuple(GateOutcome.of(found) for found in decide(conditions, numbers))


def names_of(evaluation: Evaluation) -> Names:
    """What the conditions of an evaluation may speak of."""
    forms = metric_forms(evaluation)
    return Names(
        targets=tuple(target.name for target in evaluation.contenders),
        metrics=tuple(form.name for form in forms),
        native=frozenset(form.name for form in forms if form.native is not None),
        passing=frozenset(form.name for form in forms if form.has_pass_rate),
    )


def numbers_of(evaluation: Evaluation, summary: Summary, status: RunStatus) -> RunNumbers:
    """What gates are decided on, missing scores at both ends of the scale included."""
    native = {form.name: form.native for form in metric_forms(evaluation)}
    spending = summary.spending
    ended = {target.target: target.done for target in summary.targets}
    return RunNumbers(
        status=status,
        targets=tuple(
            TargetNumbers(
                name=target.target,
                ended=target.done,
                failed=target.failed,
                cost_usd=target.cost_usd,
                latency_p95=target.latency.p95 if target.latency else None,
            )
            for target in summary.targets
        ),
        metrics=tuple(
            MetricNumbers(
                target=metric.target,
                name=metric.name,
                native=native[metric.name],
                measured=_measured(metric, ended[metric.target]),
            )
            for metric in summary.metrics
        ),
        cost_usd=None if spending.unpriced_models else spending.cost_usd,
        unpriced=spending.unpriced_models,
    )


def _measured(metric: MetricSummary, ended: int) -> Measured:
    return Measured(
        estimate=_estimate(metric),
        ended=ended,
        unscored=metric.unscored,
        lowest=_estimate(metric.lowest) if metric.lowest else None,
        highest=_estimate(metric.highest) if metric.highest else None,
    )


def _estimate(numbers: MetricSummary | Extreme) -> Estimate:
    interval = numbers.interval
    return Estimate(
        n=numbers.n,
        mean=numbers.mean,
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        median=numbers.median,
        minimum=numbers.min,
        pass_rate=numbers.pass_rate,
        level=interval.level if interval else _LEVEL,
        method=interval.method if interval else _NO_METHOD,
    )
