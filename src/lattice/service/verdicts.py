"""What a deployment wants to know of an evaluation: may this commit, this version go out?

Only a completed run whose gates all hold reads as a pass. One that is on its way, failed, was stopped, scored nothing
or has no gates never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lattice.core.errors import NotFound
from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import Verdict, overall
from lattice.reporting.changes import COMMITS
from lattice.reporting.comparison import Report
from lattice.reporting.gating import GateOutcome
from lattice.service.baselines import baseline_run
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.service.execution import is_live
from lattice.service.held_against import comparison_of
from lattice.store import EvaluationRow, Store

LOOKED_AT = 1_000
"""Runs among which one is looked for, the newest ones."""

VERSION = "version"
_LEAST_OF_COMMIT = 7


class Standing(StrEnum):
    """What is said of a run; all but the first are those of its gates."""

    PENDING = "pending"
    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which run is asked for; nothing at all means the newest.

    Parameters
    ----------
    commit: as a tag names it, or the first 7 letters of it and more. version: of what was evaluated, as a tag.
    tags: the run has to have all of these.
    """

    commit: str | None = None
    version: str | None = None
    tags: Mapping[str, str]

    def met_by(self, run: RunRecord) -> bool:
        """Whether a run is one that is asked for."""
        tags = {**self.tags, **({} if self.version is None else {VERSION: self.version})}
        if any(run.tags.get(name) != value for name, value in tags.items()):
            return False
        return self.commit is None or any(_same_commit(run.tags.get(tag, ""), self.commit) for tag in COMMITS)

    def words(self) -> str:
        """``commit=3f2a1c9, region=eu``."""
        named = {"commit": self.commit, VERSION: self.version, **self.tags}
        return ", ".join(f"{name}={value}" for name, value in named.items() if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The verdict on a run, and what it rests on.

    Parameters
    ----------
    reason: one sentence.
    baseline: the run that is set as the baseline. report: the comparison with it, where there is something to compare.
    """

    run: RunRecord
    standing: Standing
    reason: str
    conclusion: Conclusion | None
    baseline: RunRecord | None
    report: Report | None


def verdict_on(store: Store, evaluation: EvaluationRow, wanted: Wanted) -> Answer:
    """The verdict on the newest run that is asked for.

    Raises
    ------
    NotFound: there is none.
    """
    run = _found(store, evaluation, wanted)
    ended = run.status in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED) or run.interrupted
    conclusion = conclusion_of(store, run) if ended else None
    standing, reason = _standing(run, conclusion)
    return Answer(
        run=run,
        standing=standing,
        reason=reason,
        conclusion=conclusion,
        baseline=baseline_run(store, evaluation.id),
        report=comparison_of(store, run) if run.status is RunStatus.COMPLETED else None,
    )


def _found(store: Store, evaluation: EvaluationRow, wanted: Wanted) -> RunRecord:
    for run in store.runs(evaluation.id, limit=LOOKED_AT):
        if wanted.met_by(run):
            return run
    asked = wanted.words()
    raise NotFound(f"{evaluation.slug} has no run" + (f" with {asked}" if asked else " yet"))


def _standing(run: RunRecord, conclusion: Conclusion | None) -> tuple[Standing, str]:
    if run.interrupted:
        return Standing.NOT_EVALUATED, "the run was interrupted: its process is gone"
    if conclusion is None:
        return Standing.PENDING, "the run is going on" if is_live(run) else "the run has not begun"
    if run.status is not RunStatus.COMPLETED:
        return Standing.NOT_EVALUATED, f"the run is {run.status.value}; gates are decided on completed runs"
    if not run.progress.successful:
        return Standing.NOT_EVALUATED, f"none of its {run.progress.done:,} trials could be scored"
    gates = [GateOutcome.from_json(gate) for gate in conclusion.gates]
    if not gates:
        return Standing.NOT_EVALUATED, "the evaluation has no gates; add some to its file"
    found = overall(gates)
    counted = sum(gate.verdict is found for gate in gates)
    word = "hold" if found is Verdict.PASS else f"say {found.value.replace('_', ' ')}"
    return Standing(found.value), f"{counted} of {len(gates)} gates {word}"


def _same_commit(tag: str, asked: str) -> bool:
    """Commits are written in full or cut short, by whoever tags and by whoever asks."""
    shorter = min(tag, asked, key=len)
    return tag == asked or (len(shorter) >= _LEAST_OF_COMMIT and max(tag, asked, key=len).startswith(shorter))


def answer_json(answer: Answer) -> dict[str, Any]:
    """The verdict, the gates, and what else is known; the run itself is left to whoever shows it."""
    summary = answer.conclusion.summary if answer.conclusion else None
    return {
        "verdict": answer.standing.value,
        "reason": answer.reason,
        "gates": [dict(gate) for gate in answer.conclusion.gates] if answer.conclusion else [],
        "metrics": [metric.as_json() for metric in summary.metrics] if summary else [],
        "difference": [each.as_json() for each in answer.report.comparisons] if answer.report else [],
    }
