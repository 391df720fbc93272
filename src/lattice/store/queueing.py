"""Runs that wait for their turn to be carried out, in the order in which they were asked for.

An entry waits until somebody takes it to start its run (`RunQueue.take`), and stays while the run is carried out: so
the entries count the runs that were started out of the queue, wherever their processes are, and when everything was
ended at once (a machine, a container) they tell which runs are to go on. A run that somebody takes in another way, such
as ``lattice resume`` in a terminal, leaves the queue with that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.store.claims import FREE, claim_values, is_held, new_claim, read_claim
from lattice.store.database import Database
from lattice.store.processes import current_process
from lattice.store.records import QueuePlace
from lattice.store.schema import queue, runs
from lattice.store.text import decode_mapping, encode_json
from lattice.store.times import WallClock, read_time
from lattice.store.turns import withdraw

MOST_RESUMES = 3
"""How often a run goes on by itself after its process and whoever had started it have gone."""

_UNTAKEN: Mapping[str, Any] = {**FREE, "begun_at": None}


class Stage(StrEnum):
    """How far an entry is. Nothing of it is stored: it follows from who lives."""

    WAITING = "waiting"
    STARTING = "starting"
    CARRIED_OUT = "carried_out"
    ORPHANED = "orphaned"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A run that was asked for.

    Parameters
    ----------
    stage: *orphaned* is a run that was being carried out when its process and its starter went away.
    settings: what it is to be resumed with, as JSON data.
    resumes: how often it has gone on by itself.
    """

    key: int
    run_id: str
    queued_at: datetime
    stage: Stage
    settings: Mapping[str, Any] = field(default_factory=dict)
    resumes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A run that is to be started now, by whoever has this.

    Parameters
    ----------
    token: names the turn; the run's process takes the run with it (`lattice.store.Store.claim`).
    """

    run_id: str
    token: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def enqueue(connection: Connection, run_id: str, settings: Mapping[str, Any], now: datetime) -> None:
    """Put a run at the end of the queue, in the transaction that is open on `connection`.

    Parameters
    ----------
    settings: what it is to be resumed with, as JSON data (`lattice.service.execution.ResumeSettings`).
    """
    row = {"run_id": run_id, "queued_at": now.timestamp(), "settings": encode_json(settings) if settings else None}
    connection.execute(insert(queue).values(row))


class RunQueue:
    """The table ``queue``: safe to use from any number of processes over one store at once."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def put(self, record: RunRecord, settings: Mapping[str, Any]) -> None:
        """Put a run at the end of the queue.

        Raises
        ------
        UsageError: it waits already, is being started, or is carried out.
        """
        name = f"{record.evaluation_slug}#{record.number}"
        with self._database.write() as connection:
            known = {entry.run_id: entry for entry in self._read(connection)}.get(record.id)
            if known is not None and known.stage is Stage.WAITING:
                raise UsageError(f"{name} waits in the queue already")
            if known is not None and known.stage is Stage.STARTING:
                raise UsageError(f"{name} is being started already")
            if self._lives(connection, record.id):
                raise UsageError(f"{name} is running already")
            withdraw(connection, record.id)
            enqueue(connection, record.id, settings, self._clock())

    def entries(self) -> list[QueueEntry]:
        """The runs that wait, are started or are carried out, in the order in which they were asked for."""
        with self._database.read() as connection:
            return self.entries_in(connection)

    def entries_in(self, connection: Connection) -> list[QueueEntry]:
        """The same in the transaction that is open on `connection`."""
        return [entry for entry in self._read(connection) if entry.stage is not Stage.OVER]

    def waiting(self) -> list[QueueEntry]:
        """The runs that wait, the next one first."""
        return [entry for entry in self.entries() if _waits(entry)]

    def has_turn(self, most: int) -> bool:
        """Whether `take` would find one, told without writing."""
        entries = self.entries()
        waiting = sum(map(_waits, entries))
        return waiting > 0 and len(entries) - waiting < most

    def places(self) -> dict[str, QueuePlace]:
        """Where each run that waits stands, by its id."""
        return positions(self.entries())

    def place_of(self, run_id: str) -> QueuePlace | None:
        """Where a run stands; None where it does not wait."""
        return self.places().get(run_id)

    def withdraw(self, run_id: str) -> bool:
        """Take a run out of the queue, and say whether it was waiting or about to be started."""
        with self._database.write() as connection:
            return withdraw(connection, run_id)

    def take(self, most: int) -> Turn | None:
        """Take the next run, to be started by this process; None while `most` are under way, or where none waits.

        What was taken by a process that is gone before its run began is taken again, under another token. Those that
        were counted and those that are taken are one transaction, so that there are never more than `most`.
        """
        with self._database.write() as connection:
            entries = self._settled(connection)
            waiting = [entry for entry in entries if entry.stage is Stage.WAITING]
            if not waiting or len(entries) - len(waiting) >= most:
                return None
            first, claim = waiting[0], new_claim(self._clock())
            taken = {**claim_values(claim), "begun_at": None}
            connection.execute(update(queue).where(queue.c.key == first.key).values(taken))
        return Turn(run_id=first.run_id, token=claim.token, settings=first.settings)

    def keep(self, tokens: Collection[str]) -> None:
        """A sign of life from whoever holds these turns; other machines know it by nothing else."""
        mine = update(queue).where(queue.c.claim_token.in_(tokens))
        with self._database.write() as connection:
            connection.execute(mine.values(heartbeat=self._clock().timestamp()))

    def leave(self, token: str) -> None:
        """A turn is over: its run has ended, or could not be begun."""
        with self._database.write() as connection:
            connection.execute(delete(queue).where(queue.c.claim_token == token))

    def put_back(self, token: str) -> None:
        """A turn is over before its run is: it waits again, where it stood before."""
        with self._database.write() as connection:
            row = connection.execute(select(queue).where(queue.c.claim_token == token)).one_or_none()
            if row is None:
                return
            status = connection.execute(select(runs.c.status).where(runs.c.id == row.run_id)).scalar_one_or_none()
            entry = queue.c.key == row.key
            if row.begun_at is not None and status != RunStatus.RUNNING.value:
                connection.execute(delete(queue).where(entry))
            else:
                connection.execute(update(queue).where(entry).values(_UNTAKEN))

    def _settled(self, connection: Connection) -> list[QueueEntry]:
        """The entries after those that are over have left and orphaned runs wait again, unless too often already."""
        settled = []
        for entry in self._read(connection):
            row = queue.c.key == entry.key
            if entry.stage is Stage.OVER:
                connection.execute(delete(queue).where(row))
                continue
            if entry.stage is Stage.ORPHANED:
                connection.execute(update(queue).where(row).values({**_UNTAKEN, "resumes": entry.resumes + 1}))
            settled.append(replace(entry, stage=Stage.WAITING) if entry.stage is Stage.ORPHANED else entry)
        return settled

    def _read(self, connection: Connection) -> list[QueueEntry]:
        rows = connection.execute(select(queue).order_by(queue.c.key)).all()
        if not rows:
            return []
        asked = select(runs).where(runs.c.id.in_([row.run_id for row in rows]), runs.c.deleted_at.is_(None))
        known = {run.id: run for run in connection.execute(asked)}
        return [
            QueueEntry(
                key=row.key,
                run_id=row.run_id,
                queued_at=read_time(row.queued_at),
                stage=self._stage(row, known.get(row.run_id)),
                settings=decode_mapping(row.settings),
                resumes=row.resumes,
            )
            for row in rows
        ]

    def _stage(self, row: Row[Any], run: Row[Any] | None) -> Stage:
        if run is None:
            return Stage.OVER
        if row.begun_at is None:
            return Stage.STARTING if self._held(row, released=False) else Stage.WAITING
        if run.status != RunStatus.RUNNING.value:
            return Stage.OVER
        if self._held(run, released=run.claim_released) or self._held(row, released=False):
            # A starter that lives says itself what becomes of a run whose process has gone.
            return Stage.CARRIED_OUT
        return Stage.ORPHANED if row.resumes < MOST_RESUMES else Stage.OVER

    def _held(self, row: Row[Any], *, released: bool) -> bool:
        return is_held(read_claim(row), released=released, here=current_process(), now=self._clock())

    def _lives(self, connection: Connection, run_id: str) -> bool:
        running = select(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING.value)
        run = connection.execute(running).one_or_none()
        return run is not None and self._held(run, released=run.claim_released)


def positions(entries: Iterable[QueueEntry]) -> dict[str, QueuePlace]:
    """Where each of the runs that wait stands, by its id."""
    ids = [entry.run_id for entry in entries if _waits(entry)]
    return {each: QueuePlace(position=place, length=len(ids)) for place, each in enumerate(ids, start=1)}


def _waits(entry: QueueEntry) -> bool:
    return entry.stage in (Stage.WAITING, Stage.ORPHANED)
