"""Ending a run as soon as its gates are decided: what is watched, and when that cannot be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lattice.core.conditions import parse_condition
from lattice.core.errors import Problem
from lattice.core.evaluation import Evaluation, RunSettings, StopWhen
from lattice.engine.deciding import GateWatch, Terms
from lattice.engine.live import Ranks
from lattice.reporting.metrics import MetricForm, metric_forms
from lattice.stats.missing import Rule

STOP_WHEN = "run.stop_when"

# A median, a failure rate and a latency can still change with the last trial; a minimum and a cost are settled
# only where they are past their threshold.
_OPEN_TO_THE_END = ("median", "min", "failure_rate", "latency_p95", "cost_usd")


def watch_for(evaluation: Evaluation, settings: RunSettings, ranks: Ranks, unpriced: Sequence[str]) -> GateWatch | None:
    """What decides a run's gates while it goes on; None unless it is to stop by them.

    Parameters
    ----------
    settings: the run settings in force.
    ranks: of the inputs in the schedule.
    unpriced: the evaluation's models without a price.
    """
    if settings.stop_when is not StopWhen.DECIDED:
        return None
    forms = metric_forms(evaluation)
    terms = Terms(
        conditions=tuple(parse_condition(text) for text in evaluation.gates),
        targets=tuple(target.name for target in evaluation.contenders),
        first=len(evaluation.targets) - len(evaluation.contenders),
        native={form.name: form.native for form in forms if form.native is not None},
        passes={form.name: _rule(form) for form in forms if form.has_pass_rate},
        repeats=settings.repeats,
        unpriced=tuple(unpriced),
    )
    return GateWatch(terms, ranks)


def clusters_problem(evaluation: Evaluation, clustered: int | None) -> Problem | None:
    """Why a run cannot stop early: the intervals that it would stop by are for inputs that do not belong together.

    Parameters
    ----------
    clustered: place of the first input in a cluster; None where there is none.
    """
    if evaluation.run.stop_when is not StopWhen.DECIDED or clustered is None:
        return None
    return Problem(
        key=STOP_WHEN,
        message=f"no live interval holds for inputs in clusters, and #{clustered} is in one",
        hint=f"leave out {STOP_WHEN}, or the inputs' field cluster",
    )


def stopping_warnings(evaluation: Evaluation) -> Iterator[str]:
    """Gates that keep a run from stopping early, since they are decided at its end alone."""
    if evaluation.run.stop_when is not StopWhen.DECIDED:
        return
    for condition in map(parse_condition, evaluation.gates):
        if condition.metric in _OPEN_TO_THE_END or condition.is_difference:
            yield f"{STOP_WHEN}: '{condition.text}' is decided at the end of a run, so this one will hardly stop early"


def _rule(form: MetricForm) -> Rule:
    """When a score on 0–1 passes; without a condition of its own where it is 1."""
    passes, scale = form.passes, form.scale
    if passes is None or scale is None:
        return lambda score: score >= 1
    return lambda score: bool(passes.met(scale.to_native(score)))
