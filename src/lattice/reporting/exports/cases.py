"""A run as test cases: the run itself, its gates, its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.gates import Verdict
from lattice.reporting.exports import endings
from lattice.reporting.exports.passing import Passing
from lattice.reporting.exports.source import ExportSource
from lattice.store.records import ResultRow

LONGEST_TEXT = 2_000
"""Characters of each text of an input: pages of CI systems are small. Other formats hold them whole."""


class Trouble(StrEnum):
    """What is wrong with a test case; the values are names of elements."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Why a test case did not pass.

    Parameters
    ----------
    type: one word for it. message: one line. text: everything.
    """

    trouble: Trouble
    type: str
    message: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case; without an outcome it passed.

    Parameters
    ----------
    group: what it belongs to, as packages and classes are named. seconds: how long it took.
    """

    name: str
    group: str
    seconds: float = 0.0
    outcome: Outcome | None = None


def run_case(source: ExportSource) -> Case:
    """The run: in error when it did not come to its planned end, or scored nothing."""
    run = source.run
    case = Case(name="run", group=f"{run.evaluation_slug}.run", seconds=run.elapsed)
    found = _run_trouble(source)
    if found is None:
        return case
    kind, message = found
    text = f"{endings.status_word(run)}: {endings.progress_words(run)}\n{message}"
    return replace(case, outcome=Outcome(trouble=Trouble.ERROR, type=kind, message=message, text=text))


def gate_cases(source: ExportSource) -> Iterator[Case]:
    """Gates: failed ones are failures, inconclusive ones errors, those that were not evaluated are skipped."""
    for gate in source.document["gates"]:
        yield Case(name=gate["condition"], group=f"{source.run.evaluation_slug}.gates", outcome=_gate_outcome(gate))


def input_cases(source: ExportSource) -> Iterator[Case]:
    """Results: those without a score are errors, those that do not pass failures, where passing is defined."""
    evaluation = Evaluation.model_validate(source.run.config)
    passing, repeated = Passing(evaluation), evaluation.run.repeats > 1
    for row in source.rows:
        # A dot would be read as the end of a package's name.
        group = f"{source.run.evaluation_slug}.{row.target.replace('.', '_')}"
        name = _input_name(row) + (f" ({row.key.repeat + 1})" if repeated else "")
        yield Case(name=name, group=group, seconds=row.duration, outcome=_input_outcome(row, passing))


def _run_trouble(source: ExportSource) -> tuple[str, str] | None:
    """What kept a run from its planned end, or from any score: one word, and a sentence."""
    run, progress = source.run, source.run.progress
    reason = endings.reason_of(run, source.summary.spending)
    if run.interrupted:
        return "interrupted", reason or ""
    match run.status:
        case RunStatus.COMPLETED if progress.done and not progress.successful:
            return "unscored", f"None of {progress.done} trials could be scored."
        case RunStatus.COMPLETED:
            return None
        case RunStatus.FAILED:
            return str((run.failure or {}).get("kind", "failed")), reason or "The run failed."
        case RunStatus.CANCELLED:
            return run.stopped or "cancelled", reason or f"Cancelled at {endings.progress_words(run)}."
        case _:
            return run.status.value, f"The run has not ended: {endings.progress_words(run)}."


_OF_VERDICTS = {
    Verdict.FAIL: Trouble.FAILURE,
    Verdict.INCONCLUSIVE: Trouble.ERROR,
    Verdict.NOT_EVALUATED: Trouble.SKIPPED,
}


def _gate_outcome(gate: Mapping[str, Any]) -> Outcome | None:
    verdict, value, reason = Verdict(gate["verdict"]), gate["value"], str(gate["reason"])
    trouble = _OF_VERDICTS.get(verdict)
    if trouble is None:
        return None
    lines = [f"{gate['condition']}: {verdict.value.replace('_', ' ')}", reason]
    lines += [] if value is None else [f"value: {value:.6g}"]
    return Outcome(trouble=trouble, type=verdict.value, message=reason, text="\n".join(lines))


def _input_name(row: ResultRow) -> str:
    place = f"#{row.key.position}"
    return place if row.input.id == str(row.key.position) else f"{place} {row.input.id}"


def _input_outcome(row: ResultRow, passing: Passing) -> Outcome | None:
    failure = row.failure
    if failure is not None:
        calls = "1 call" if row.attempts == 1 else f"{row.attempts} calls"
        text = f"{failure.message}\n({failure.step.value}, after {calls})\n\n{_texts(row)}"
        return Outcome(trouble=Trouble.ERROR, type=failure.kind.value, message=failure.message, text=text)
    if missed := passing.missed(row):
        return Outcome(trouble=Trouble.FAILURE, type="score", message="; ".join(missed), text=_texts(row))
    return None


def _texts(row: ResultRow) -> str:
    parts = (
        ("Input", row.input.text),
        ("Reference", row.input.reference),
        ("Response", row.response.text if row.response else None),
        ("Reasoning", row.reasoning or None),
    )
    return "\n\n".join(f"{name}:\n{_cut(text)}" for name, text in parts if text is not None)


def _cut(text: str) -> str:
    left = len(text) - LONGEST_TEXT
    return text if left <= 0 else f"{text[:LONGEST_TEXT]}… ({left:,} more characters)"
