"""A run's events for the log: ids, kinds and counts, and nothing that was asked, answered or said of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import TrialKey
from lattice.engine.observing import (
    AttemptFailed,
    CallEnded,
    Event,
    Observer,
    RunBegan,
    RunEnded,
    TrialBegan,
    TrialEnded,
)
from lattice.service.reading import reference_of

log = logging.getLogger("lattice.run")

FIELDS = "lattice_fields"
"""The attribute of a log record that holds what an event has beside its name, as a mapping."""


class RunLog:
    """Writes down what happens in one run.

    Each trial is a line of the level ``info``, each failed call a warning; each call that came back is on ``debug``.
    """

    def __init__(self, record: RunRecord) -> None:
        self._run = {"run": record.id, "name": reference_of(record)}
        self._targets = [str(target.get("name", "")) for target in record.config.get("targets", ())]

    def note(self, event: Event) -> None:
        match event:
            case RunBegan():
                self._write(logging.INFO, "run.began", total=event.total, done=event.done)
            case RunEnded():
                bad = event.status is RunStatus.FAILED or event.kind is not None
                status = "interrupted" if event.status is RunStatus.RUNNING else event.status.value
                level = logging.ERROR if bad else logging.INFO
                self._write(level, "run.ended", status=status, stopped=event.stopped, kind=event.kind)
            case TrialBegan():
                self._write(logging.DEBUG, "trial.began", **self._place(event.key))
            case TrialEnded():
                self._trial_ended(event)
            case CallEnded():
                self._call_ended(event)
            case AttemptFailed():
                told = {"step": event.step.value, "attempt": event.number, "kind": event.kind.value}
                self._write(logging.WARNING, "attempt.failed", **self._place(event.key), **told, wait=event.wait)

    def _trial_ended(self, event: TrialEnded) -> None:
        outcome = "stopped" if not event.finished else "scored" if event.kind is None else "failed"
        step = event.step.value if event.step else None
        told = {"outcome": outcome, "attempts": event.attempts, "step": step, "kind": _kind(event.kind)}
        self._write(logging.WARNING if event.kind else logging.INFO, "trial.ended", **self._place(event.key), **told)

    def _call_ended(self, event: CallEnded) -> None:
        if not log.isEnabledFor(logging.DEBUG):
            return
        told = {
            "step": event.step.value,
            "attempt": event.number,
            "ms": round((event.at - event.began) * 1000, 1),
            "kind": _kind(event.kind),
            "input_tokens": event.usage.input_tokens if event.usage else None,
            "output_tokens": event.usage.output_tokens if event.usage else None,
        }
        self._write(logging.DEBUG, "call.ended", **self._place(event.key), **told)

    def _place(self, key: TrialKey) -> dict[str, Any]:
        target = self._targets[key.target] if key.target < len(self._targets) else str(key.target)
        return {"input": key.position, "target": target, "repeat": key.repeat}

    def _write(self, level: int, event: str, **fields: Any) -> None:
        if log.isEnabledFor(level):
            told = {name: value for name, value in fields.items() if value is not None}
            log.log(level, event, extra={FIELDS: self._run | told})


class Observers:
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def note(self, event: Event) -> None:
        for observer in self._observers:
            observer.note(event)


def _kind(kind: ErrorKind | None) -> str | None:
    return None if kind is None else kind.value
