"""What was made of runs that nobody watched: assessments, and the states of alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from lattice.core.errors import NotFound
from lattice.core.runs import RunStatus
from lattice.store.database import Database
from lattice.store.outbox import Notice, Outbox, put
from lattice.store.schema import (
    alert_states,
    assessments,
    baselines,
    evaluations,
    firings,
    runs,
    schedules,
)
from lattice.store.text import decode_mapping, decode_optional, decode_text, encode_json, encode_text
from lattice.store.times import WallClock, read_time

ENDED = "run:"
"""What the subject of an assessment begins with where it is about a run that has ended."""

_ENDED_STATES = tuple(each.value for each in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED))
_OPEN_STATES = tuple(each.value for each in (RunStatus.PENDING, RunStatus.RUNNING))


class Phase(StrEnum):
    """Whether an alert stands."""

    OK = "ok"
    ALERT = "alert"


class Outcome(StrEnum):
    """What an assessment makes of a run as a part of the level that later ones are held against."""

    USUAL = "usual"
    DROPPED = "dropped"
    PAST = "past"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """One alert of an evaluation.

    Parameters
    ----------
    alert: its condition as it is written, or ``failed``, ``interrupted``, ``late``, ``inconclusive``.
    since: when it came into this phase, UTC.
    run_id: the run that brought it there; None for a schedule that could not start one.
    streak: of ``inconclusive``: how many runs in a row.
    detail: the last finding, in a sentence.
    """

    alert: str
    phase: Phase
    since: datetime
    run_id: str | None = None
    streak: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """That something was assessed.

    Parameters
    ----------
    subject: names it for good, such as a run at one of its ends.
    run_id, number: of the run, where there is one.
    """

    evaluation_id: str
    subject: str
    run_id: str | None = None
    number: int | None = None
    outcome: Outcome = Outcome.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an assessment leads to: all states of the evaluation's alerts, and perhaps a message."""

    states: Sequence[AlertState]
    notice: Notice | None = None


Settle = Callable[[Mapping[str, AlertState], datetime], Settled]
"""From the states as they stand, and the present moment, to what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedFiring:
    """A time at which a schedule could not start its run."""

    subject: str
    evaluation_id: str
    due_at: datetime
    reason: str = field(default="")


class Alerts:
    """The tables ``alert_states`` and ``assessments``; `outbox` holds the messages.

    An assessment, the states it leads to and the messages about them are one transaction: over any number of
    processes each subject is assessed once, and each message is put down once.
    """

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock
        self.outbox = Outbox(database, clock)

    def now(self) -> datetime:
        """The present moment, by the store's clock."""
        return self._clock()

    # What is to be assessed

    def ended(self, triggers: Iterable[str], since: datetime) -> list[int]:
        """Keys of runs that have ended since then and were not assessed at this end of theirs, oldest first.

        One that scores the responses of another says nothing new of its target, and is left out.
        """
        query = (
            select(runs.c.key, runs.c.id, runs.c.revision, runs.c.status)
            .where(
                runs.c.status.in_(_ENDED_STATES),
                runs.c.trigger.in_(list(triggers)),
                runs.c.finished_at >= since.timestamp(),
                runs.c.origin.is_(None),
                runs.c.deleted_at.is_(None),
            )
            .order_by(runs.c.finished_at, runs.c.key)
        )
        with self._database.read() as connection:
            found = {ended_subject(row.id, row.revision, row.status): row.key for row in connection.execute(query)}
            known = set(connection.scalars(select(assessments.c.subject).where(assessments.c.at >= since.timestamp())))
        return [key for subject, key in found.items() if subject not in known]

    def open(self, triggers: Iterable[str], since: datetime) -> dict[int, datetime]:
        """Runs made since then that have not ended, by their keys, and when each was due."""
        query = (
            select(runs.c.key, func.coalesce(func.min(firings.c.due_at), runs.c.created_at).label("due_at"))
            .outerjoin(firings, firings.c.run_id == runs.c.id)
            .where(
                runs.c.status.in_(_OPEN_STATES),
                runs.c.trigger.in_(list(triggers)),
                runs.c.created_at >= since.timestamp(),
                runs.c.origin.is_(None),
                runs.c.deleted_at.is_(None),
            )
            .group_by(runs.c.key, runs.c.created_at)
            .order_by(runs.c.key)
        )
        with self._database.read() as connection:
            return {row.key: read_time(row.due_at) for row in connection.execute(query)}

    def failed_firings(self, since: datetime) -> list[FailedFiring]:
        """Times since then at which a schedule failed to start a run, oldest first."""
        query = (
            select(firings.c.key, firings.c.due_at, firings.c.reason, evaluations.c.id)
            .join(schedules, schedules.c.key == firings.c.schedule_key)
            .join(evaluations, evaluations.c.key == schedules.c.evaluation_key)
            .where(firings.c.state == "failed", firings.c.run_id.is_(None), firings.c.due_at >= since.timestamp())
            .order_by(firings.c.due_at)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            FailedFiring(
                subject=f"firing:{row.key}",
                evaluation_id=row.id,
                due_at=read_time(row.due_at),
                reason=decode_optional(row.reason) or "",
            )
            for row in rows
        ]

    def is_assessed(self, evaluation_id: str, subject: str) -> bool:
        """Whether a subject was assessed already."""
        query = select(assessments.c.subject).where(
            assessments.c.evaluation_key == _key_of(evaluation_id), assessments.c.subject == subject
        )
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def usual(self, evaluation_id: str, before: int, limit: int) -> list[str]:
        """Ids of assessed runs with a number below `before` that later ones may be held against, newest first."""
        query = (
            select(assessments.c.run_id)
            .where(
                assessments.c.evaluation_key == _key_of(evaluation_id),
                assessments.c.outcome == Outcome.USUAL.value,
                assessments.c.number < before,
            )
            .order_by(assessments.c.number.desc())
        )
        with self._database.read() as connection:
            return list(dict.fromkeys(connection.scalars(query)))[:limit]

    def baseline(self, evaluation_id: str) -> str | None:
        """Id of the run that is pinned as the evaluation's baseline; None where none is."""
        query = select(baselines.c.run_id).where(baselines.c.evaluation_key == _key_of(evaluation_id))
        with self._database.read() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    # Assessing

    def assess(self, assessment: Assessment, settle: Settle) -> bool:
        """Write an assessment down with all that follows from it, unless somebody else has.

        Of an ended run that a later one has overtaken nothing follows.

        Returns
        -------
        Whether it was this process that did.
        """
        now = self._clock()
        with self._database.write() as connection:
            key = _evaluation_key(connection, assessment.evaluation_id)
            of_it = (assessments.c.evaluation_key == key, assessments.c.subject == assessment.subject)
            if connection.execute(select(assessments.c.subject).where(*of_it)).first() is not None:
                return False
            overtaken = _is_overtaken(connection, key, assessment)
            connection.execute(insert(assessments).values(_assessment_row(key, assessment, now)))
            if not overtaken:
                self._follow(connection, key, assessment, settle, now)
        return True

    def _follow(self, connection: Connection, key: int, assessment: Assessment, settle: Settle, now: datetime) -> None:
        settled = settle(_states(connection, key), now)
        connection.execute(delete(alert_states).where(alert_states.c.evaluation_key == key))
        for state in settled.states:
            connection.execute(insert(alert_states).values(_state_row(key, state)))
        if settled.notice is not None:
            put(connection, key, assessment.run_id, settled.notice, now)

    def accept(self, evaluation_id: str) -> bool:
        """Take the level since the standing alerts began as the usual one from now on, and end the alerts.

        Returns
        -------
        Whether an alert stood.
        """
        with self._database.write() as connection:
            key = _evaluation_key(connection, evaluation_id)
            standing = [each for each in _states(connection, key).values() if each.phase is Phase.ALERT]
            if not standing:
                return False
            mine = assessments.c.evaluation_key == key
            began = connection.execute(
                select(func.min(assessments.c.number)).where(
                    mine, assessments.c.run_id.in_([each.run_id for each in standing if each.run_id])
                )
            ).scalar_one_or_none()
            if began is not None:
                earlier, later = assessments.c.number < began, assessments.c.number >= began
                usual, dropped = (assessments.c.outcome == each.value for each in (Outcome.USUAL, Outcome.DROPPED))
                connection.execute(update(assessments).where(mine, earlier, usual).values(outcome=Outcome.PAST.value))
                connection.execute(update(assessments).where(mine, later, dropped).values(outcome=Outcome.USUAL.value))
            connection.execute(delete(alert_states).where(alert_states.c.evaluation_key == key))
        return True

    def states(self, evaluation_id: str) -> list[AlertState]:
        """How the alerts of an evaluation stand, those that do first."""
        with self._database.read() as connection:
            found = _states(connection, _evaluation_key(connection, evaluation_id))
        return sorted(found.values(), key=lambda each: (each.phase is Phase.OK, each.alert))


def ended_subject(run_id: str, revision: int, status: str) -> str:
    """Names a run at one of its ends: resumed and ended otherwise, it is another subject."""
    return f"{ENDED}{run_id}:{revision}:{status}"


def _key_of(evaluation_id: str) -> Any:
    return select(evaluations.c.key).where(evaluations.c.id == evaluation_id).scalar_subquery()


def _evaluation_key(connection: Connection, evaluation_id: str) -> int:
    key: int | None = connection.execute(
        select(evaluations.c.key).where(evaluations.c.id == evaluation_id)
    ).scalar_one_or_none()
    if key is None:
        raise NotFound(f"there is no evaluation {evaluation_id}")
    return key


def _is_overtaken(connection: Connection, key: int, assessment: Assessment) -> bool:
    if assessment.number is None:
        return False
    later = select(assessments.c.subject).where(
        assessments.c.evaluation_key == key,
        assessments.c.number > assessment.number,
        assessments.c.subject.startswith(ENDED),
    )
    return connection.execute(later.limit(1)).first() is not None


def _assessment_row(key: int, assessment: Assessment, now: datetime) -> dict[str, Any]:
    return {
        "evaluation_key": key,
        "subject": assessment.subject,
        "at": now.timestamp(),
        "run_id": assessment.run_id,
        "number": assessment.number,
        "outcome": assessment.outcome.value,
    }


def _states(connection: Connection, key: int) -> dict[str, AlertState]:
    rows = connection.execute(select(alert_states).where(alert_states.c.evaluation_key == key))
    found = [
        AlertState(
            alert=decode_text(row.alert),
            phase=Phase(row.state),
            since=read_time(row.since),
            run_id=row.run_id,
            streak=row.streak,
            detail=decode_mapping(row.detail).get("text", ""),
        )
        for row in rows
    ]
    return {each.alert: each for each in found}


def _state_row(key: int, state: AlertState) -> dict[str, Any]:
    return {
        "evaluation_key": key,
        "alert": encode_text(state.alert),
        "state": state.phase.value,
        "since": state.since.timestamp(),
        "run_id": state.run_id,
        "streak": state.streak,
        "detail": encode_json({"text": state.detail}) if state.detail else None,
    }
