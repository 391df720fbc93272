"""Old runs taken out of a store, and what is left of others' use of it, in short transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, func, select
from sqlalchemy import tuple_ as row_of

from lattice.core.runs import RunStatus
from lattice.store.claims import CLAIM_COLUMNS, is_held, read_claim
from lattice.store.contents import Contents
from lattice.store.database import Database
from lattice.store.inputs import Inputs
from lattice.store.processes import Process, current_process
from lattice.store.runs import Runs
from lattice.store.schema import (
    baselines,
    deliveries,
    evaluations,
    firings,
    notifications,
    orders,
    queue,
    runs,
    versions,
)
from lattice.store.times import WallClock

AT_ONCE = 2_000


class Reason(StrEnum):
    """Why an old run is kept."""

    UNFINISHED = "unfinished"
    QUEUED = "queued"
    BASELINE = "baseline"
    LAST = "last"
    RESPONSES = "responses"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRun:
    """A run that ended before the moment in question.

    Parameters
    ----------
    ended_at: seconds since 1970; of an interrupted run its last sign of life.
    results: trials that have ended.
    """

    key: int
    slug: str
    number: int
    ended_at: float
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is old enough to go, and what stays all the same.

    Parameters
    ----------
    going: newest first, so that a run goes before the one whose responses it scores.
    kept: how many old runs are kept, by the reason.
    """

    going: tuple[OldRun, ...]
    kept: Mapping[Reason, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How much went that no run needs any more."""

    versions: int
    input_sets: int
    records: int


class Pruning:
    """Deletes what is old. Other processes may write meanwhile; nothing that they hold is touched."""

    def __init__(
        self, database: Database, clock: WallClock, *, runs_table: Runs, contents: Contents, inputs: Inputs
    ) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table
        self._contents = contents
        self._inputs = inputs

    def select(self, before: datetime, *, keep_last: int, with_contents: bool = False) -> Selection:
        """The runs that ended before a moment.

        Parameters
        ----------
        keep_last: so many ended runs of each evaluation stay, however old they are.
        with_contents: leave out those whose texts are deleted already.
        """
        with self._database.read() as connection:
            rows = connection.execute(_OVERVIEW).all()
            guarded = self._guarded(connection)
        return _Selecting(rows, guarded, current_process(), self._clock()).made(before, keep_last, with_contents)

    def delete(self, run: OldRun) -> bool:
        """Delete a run with all it has, unless somebody has taken it up since it was selected."""
        with self._database.write() as connection:
            if not self._is_free(connection, run.key):
                return False
            self._runs.hide(connection, run.key)
        self._runs.remove(run.key)
        return True

    def clear(self, run: OldRun) -> bool:
        """Delete the texts of a run and keep its numbers, unless somebody has taken it up since."""
        with self._database.read() as connection:
            if not self._is_free(connection, run.key):
                return False
        self._contents.clear(run.key)
        return True

    def sweep(self, before: datetime) -> Swept:
        """Delete what no run needs any more: older versions, unused inputs, and records of what was done long ago.

        The newest version of each evaluation stays, and so does the last firing of each schedule.
        """
        moment = before.timestamp()
        self._runs.remove_hidden()
        return Swept(
            versions=self._delete(versions, _unused_versions(moment)),
            input_sets=self._inputs.sweep_unused(moment),
            records=sum(self._delete(table, old) for table, old in _old_records(moment)),
        )

    def _guarded(self, connection: Connection) -> Mapping[str, Reason]:
        queued = dict.fromkeys(connection.execute(select(queue.c.run_id)).scalars(), Reason.QUEUED)
        pinned = dict.fromkeys(connection.execute(select(baselines.c.run_id)).scalars(), Reason.BASELINE)
        return queued | pinned

    def _is_free(self, connection: Connection, key: int) -> bool:
        """Whether a run can still go: it has ended, nobody scores its responses, and nothing has named it since."""
        row = connection.execute(_OVERVIEW.where(runs.c.key == key)).one_or_none()
        if row is None or row.id in self._guarded(connection):
            return False
        users = select(runs.c.key).where(runs.c.responses_of == key).limit(1)
        if connection.execute(users).first() is not None:
            return False
        return _ended_at(row, current_process(), self._clock()) is not None

    def _delete(self, table: Table, old: ColumnElement[bool]) -> int:
        keys = list(table.primary_key)
        some = select(*keys).where(old).limit(AT_ONCE)
        rows = delete(table).where(row_of(*keys).in_(some))
        total, more = 0, True
        while more:
            with self._database.write() as connection:
                deleted = connection.execute(rows).rowcount
            total, more = total + deleted, deleted == AT_ONCE
        return total


_OVERVIEW: Select[Any] = (
    select(
        runs.c.key,
        runs.c.id,
        runs.c.evaluation_key,
        runs.c.number,
        runs.c.status,
        runs.c.responses_of,
        runs.c.created_at,
        runs.c.finished_at,
        runs.c.contents_deleted_at,
        runs.c.done,
        *CLAIM_COLUMNS,
        evaluations.c.slug,
    )
    .join(evaluations, evaluations.c.key == runs.c.evaluation_key)
    .where(runs.c.deleted_at.is_(None))
    .order_by(runs.c.key.desc())
)


class _Selecting:
    """One selection, over all runs from the newest to the oldest."""

    def __init__(self, rows: Sequence[Row[Any]], guarded: Mapping[str, Reason], here: Process, now: datetime) -> None:
        self._rows = rows
        self._guarded = guarded
        self._here = here
        self._now = now
        self._ended: Counter[int] = Counter()
        self._needed: set[int] = set()

    def made(self, before: datetime, keep_last: int, with_contents: bool) -> Selection:
        going: list[OldRun] = []
        kept: Counter[Reason] = Counter()
        for row in self._rows:
            ended_at = _ended_at(row, self._here, self._now)
            reason = self._reason(row, ended_at, keep_last)
            if row.responses_of is not None and (reason is not None or (ended_at or 0.0) >= before.timestamp()):
                self._needed.add(row.responses_of)
            if (ended_at or row.created_at) >= before.timestamp():
                continue
            if with_contents and row.contents_deleted_at is not None:
                continue
            if reason is not None:
                kept[reason] += 1
            elif ended_at is not None:
                going.append(OldRun(key=row.key, slug=row.slug, number=row.number, ended_at=ended_at, results=row.done))
        return Selection(going=tuple(going), kept=dict(kept))

    def _reason(self, row: Row[Any], ended_at: float | None, keep_last: int) -> Reason | None:
        if row.id in self._guarded:
            return self._guarded[row.id]
        if ended_at is None:
            return Reason.UNFINISHED
        self._ended[row.evaluation_key] += 1
        if self._ended[row.evaluation_key] <= keep_last:
            return Reason.LAST
        return Reason.RESPONSES if row.key in self._needed else None


def _ended_at(row: Row[Any], here: Process, now: datetime) -> float | None:
    """When a run ended; None while it waits or goes on."""
    if row.status == RunStatus.PENDING.value:
        return None
    last: float = row.finished_at or row.heartbeat or row.created_at
    if row.status != RunStatus.RUNNING.value:
        return last
    return None if is_held(read_claim(row), released=row.claim_released, here=here, now=now) else last


def _unused_versions(moment: float) -> ColumnElement[bool]:
    has_runs = select(runs.c.key).where(runs.c.version_key == versions.c.key).exists()
    newest = select(func.max(versions.c.key)).group_by(versions.c.evaluation_key)
    return and_(versions.c.created_at < moment, ~has_runs, versions.c.key.not_in(newest))


def _old_records(moment: float) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    last = select(func.max(firings.c.key)).group_by(firings.c.schedule_key)
    yield firings, and_(firings.c.ended_at < moment, firings.c.key.not_in(last))
    yield notifications, and_(notifications.c.created_at < moment, notifications.c.next_at.is_(None))
    yield deliveries, deliveries.c.at < moment
    yield orders, orders.c.at < moment
