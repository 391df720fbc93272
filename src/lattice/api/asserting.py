"""What a test makes of a run: whether its gates hold, and if not, what somebody needs to know who reads the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote

from lattice.api.handles import Run
from lattice.api.results import Result
from lattice.core.conditions import parse_condition
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.core.secrecy import without_password
from lattice.gates import Verdict, check, overall
from lattice.reporting import formats
from lattice.reporting.figures import SCORE, MetricSummary
from lattice.reporting.gating import GateOutcome, names_of
from lattice.service.gating import decide_on
from lattice.store import open_store

WORST = 5
"""How many of the worst results, and of the errors, are told."""

_WIDE = 100
_NARROW = 60


class Outcome(StrEnum):
    """What a test has found out."""

    PASSED = "passed"
    GATES_FAILED = "gates failed"
    INCONCLUSIVE = "gates inconclusive"
    RUN_FAILED = "the run itself failed"
    CANCELLED = "the run was cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a test has found out about a run.

    Parameters
    ----------
    line: the same in one line, for a summary.
    reason: why the gates are open, in one line.
    message: what a failure says.
    """

    outcome: Outcome
    line: str
    reason: str
    message: str


def finding_of(run: Run, requires: Sequence[str] = (), db: str | None = None) -> Finding:
    """What to make of a run that has ended.

    Parameters
    ----------
    requires: further conditions, decided beside the evaluation's own gates.
    db: the store as it was named, for the command that shows the run.
    """
    gates = (*run.gates, *_decided(run, requires))
    outcome = _outcome(run, gates)
    return Finding(
        outcome=outcome,
        line=_line(run, outcome, gates),
        reason=f"{run.name}: {'; '.join([outcome.value, *_open(gates)])}",
        message=_message(run, outcome, gates, db),
    )


def check_conditions(evaluation: Evaluation, requires: Sequence[str]) -> None:
    """Check conditions before anything is spent.

    Raises
    ------
    UsageError: one is none, or about something that the evaluation's runs do not have.
    """
    try:
        check([parse_condition(text) for text in requires], names_of(evaluation))
    except ValueError as error:
        raise UsageError(str(error)) from error


def _decided(run: Run, requires: Sequence[str]) -> tuple[GateOutcome, ...]:
    if not requires:
        return ()
    with open_store(run._url) as store:
        return decide_on(store, run.id, requires).gates


def _outcome(run: Run, gates: Sequence[GateOutcome]) -> Outcome:
    if run.status is RunStatus.CANCELLED and run.stopped is None:
        return Outcome.CANCELLED
    # A run without a single success says nothing of its target, whatever its gates are about.
    if run.status is not RunStatus.COMPLETED or not run.progress.successful:
        return Outcome.RUN_FAILED
    match overall(gates):
        case Verdict.PASS:
            return Outcome.PASSED
        case Verdict.FAIL:
            return Outcome.GATES_FAILED
        case _:
            return Outcome.INCONCLUSIVE


def _open(gates: Sequence[GateOutcome]) -> list[str]:
    return [
        formats.terminal_text(f"{gate.condition}: {gate.reason}") for gate in gates if gate.verdict is not Verdict.PASS
    ]


def _line(run: Run, outcome: Outcome, gates: Sequence[GateOutcome]) -> str:
    """``support-bot#3: score 0.72 [0.65, 0.79] (n = 38 of 40), gates failed, 2m 15s, $0.02``."""
    said = outcome.value if outcome is not Outcome.PASSED or not gates else f"{len(gates)} of {len(gates)} gates pass"
    parts = [*(_metric(each, short=True) for each in _headlines(run)), said, formats.duration(run.duration)]
    return f"{run.name}: {', '.join([*parts, formats.money(run.cost_usd)])}"


def _message(run: Run, outcome: Outcome, gates: Sequence[GateOutcome], named: str | None) -> str:
    db = without_password(named) if named else None
    progress = run.progress
    blocks = [[f"{run.name}: {outcome.value}"], _reasons(run)]
    if gates and outcome in (Outcome.GATES_FAILED, Outcome.INCONCLUSIVE):
        blocks.append(["Gates:", *(line for gate in gates for line in _gate(gate))])
    blocks.append([_metric(each) for each in run.metrics if each.ended])
    if progress.failed:
        counted = f"{progress.failed} of {progress.done} trials ({formats.rate(progress.failed, progress.done)})"
        failed = run.results("failed", limit=WORST)
        blocks.append([f"Failed: {counted}", *(_failed(run, result) for result in failed)])
    blocks.append(_worst(run))
    shown = f"lattice show {quote(run.name)}{f' --db {quote(db)}' if db else ''}"
    blocks.append([f"Look at it: {shown}", f"From Python: lattice.open_run({run.id!r}{f', db={db!r}' if db else ''})"])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _reasons(run: Run) -> list[str]:
    """Why the run did not go to its end, or says nothing."""
    if run.failure is not None:
        return [f"Reason: {formats.terminal_text(run.failure)}"]
    if run.stopped == "budget":
        return ["Stopped: the budget is reached."]
    if run.status is RunStatus.COMPLETED and not run.progress.successful:
        return [f"Not one of its {run.progress.done} trials could be scored."]
    return []


def _gate(gate: GateOutcome) -> list[str]:
    condition = formats.terminal_text(gate.condition, _NARROW)
    verdict = gate.verdict.value.replace("_", " ")
    return [f"  {condition:<24}  {verdict}", *formats.wrapped(formats.terminal_text(gate.reason), _WIDE, "      ")]


def _headlines(run: Run) -> list[MetricSummary]:
    """The score of each target, or the first metric where there is none."""
    names = [metric.name for metric in run.metrics]
    headline = SCORE if SCORE in names else next(iter(names), None)
    return [metric for metric in run.metrics if metric.name == headline]


def _metric(metric: MetricSummary, *, short: bool = False) -> str:
    """``score: mean 0.72 [0.65, 0.79] (n = 38 of 40)``, with the target's name before it."""
    mean = formats.score(metric.mean)
    if metric.interval is not None:
        mean += f" {formats.interval(metric.interval.lower, metric.interval.upper)}"
    counted = f"(n = {metric.n} of {metric.ended})"
    name = formats.terminal_text(metric.name, _NARROW)
    if short:
        return f"{name} {mean} {counted}"
    native = "" if metric.native_mean is None else f", {formats.native(metric.native_mean)} on the judge's scale"
    return f"{formats.terminal_text(metric.target, _NARROW)}, {name}: mean {mean} {counted}{native}"


def _worst(run: Run) -> list[str]:
    """The results with the lowest scores; those that failed are told apart from them."""
    headlines = _headlines(run)
    if not headlines or not run.progress.successful:
        return []
    name = headlines[0].name
    found = [each for each in run.results("scored", sort=name, limit=WORST) if name in each.metrics]
    return (
        [f"Lowest {formats.terminal_text(name, _NARROW)}:", *(_result(run, name, each) for each in found)]
        if found
        else []
    )


def _result(run: Run, name: str, result: Result) -> str:
    metric = result.metrics[name]
    native = "" if metric.native is None else f" ({formats.native(metric.native)})"
    said = formats.terminal_text(result.input, _NARROW)
    lines = [f"  {_which(run, result)}: {formats.score(metric.score)}{native}  {said}"]
    if result.response is not None:
        lines.append(f"      → {formats.terminal_text(result.response, _WIDE)}")
    if result.reasoning:
        lines.append(f"      {formats.terminal_text(result.reasoning, _WIDE)}")
    return "\n".join(lines)


def _failed(run: Run, result: Result) -> str:
    failure = result.failure
    kind = f"{failure.kind.value}: {formats.terminal_text(failure.message, _WIDE)}" if failure else ""
    return f"  {_which(run, result)}: {kind}"


def _which(run: Run, result: Result) -> str:
    """``#12 (q12)``, with the target where there are several."""
    several = len(run.evaluation.contenders) > 1
    named = "" if result.id == str(result.position) else f" ({formats.terminal_text(result.id, _NARROW)})"
    return f"#{result.position}{named}" + (f" of {formats.terminal_text(result.target, _NARROW)}" if several else "")
