"""What a run's results come to: its numbers and the verdicts of its gates, stored once it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import GateResult
from lattice.reporting.figures import Summary
from lattice.reporting.gating import GateOutcome, decide_gates
from lattice.reporting.summary import Session, live_intervals_of, spending_of, summarise
from lattice.service.obstacles import unpriced_for
from lattice.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """Numbers and verdicts, as they are stored on the run's row.

    Parameters
    ----------
    gates: condition, verdict, value and reason of each, as in documents.
    """

    summary: Summary
    gates: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"summary": self.summary.as_json(), "gates": [dict(gate) for gate in self.gates]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conclusion:
        return cls(summary=Summary.from_json(data["summary"]), gates=tuple(data["gates"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a run stands when it is summed up.

    Parameters
    ----------
    live: the engine's totals at that moment.
    elapsed: seconds of work up to it.
    verdicts: of the look that decided every gate, for a run that was ended by it.
    unpriced: models and targets that made a call whose price nobody knows, beside those that are known beforehand.
    """

    status: RunStatus
    stopped: str | None
    live: Mapping[str, Any]
    elapsed: float
    interrupted: bool = False
    verdicts: Sequence[GateResult] | None = None
    unpriced: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: RunRecord) -> Stand:
        return cls(
            status=record.status,
            stopped=record.stopped,
            live=record.live,
            elapsed=record.elapsed,
            interrupted=record.interrupted,
        )


def conclude(store: Store, record: RunRecord, evaluation: Evaluation, stand: Stand) -> Conclusion:
    """Sum a run up from its stored results, in one pass."""
    whole = stand.status is RunStatus.COMPLETED and stand.stopped is None
    spending = spending_of(stand.live, evaluation, [*unpriced_for(record, evaluation), *stand.unpriced])
    session = Session(
        total=record.progress.total,
        elapsed=stand.elapsed,
        spending=spending,
        live_intervals=None if whole else live_intervals_of(stand.live, evaluation),
    )
    summary = summarise(store.iterate_scores(record.key), evaluation, session)
    if stand.verdicts is not None:
        gates = tuple(GateOutcome.of(verdict) for verdict in stand.verdicts)
    else:
        gates = decide_gates(evaluation, summary, stand.status, stand.stopped)
    return Conclusion(summary=summary, gates=tuple(gate.as_json() for gate in gates))


def conclusion_of(store: Store, record: RunRecord) -> Conclusion:
    """A run's stored conclusion, or its results so far while it has none."""
    if record.summary is not None and record.status is not RunStatus.RUNNING:
        return Conclusion.from_json(record.summary)
    return conclude(store, record, Evaluation.model_validate(record.config), Stand.of(record))
