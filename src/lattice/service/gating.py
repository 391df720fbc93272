"""Decides conditions on a run that is stored, alone or against a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lattice.core.conditions import DIFFERENCE, Condition, Operator, parse_condition
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.gates import MetricNumbers, RunNumbers, TargetNumbers, Verdict, check, overall
from lattice.reporting.comparison import Comparison, Report
from lattice.reporting.conclusions import Finding
from lattice.reporting.gating import GateOutcome, decide_parsed, names_of, numbers_of
from lattice.reporting.sides import Side
from lattice.service.baselines import BASELINE, named
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.service.held_against import refused, with_differences
from lattice.service.reading import reference_of
from lattice.service.sides import Chosen, choose, sides_of
from lattice.store import Store

_NOT_WORSE = "ci_upper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Gates, decided; `verdict` is that of all together."""

    verdict: Verdict
    gates: tuple[GateOutcome, ...]

    @classmethod
    def of(cls, gates: Sequence[GateOutcome]) -> Decision:
        return cls(verdict=overall(gates), gates=tuple(gates))

    def as_json(self) -> dict[str, Any]:
        """The document of ``lattice gate --json``."""
        return {"verdict": self.verdict.value, "gates": [gate.as_json() for gate in self.gates]}


def decide_on(
    store: Store,
    reference: str,
    requires: Sequence[str] = (),
    against: str | None = None,
    folder: Path | None = None,
) -> Decision:
    """Decide conditions on a stored run.

    Parameters
    ----------
    reference: ``RUN``, or ``RUN/TARGET`` for conditions on one target alone.
    requires: the conditions; the run's own gates, as they were decided, if empty.
    against: the baseline that conditions on a ``difference`` are about, as `lattice.service.baselines.named` takes it;
        the one that is set for the evaluation if absent. With it and no `requires` the run's own gates are decided
        anew.
    folder: where a file that is the baseline is looked for; None takes none.

    Raises
    ------
    UsageError: there is no such run, nothing to decide, or a condition that is none or is about something else.
    """
    chosen = choose(store, reference)
    run = chosen.run
    conclusion = conclusion_of(store, run)
    evaluation = Evaluation.model_validate(run.config)
    if not requires:
        own = _own_gates(chosen, conclusion)
        if against is None:
            return own
        requires = _about_differences(evaluation)
    if against is None and store.baselines.get(run.evaluation_id) is not None:
        against = BASELINE
    conditions = _conditions(requires, chosen, evaluation, against)
    numbers = numbers_of(evaluation, conclusion.summary, run.status)
    if against is not None and any(condition.is_difference for condition in conditions):
        baseline = named(store, against, evaluation_id=run.evaluation_id, folder=folder)
        numbers = with_differences(numbers, baseline, sides_of(store, chosen))
    return Decision.of(decide_parsed(conditions, numbers, run.stopped))


def decide_regressions(report: Report) -> Decision:
    """Whether a candidate is worse than its baseline, its interval for verdicts excluding zero.

    A pair that is unfair, or of which a run is not completed, is not evaluated. Of several comparisons one fails
    only where its p-value, corrected for all of them, says so as well.
    """
    return Decision.of([_regression(each, report) for each in report.comparisons])


def _own_gates(chosen: Chosen, conclusion: Conclusion) -> Decision:
    name = reference_of(chosen.run)
    if chosen.target is not None:
        raise UsageError(f"the gates of {name} are about all its targets; for one of them name conditions: --require")
    if not conclusion.gates:
        raise UsageError(f"{name} has no gates of its own; name conditions: --require 'mean > 0.80'")
    return Decision.of([GateOutcome.from_json(gate) for gate in conclusion.gates])


def _about_differences(evaluation: Evaluation) -> Sequence[str]:
    """All gates of an evaluation, of which some are about a difference."""
    if not any(parse_condition(text).is_difference for text in evaluation.gates):
        raise UsageError("--against is for conditions on a difference; add --require 'difference.ci_lower > -0.02'")
    return evaluation.gates


def _conditions(
    requires: Sequence[str], chosen: Chosen, evaluation: Evaluation, against: str | None
) -> tuple[Condition, ...]:
    """The conditions, each about the chosen target where one is chosen and it names none itself."""
    names = replace(names_of(evaluation), against=against is not None)
    try:
        conditions = [parse_condition(text) for text in requires]
        check(conditions, names)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return tuple(replace(each, target=each.target or chosen.target) for each in conditions)


def _regression(comparison: Comparison, report: Report) -> GateOutcome:
    side = report.side(comparison.candidate)
    name = DIFFERENCE if comparison.metric == "score" else f"{DIFFERENCE}.{comparison.metric}"
    condition = Condition(
        text=f"{comparison.candidate}: {name}.{_NOT_WORSE} >= 0",
        metric=_NOT_WORSE,
        operator=Operator.AT_LEAST,
        threshold=0.0,
        target=side.target,
        name=name,
    )
    [outcome] = decide_parsed([condition], _regression_numbers(comparison, side, refused(comparison, report)))
    if outcome.verdict is not Verdict.FAIL or comparison.adjusted_p_value is None:
        return outcome
    if comparison.finding is Finding.WORSE:
        return outcome
    reason = f"{outcome.reason}, but not once corrected for {len(report.comparisons)} comparisons"
    return replace(outcome, verdict=Verdict.PASS, reason=reason)


def _regression_numbers(comparison: Comparison, side: Side, refusal: str | None) -> RunNumbers:
    totals = side.totals
    return RunNumbers(
        status=side.run.status,
        targets=(TargetNumbers(name=side.target, ended=totals.done, failed=totals.failed),),
        metrics=(),
        differences=(
            MetricNumbers(target=side.target, name=comparison.metric, measured=comparison.measured, refused=refusal),
        ),
    )
