"""Runs that were carried out elsewhere, written as they were: their times, their numbers, the order of their results.

A run that is being written is hidden and claimed. Nobody sees half of it, and what a process that died leaves behind
is swept away with the next run that is deleted.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from lattice.core.errors import UsageError
from lattice.core.runs import Claim, RunStatus, StopRequest
from lattice.core.trials import Attempt, Response, Result, TrialKey
from lattice.store.claims import RELEASED, claim_lost, claim_values, new_claim
from lattice.store.database import Database
from lattice.store.evaluations import Evaluations, NewVersion
from lattice.store.records import Annotation, ResultRow, ResultStatus
from lattice.store.rows import (
    Values,
    annotation_values,
    attempt_values,
    kept_text_values,
    kept_values,
    response_values,
    result_values,
    text_values,
)
from lattice.store.runs import Runs
from lattice.store.schema import (
    attempts,
    evaluations,
    responses,
    result_annotations,
    result_texts,
    results,
    runs,
    versions,
)
from lattice.store.text import encode_json
from lattice.store.times import WallClock

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingRun:
    """A run as it is to be entered, before its results.

    Parameters
    ----------
    id, number: kept where they are free; else it gets others. A number is free above those given so far.
    trigger: what started it. origin: id of the run whose responses it scored; its responses come with it all the same.
    total: how many trials it has.
    created_at: now where nobody knows.
    """

    seed: int
    trigger: str
    total: int
    created_at: datetime | None = None
    id: str | None = None
    number: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingEnd:
    """How it ended.

    Parameters
    ----------
    elapsed: seconds of work. live: as in `RunRecord`.
    """

    status: RunStatus
    started_at: datetime | None
    finished_at: datetime | None
    elapsed: float
    live: Mapping[str, Any]
    stopped: str | None = None
    failure: Mapping[str, Any] | None = None
    revision: int = 0


@dataclass(slots=True)
class _Rows:
    """What has gathered since the last commit, by table."""

    responses: list[Values] = field(default_factory=list)
    results: list[Values] = field(default_factory=list)
    texts: list[Values] = field(default_factory=list)
    attempts: list[Values] = field(default_factory=list)
    annotations: list[Values] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.responses) + len(self.results) + len(self.attempts)


class Arrival:
    """One run that is being written, in groups of a thousand rows; see `lattice.store.Store.arriving`."""

    def __init__(self, database: Database, clock: WallClock, key: int, token: str) -> None:
        self.key = key
        self._database = database
        self._clock = clock
        self._token = token
        self._statements = tuple(_insert(database, table) for table in _TABLES)
        self._rows = _Rows()
        self._done = {ResultStatus.SCORED: 0, ResultStatus.FAILED: 0}
        self._seq = 0

    @property
    def done(self) -> int:
        """How many results there are so far."""
        return sum(self._done.values())

    def add_response(self, key: TrialKey, response: Response) -> None:
        """A response that has no result of its own."""
        self._rows.responses.append(response_values(self.key, key, response))
        self._filled()

    def add_result(self, result: Result, response: Response | None) -> None:
        """A result, the next in the order of their commits, with the response it is about."""
        self._seq += 1
        if response is not None:
            self._rows.responses.append(response_values(self.key, result.key, response))
        self._rows.results.append(result_values(self.key, result, response, self._seq))
        self._rows.texts.append(text_values(self.key, result))
        self._done[ResultStatus.SCORED if result.failure is None else ResultStatus.FAILED] += 1
        self._filled()

    def add_row(self, row: ResultRow) -> None:
        """A result exactly as a store gave it out, with its response, its annotation and its place in the order."""
        self._seq = max(self._seq, row.seq)
        if row.response is not None:
            self._rows.responses.append(response_values(self.key, row.key, row.response))
        self._rows.results.append(kept_values(self.key, row))
        self._rows.texts.append(kept_text_values(self.key, row))
        if row.annotation is not None:
            self.add_annotation(row.annotation)
        self._done[row.status] += 1
        self._filled()

    def add_attempt(self, attempt: Attempt) -> None:
        """A failed call."""
        self._rows.attempts.append(attempt_values(self.key, attempt))
        self._filled()

    def add_annotation(self, annotation: Annotation) -> None:
        """What a person said of a result."""
        self._rows.annotations.append(annotation_values(self.key, annotation))

    def show(self, end: ArrivingEnd) -> None:
        """All results are in: from now on the run is there, and running until `finish`."""
        self._commit()
        values = {
            "deleted_at": None,
            "status": RunStatus.RUNNING.value,
            "started_at": _seconds(end.started_at),
            "elapsed": end.elapsed,
            "done": self.done,
            "successful": self._done[ResultStatus.SCORED],
            "failed": self._done[ResultStatus.FAILED],
            "seq": self._seq,
            "revision": end.revision,
            "live": encode_json(end.live),
        }
        with self._database.write() as connection:
            self._change(connection, values)

    def finish(self, end: ArrivingEnd, summary: Mapping[str, Any] | None) -> None:
        """Write how the run ended and let it go."""
        values = {
            **RELEASED,
            "status": end.status.value,
            "stopped": end.stopped,
            "failure": None if end.failure is None else encode_json(end.failure),
            "finished_at": _seconds(end.finished_at),
            "summary": None if summary is None else encode_json(summary),
            "activity": None,
        }
        with self._database.write() as connection:
            self._change(connection, values)

    def _filled(self) -> None:
        if len(self._rows) >= _AT_ONCE:
            self._commit()

    def _commit(self) -> None:
        gathered, self._rows = self._rows, _Rows()
        by_table = (
            gathered.responses,
            gathered.results,
            gathered.texts,
            gathered.attempts,
            gathered.annotations,
        )
        try:
            with self._database.write() as connection:
                self._change(connection, {"heartbeat": self._clock().timestamp()})
                for statement, rows in zip(self._statements, by_table, strict=True):
                    if rows:
                        connection.exec_driver_sql(statement, rows)
        except IntegrityError as error:
            raise UsageError("two results are of the same trial, or have the same place in the order") from error

    def _change(self, connection: Connection, values: Mapping[str, Any]) -> None:
        mine = (runs.c.key == self.key, runs.c.claim_token == self._token)
        if not connection.execute(update(runs).where(*mine).values(values)).rowcount:
            raise claim_lost()


class Arrivals:
    """Enters runs into the table ``runs``, and takes back what was not finished."""

    def __init__(self, database: Database, clock: WallClock, runs_table: Runs, evaluations_table: Evaluations) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table
        self._evaluations = evaluations_table

    @contextmanager
    def arriving(self, version: NewVersion, new: ArrivingRun) -> Iterator[Arrival]:
        claim = new_claim(self._clock())
        version_key = self._evaluations.add_version(version).key
        with self._database.write() as connection:
            key = self._enter(connection, version_key, new, claim)
        try:
            yield Arrival(self._database, self._clock, key, claim.token)
        except BaseException:
            self._take_back(key, version_key, claim.heartbeat)
            raise

    def _enter(self, connection: Connection, version_key: int, new: ArrivingRun, claim: Claim) -> int:
        evaluation, number = self._numbered(connection, version_key, new)
        now = claim.heartbeat.timestamp()
        values = {
            "id": self._free_id(connection, new.id),
            "evaluation_key": evaluation,
            "number": number,
            "version_key": version_key,
            "status": RunStatus.RUNNING.value,
            "stop_request": StopRequest.NONE.value,
            "seed": new.seed,
            "trigger": new.trigger,
            "origin": new.origin,
            "created_at": now if new.created_at is None else new.created_at.timestamp(),
            "deleted_at": now,
            "total": new.total,
            "tags": encode_json(new.tags) if new.tags else None,
            "settings": encode_json(new.settings) if new.settings else None,
            **claim_values(claim),
        }
        key: int = connection.execute(insert(runs).values(values).returning(runs.c.key)).scalar_one()
        return key

    def _numbered(self, connection: Connection, version_key: int, new: ArrivingRun) -> tuple[int, int]:
        of_version = select(versions.c.evaluation_key).where(versions.c.key == version_key)
        its = evaluations.c.key == of_version.scalar_subquery()
        last: int = connection.execute(select(evaluations.c.last_run).where(its)).scalar_one()
        number = new.number if new.number is not None and new.number > last else last + 1
        counted = update(evaluations).where(its).values(last_run=number).returning(evaluations.c.key)
        return connection.execute(counted).scalar_one(), number

    def _free_id(self, connection: Connection, wanted: str | None) -> str:
        if wanted is not None:
            taken = connection.execute(select(func.count()).where(runs.c.id == wanted)).scalar_one()
            if not taken:
                return wanted
        return secrets.token_hex(8)

    def _take_back(self, key: int, version_key: int, began: datetime) -> None:
        """Remove the run and, where they came with it, its version and its evaluation."""
        self._runs.remove(key)
        since = began.timestamp()
        used = select(runs.c.key).where(runs.c.version_key == versions.c.key)
        of_it = select(versions.c.key).where(versions.c.evaluation_key == evaluations.c.key)
        own = (versions.c.key == version_key, versions.c.created_at >= since, ~used.exists())
        with self._database.write() as connection:
            gone = connection.execute(delete(versions).where(*own).returning(versions.c.evaluation_key)).scalar()
            its = (evaluations.c.key == gone, evaluations.c.created_at >= since, ~of_it.exists())
            connection.execute(delete(evaluations).where(*its))


_TABLES = (responses, results, result_texts, attempts, result_annotations)


def _insert(database: Database, table: Table) -> str:
    """For rows of values in the order of the table, without the key that the database counts itself."""
    names = tuple(column.name for column in table.c if column.name != "key")
    return database.driver_sql(insert(table).values({name: bindparam(name) for name in names}), names)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
