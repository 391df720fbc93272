"""How the alerts of an evaluation stand, and what became of the messages about them, for every face alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lattice.core.alerting import AlertSettings, MedianOf
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.alerting import conditions_of
from lattice.store import EvaluationRow, Store
from lattice.store.alerting import AlertState, Phase
from lattice.store.outbox import Notification

MESSAGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBoard:
    """The alerts of one evaluation.

    Parameters
    ----------
    settings: of its last version; None where it has no alerts.
    conditions: that are looked at.
    states: those that stand first; none before the first assessment.
    messages: the last ones, the newest first.
    """

    evaluation: EvaluationRow
    settings: AlertSettings | None
    conditions: tuple[str, ...]
    states: tuple[AlertState, ...]
    messages: tuple[Notification, ...]

    @property
    def standing(self) -> tuple[AlertState, ...]:
        """The alerts that stand."""
        return tuple(each for each in self.states if each.phase is Phase.ALERT)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.settings is None and not self.standing and not self.messages

    @property
    def against(self) -> str:
        """What a difference is from, in words."""
        if self.settings is None:
            return ""
        against = self.settings.against
        if isinstance(against, MedianOf):
            return f"the median of the last {against.median_of} runs"
        return "the previous run" if against == "previous" else "the baseline"

    def as_json(self) -> dict[str, Any]:
        """The document of ``lattice alerts --json`` and of the API."""
        row = self.evaluation
        return {
            "evaluation": {"id": row.id, "name": row.name, "slug": row.slug},
            "configured": self.settings is not None,
            "conditions": list(self.conditions),
            "against": self.against or None,
            "on": [each.value for each in self.settings.on] if self.settings else [],
            "channels": list(self.settings.notify) if self.settings else [],
            "alerts": [state_json(each) for each in self.states],
            "messages": [message_json(each) for each in self.messages],
        }


def board_of(store: Store, row: EvaluationRow) -> AlertBoard:
    """How the alerts of an evaluation stand."""
    version = row.last_version
    evaluation = None if version is None else Evaluation.model_validate(version.config)
    return AlertBoard(
        evaluation=row,
        settings=None if evaluation is None else evaluation.alerts,
        conditions=() if evaluation is None else tuple(conditions_of(evaluation)),
        states=tuple(store.alerts.states(row.id)),
        messages=tuple(store.alerts.outbox.all(row.id, limit=MESSAGES)),
    )


def boards_of(store: Store) -> list[AlertBoard]:
    """Those of all evaluations that have any, the most recently used first."""
    return [board for row in store.evaluations() if not (board := board_of(store, row)).is_empty]


def begun_by(store: Store, record: RunRecord) -> Sequence[AlertState]:
    """The alerts that stand since a run."""
    states = store.alerts.states(record.evaluation_id)
    return [each for each in states if each.run_id == record.id and each.phase is Phase.ALERT]


def state_json(state: AlertState) -> dict[str, Any]:
    return {
        "alert": state.alert,
        "state": state.phase.value,
        "since": _moment(state.since),
        "run": state.run_id,
        "streak": state.streak,
        "reason": state.detail,
    }


def message_json(message: Notification) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "title": message.title,
        "body": message.body,
        "run": message.run_id,
        "channel": message.channel,
        "state": message.state,
        "tries": message.tries,
        "created_at": _moment(message.created_at),
        "sent_at": _moment(message.sent_at),
        "next_at": _moment(message.next_at),
        "error": message.error,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
