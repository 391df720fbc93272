"""Schedules, and what became of each of their times: every one is seen to exactly once, by whichever process.

A *firing* is one time of a schedule. It is written down in the transaction that moves the schedule on to its next time,
and the run that comes of it is made in the transaction that ends it: whoever is killed between the two leaves a firing
that is due, and the next process takes it over. Reckoning with the clock and reading evaluation files is the service's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select, true, update

from lattice.core.errors import ClaimLost, NotFound, UsageError
from lattice.core.runs import Claim, RunStatus
from lattice.core.schedules import FiringState
from lattice.store.claims import FREE, claim_values, is_held, new_claim, read_claim
from lattice.store.database import Database
from lattice.store.processes import Process, current_process
from lattice.store.queueing import RunQueue, enqueue
from lattice.store.runs import NewRun, Runs
from lattice.store.scheduled import (
    FiringRecord,
    GoingRun,
    NewFiring,
    NewSchedule,
    ScheduleRecord,
    read_firing,
    read_schedule,
)
from lattice.store.schema import evaluations, firings, runs, schedules
from lattice.store.text import encode_json, encode_optional, encode_text
from lattice.store.times import WallClock, read_time
from lattice.store.turns import withdraw

PREPARING = timedelta(minutes=10)
"""How long a process may take from claiming a firing to its run; it reads the evaluation's inputs in between."""


class Schedules:
    """The tables ``schedules`` and ``firings``. Any number of processes may use them at once."""

    def __init__(self, database: Database, clock: WallClock, runs_table: Runs, queue: RunQueue) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table
        self._queue = queue

    # Schedules

    def put(self, evaluation_id: str, new: NewSchedule, next_at: datetime | None) -> ScheduleRecord:
        """Keep a schedule in the place of the evaluation's earlier one; a paused one stays paused.

        Raises
        ------
        NotFound: there is no such evaluation.
        """
        values = _values(new)
        with self._database.write() as connection:
            of = connection.execute(select(evaluations.c.key).where(evaluations.c.id == evaluation_id)).scalar()
            if of is None:
                raise NotFound(f"there is no evaluation {evaluation_id}")
            mine = schedules.c.evaluation_key == of
            paused = connection.execute(select(schedules.c.paused).where(mine)).scalar()
            following = None if next_at is None or paused else next_at.timestamp()
            if paused is None:
                made = {"id": secrets.token_hex(8), "evaluation_key": of, "created_at": self._clock().timestamp()}
                connection.execute(insert(schedules).values({**values, **made, "next_at": following}))
            else:
                connection.execute(update(schedules).where(mine).values({**values, "next_at": following}))
        return self.of(evaluation_id)

    def all(self) -> list[ScheduleRecord]:
        """All schedules, those that fall due next first and paused ones last."""
        found = self._read(true())
        return sorted(found, key=lambda each: (each.next_at is None, each.next_at or each.created_at, each.key))

    def find(self, evaluation_id: str) -> ScheduleRecord | None:
        """The schedule of an evaluation, by the evaluation's id."""
        return next(iter(self._read(evaluations.c.id == evaluation_id)), None)

    def of(self, evaluation_id: str) -> ScheduleRecord:
        """The same where there has to be one.

        Raises
        ------
        NotFound: there is none.
        """
        found = self.find(evaluation_id)
        if found is None:
            raise NotFound("this evaluation has no schedule; 'lattice schedule add FILE' makes one")
        return found

    def by_key(self, key: int) -> ScheduleRecord:
        """The schedule of a firing.

        Raises
        ------
        NotFound: it was removed.
        """
        found = next(iter(self._read(schedules.c.key == key)), None)
        if found is None:
            raise NotFound("this schedule was removed")
        return found

    def pause(self, key: int) -> None:
        """Let nothing more fall due. What is due and has no run yet gets none."""
        with self._database.write() as connection:
            connection.execute(update(schedules).where(schedules.c.key == key).values(paused=True, next_at=None))
            still = (firings.c.schedule_key == key, firings.c.state == FiringState.DUE.value)
            ended = self._end(FiringState.SKIPPED, "the schedule was paused before its run was made")
            connection.execute(update(firings).where(*still).values(ended))

    def resume(self, key: int, next_at: datetime | None) -> None:
        """Let it fall due again, next at `next_at`; times in between are passed over."""
        following = None if next_at is None else next_at.timestamp()
        with self._database.write() as connection:
            connection.execute(update(schedules).where(schedules.c.key == key).values(paused=False, next_at=following))

    def remove(self, key: int) -> None:
        """Forget a schedule and its firings; runs stay."""
        with self._database.write() as connection:
            connection.execute(delete(firings).where(firings.c.schedule_key == key))
            connection.execute(delete(schedules).where(schedules.c.key == key))

    # Falling due

    def due(self) -> list[ScheduleRecord]:
        """Schedules whose next time has come."""
        return self._read(schedules.c.next_at <= self._clock().timestamp())

    def fall_due(self, schedule: ScheduleRecord, firing: NewFiring, next_at: datetime | None) -> bool:
        """Write a firing down and move the schedule on, both or neither.

        A firing that is still due, such as one that waits for a run to end, lets no second one wait beside it: the
        new one is skipped.

        Returns
        -------
        Whether this process did; another one may have been first, or the schedule is another one by now.
        """
        seen = None if schedule.next_at is None else schedule.next_at.timestamp()
        mine = (schedules.c.key == schedule.key, schedules.c.next_at == seen)
        following = None if next_at is None else next_at.timestamp()
        with self._database.write() as connection:
            if not connection.execute(update(schedules).where(*mine).values(next_at=following)).rowcount:
                return False
            # A clock that was set back leads to the same time once more.
            if self._firing_at(connection, schedule.key, firing.due_at.timestamp()) is None:
                self._insert(connection, schedule.key, self._alone(connection, schedule, firing), asked=False)
        return True

    def ask(self, schedule: ScheduleRecord) -> FiringRecord:
        """A firing that somebody asks for now; the schedule's own times stay as they are.

        Raises
        ------
        UsageError: one of its firings is due already and waits.
        """
        now = self._clock()
        with self._database.write() as connection:
            if (waiting := self._open_firing(connection, schedule.key)) is not None:
                raise UsageError(
                    f"{schedule.evaluation_slug} has been due since {read_time(waiting.due_at):%Y-%m-%d %H:%M} UTC "
                    "and will be run once; nothing more was asked for"
                )
            while self._firing_at(connection, schedule.key, now.timestamp()) is not None:
                now += timedelta(microseconds=10)
            key = self._insert(connection, schedule.key, NewFiring(due_at=now), asked=True)
        return self.firing(key)

    # Seeing to a firing

    def open(self) -> list[FiringRecord]:
        """Firings that are due and of which nothing has become yet, oldest first."""
        return self._firings(firings.c.state == FiringState.DUE.value, newest_first=False)

    def claim(self, firing_key: int) -> Claim | None:
        """Take a firing for this process; None where another living process has it, or it is not due any more."""
        now = self._clock()
        claim = new_claim(now)
        due = (firings.c.key == firing_key, firings.c.state == FiringState.DUE.value)
        with self._database.write() as connection:
            row = connection.execute(select(firings).where(*due)).one_or_none()
            if row is None or _is_claimed(read_claim(row), current_process(), now):
                return None
            connection.execute(update(firings).where(*due).values(claim_values(claim)))
        return claim

    def let_go(self, firing_key: int, claim: Claim) -> None:
        """Give a claimed firing back: it stays due."""
        with self._database.write() as connection:
            connection.execute(update(firings).where(*_mine(firing_key, claim)).values(FREE))

    def end(self, firing_key: int, claim: Claim, state: FiringState, reason: str) -> None:
        """End a claimed firing without a run.

        Raises
        ------
        ClaimLost: it is not this process's any more.
        """
        with self._database.write() as connection:
            ended = update(firings).where(*_mine(firing_key, claim)).values(self._end(state, reason))
            if not connection.execute(ended).rowcount:
                raise _lost()

    def start(self, firing: FiringRecord, claim: Claim, new: NewRun) -> int | GoingRun:
        """Make the run of a claimed firing and put it into the queue, in the transaction that ends the firing.

        Returns
        -------
        The run's key; or the run of the same evaluation that is still going, and nothing has been done.

        Raises
        ------
        ClaimLost: the firing is not this process's any more, such as when the schedule was paused.
        """
        now = self._clock()
        with self._database.write() as connection:
            mine = select(schedules.c.evaluation_key).join(firings, firings.c.schedule_key == schedules.c.key)
            evaluation = connection.execute(mine.where(*_mine(firing.key, claim))).scalar()
            if evaluation is None:
                raise _lost()
            if (going := self._going(connection, evaluations.c.key == evaluation)) is not None:
                return going
            key = self._runs.create_in(connection, new)
            run_id = connection.execute(select(runs.c.id).where(runs.c.key == key)).scalar_one()
            enqueue(connection, run_id, {}, now)
            ended = {**FREE, "state": FiringState.STARTED.value, "run_id": run_id, "ended_at": now.timestamp()}
            connection.execute(update(firings).where(firings.c.key == firing.key).values(ended))
        return key

    def going(self, evaluation_id: str) -> GoingRun | None:
        """The run of an evaluation that waits in the queue or is carried out, the earliest one."""
        with self._database.read() as connection:
            return self._going(connection, evaluations.c.id == evaluation_id)

    def withdraw(self, going: GoingRun) -> None:
        """Let a run that waits in the queue wait no more."""
        with self._database.write() as connection:
            withdraw(connection, going.id)

    # What became of them

    def firing(self, key: int) -> FiringRecord:
        """A firing by its key.

        Raises
        ------
        NotFound: its schedule was removed.
        """
        found = self._firings(firings.c.key == key, newest_first=True)
        if not found:
            raise NotFound("this schedule was removed")
        return found[0]

    def firings(self, schedule_key: int, *, limit: int = 50) -> list[FiringRecord]:
        """The firings of a schedule, latest first."""
        return self._firings(firings.c.schedule_key == schedule_key, newest_first=True, limit=limit)

    def last_firings(self) -> Mapping[int, FiringRecord]:
        """The latest firing of each schedule that has one, by the schedule's key."""
        later = firings.alias()
        newest = ~(
            select(later.c.key)
            .where(later.c.schedule_key == firings.c.schedule_key, later.c.due_at > firings.c.due_at)
            .exists()
        )
        return {each.schedule_key: each for each in self._firings(newest, newest_first=True)}

    def failed_since(self, evaluation_id: str, moment: datetime) -> Sequence[FiringRecord]:
        """Firings of an evaluation's schedule that failed after `moment`, latest first."""
        of = select(schedules.c.key).join(evaluations, evaluations.c.key == schedules.c.evaluation_key)
        return self._firings(
            firings.c.schedule_key.in_(of.where(evaluations.c.id == evaluation_id))
            & (firings.c.state == FiringState.FAILED.value)
            & (firings.c.ended_at > moment.timestamp()),
            newest_first=True,
        )

    # How

    def _read(self, which: ColumnElement[bool]) -> list[ScheduleRecord]:
        query = (
            select(schedules, evaluations.c.id.label("evaluation_id"), evaluations.c.name, evaluations.c.slug)
            .add_columns(evaluations.c.archived)
            .join(evaluations, evaluations.c.key == schedules.c.evaluation_key)
            .where(which)
            .order_by(schedules.c.key)
        )
        with self._database.read() as connection:
            return [read_schedule(row) for row in connection.execute(query)]

    def _firings(
        self, which: ColumnElement[bool], *, newest_first: bool, limit: int | None = None
    ) -> list[FiringRecord]:
        at, key = firings.c.due_at, firings.c.key
        order = (at.desc(), key.desc()) if newest_first else (at, key)
        query: Select[Any] = select(firings).where(which).order_by(*order).limit(limit)
        with self._database.read() as connection:
            return [read_firing(row) for row in connection.execute(query)]

    def _insert(self, connection: Connection, schedule_key: int, firing: NewFiring, *, asked: bool) -> int:
        over = {} if firing.state is FiringState.DUE else self._end(firing.state, firing.reason)
        values = {
            "schedule_key": schedule_key,
            "due_at": firing.due_at.timestamp(),
            "missed": firing.missed,
            "asked": asked,
            "state": firing.state.value,
            **over,
        }
        made: int = connection.execute(insert(firings).values(values).returning(firings.c.key)).scalar_one()
        return made

    def _alone(self, connection: Connection, schedule: ScheduleRecord, firing: NewFiring) -> NewFiring:
        """The firing, or a skipped one where an earlier one is still to be seen to."""
        waiting = self._open_firing(connection, schedule.key)
        if waiting is None or firing.state is not FiringState.DUE:
            return firing
        reason = f"the time before it, {read_time(waiting.due_at):%Y-%m-%d %H:%M} UTC, still waits for its run"
        return NewFiring(due_at=firing.due_at, missed=firing.missed, state=FiringState.SKIPPED, reason=reason)

    def _open_firing(self, connection: Connection, schedule_key: int) -> Row[Any] | None:
        still = (firings.c.schedule_key == schedule_key, firings.c.state == FiringState.DUE.value)
        return connection.execute(select(firings).where(*still).order_by(firings.c.due_at).limit(1)).one_or_none()

    def _firing_at(self, connection: Connection, schedule_key: int, due_at: float) -> int | None:
        at = (firings.c.schedule_key == schedule_key, firings.c.due_at == due_at)
        found: int | None = connection.execute(select(firings.c.key).where(*at)).scalar()
        return found

    def _end(self, state: FiringState, reason: str | None) -> dict[str, Any]:
        ended = self._clock().timestamp()
        return {**FREE, "state": state.value, "reason": encode_optional(reason), "ended_at": ended}

    def _going(self, connection: Connection, which: ColumnElement[bool]) -> GoingRun | None:
        here, now = current_process(), self._clock()
        queued = {entry.run_id for entry in self._queue.entries_in(connection)}
        query = (
            select(runs, evaluations.c.slug)
            .join(evaluations, evaluations.c.key == runs.c.evaluation_key)
            .where(which, runs.c.deleted_at.is_(None))
            .where((runs.c.status == RunStatus.RUNNING.value) | runs.c.id.in_(queued))
            .order_by(runs.c.key)
        )
        for row in connection.execute(query):
            if row.id in queued or is_held(read_claim(row), released=row.claim_released, here=here, now=now):
                return GoingRun(key=row.key, id=row.id, name=f"{row.slug}#{row.number}")
        return None


def _values(new: NewSchedule) -> dict[str, Any]:
    return {
        "file": encode_text(new.file),
        "host": encode_text(new.host),
        "cron": new.cron,
        "timezone": new.timezone,
        "catch_up": new.catch_up.value,
        "overlap": new.overlap.value,
        "settings": encode_json(new.settings) if new.settings else None,
    }


def _is_claimed(claim: Claim | None, here: Process, now: datetime) -> bool:
    """Whether a living process has a firing; one that could not even let go of it does not have it for ever."""
    if claim is None or now - claim.heartbeat > PREPARING:
        return False
    return is_held(claim, released=False, here=here, now=claim.heartbeat)


def _mine(firing_key: int, claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        firings.c.key == firing_key,
        firings.c.claim_token == claim.token,
        firings.c.state == FiringState.DUE.value,
    )


def _lost() -> ClaimLost:
    return ClaimLost("another process sees to this time of the schedule now, or the schedule was paused or removed")
