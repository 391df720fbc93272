"""One commit of a running run: everything that has gathered, and what the run's row then says, or nothing."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from lattice.core.runs import Claim, Progress, RunStatus, StopRequest
from lattice.core.trials import Attempt, Response, Result, TrialKey
from lattice.store.claims import RELEASED, claim_lost
from lattice.store.database import Database
from lattice.store.records import ResultStatus
from lattice.store.rows import (
    RESPONSE_COLUMNS,
    attempt_values,
    read_response,
    response_values,
    result_values,
    text_values,
)
from lattice.store.schema import attempts, responses, result_texts, results, runs
from lattice.store.text import encode_json
from lattice.store.times import WallClock


class Totals(Protocol):
    """The running numbers of a run, kept by the engine and written with each commit.

    The writer calls this from its own thread and from nowhere else: first `add_response` and `add_result` for
    every row of a commit, then the rest once, so that the run's row says exactly what is committed.
    """

    def add_response(self, key: TrialKey, response: Response) -> None:
        """A response will be committed."""

    def add_result(self, result: Result, replaced: ResultStatus | None) -> None:
        """A result will be committed; `replaced` is the status of the one whose place it takes."""

    def progress(self) -> Progress:
        """Counts of trials."""

    def elapsed(self) -> float:
        """Seconds of work over all sessions."""

    def snapshot(self) -> Mapping[str, Any]:
        """What `RunRecord.live` is to hold, as JSON data."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """What has gathered since the last commit."""

    responses: list[tuple[TrialKey, Response]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.responses) + len(self.results) + len(self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ends. `RunStatus.RUNNING` stands for *interrupted*: the claim stays, marked as released."""

    status: RunStatus
    stopped: str | None = None
    failure: Mapping[str, Any] | None = None
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit brought: the number of the first result in it, and what has been asked of the run."""

    first_seq: int
    stop_request: StopRequest


class Commits:
    """The statements of one run, compiled once. For one thread and one connection.

    Parameters
    ----------
    shared: indices of targets whose responses get no results.
    """

    def __init__(
        self,
        database: Database,
        run_key: int,
        claim: Claim,
        totals: Totals,
        clock: WallClock,
        shared: Container[int] = (),
    ) -> None:
        self._shared = shared
        self._run_key = run_key
        self._claim = claim
        self._totals = totals
        self._clock = clock
        self._cursor = database.cursor
        self._statements = _Statements(database)
        self._unjudged: dict[TrialKey, Response] = {}
        self._seq = 0
        self._is_new = True

    def open(self, connection: Connection) -> StopRequest:
        """Read where the run stands.

        Raises
        ------
        ClaimLost: the claim is not, or no longer, this process's.
        """
        request, self._seq = self._standing(connection)
        self._is_new = self._seq == 0
        return request

    def poll(self, connection: Connection) -> StopRequest:
        """Whether somebody asked the run to stop. Without the write lock.

        Raises
        ------
        ClaimLost: another process has taken the run over.
        """
        request, _ = self._standing(connection)
        return request

    def commit(self, connection: Connection, batch: Batch, activity: Mapping[str, Any]) -> Committed:
        """Write a batch, the run's totals and a sign of life in one transaction.

        Raises
        ------
        ClaimLost: another process has taken the run over; nothing is written.
        """
        first_seq = self._seq + 1
        with connection.begin(), self._cursor(connection) as cursor:
            rows = self._rows(cursor, batch)
            stop = self._advance(cursor, activity)
            self._insert(cursor, rows)
        return Committed(first_seq=first_seq, stop_request=stop)

    def end(self, connection: Connection, end: End) -> None:
        """Write the last state of the run and give the claim back.

        Raises
        ------
        ClaimLost: another process has taken the run over; nothing is written.
        """
        values: dict[str, Any] = {"activity": None, "claim_released": True}
        if end.status is not RunStatus.RUNNING:
            values |= {
                **RELEASED,
                "status": end.status.value,
                "stop_request": StopRequest.NONE.value,
                "stopped": end.stopped,
                "failure": None if end.failure is None else encode_json(end.failure),
                "summary": None if end.summary is None else encode_json(end.summary),
                "finished_at": self._clock().timestamp(),
            }
        mine = (runs.c.key == self._run_key, runs.c.claim_token == self._claim.token)
        with connection.begin(), self._cursor(connection) as cursor:
            self._advance(cursor, {})
            connection.execute(update(runs).where(*mine).values(values))

    def _standing(self, connection: Connection) -> tuple[StopRequest, int]:
        with self._cursor(connection) as cursor:
            cursor.execute(self._statements.standing, (self._run_key, self._claim.token))
            row = cursor.fetchone()
        if row is None:
            raise claim_lost()
        return StopRequest(row[0]), row[1]

    def _rows(self, cursor: DBAPICursor, batch: Batch) -> _Rows:
        """The rows of a batch, each told to the totals in the order in which it came."""
        key, rows = self._run_key, _Rows()
        for trial, response in batch.responses:
            self._totals.add_response(trial, response)
            if trial.target not in self._shared:
                self._unjudged[trial] = response
            rows.responses.append(response_values(key, trial, response))
        if batch.results:
            self._result_rows(cursor, batch.results, rows)
        rows.attempts.extend(attempt_values(key, attempt) for attempt in batch.attempts)
        return rows

    def _result_rows(self, cursor: DBAPICursor, ended: list[Result], rows: _Rows) -> None:
        for result in ended:
            replaced = self._replaced(cursor, result.key)
            response = self._unjudged.pop(result.key, None) or self._stored(cursor, result.key)
            self._totals.add_result(result, replaced)
            self._seq += 1
            rows.results.append(result_values(self._run_key, result, response, self._seq))
            rows.texts.append(text_values(self._run_key, result))

    def _replaced(self, cursor: DBAPICursor, key: TrialKey) -> ResultStatus | None:
        """How the result ended whose place this trial's takes; only an earlier session can have left one."""
        if self._is_new:
            return None
        cursor.execute(self._statements.status, (self._run_key, *key))
        row = cursor.fetchone()
        return None if row is None else ResultStatus(row[0])

    def _stored(self, cursor: DBAPICursor, key: TrialKey) -> Response | None:
        """The response of an earlier session."""
        cursor.execute(self._statements.response, (self._run_key, *key))
        row = cursor.fetchone()
        return None if row is None else read_response(row)

    def _advance(self, cursor: DBAPICursor, activity: Mapping[str, Any]) -> StopRequest:
        totals, progress = self._totals, self._totals.progress()
        values = (
            totals.elapsed(),
            progress.total,
            progress.done,
            progress.successful,
            progress.failed,
            self._seq,
            self._clock().timestamp(),
            encode_json(activity),
            encode_json(totals.snapshot()),
            self._run_key,
            self._claim.token,
        )
        cursor.execute(self._statements.advance, values)
        row = cursor.fetchone()
        if row is None:
            raise claim_lost()
        return StopRequest(row[0])

    def _insert(self, cursor: DBAPICursor, rows: _Rows) -> None:
        for statement, values in (
            (self._statements.put_response, rows.responses),
            (self._statements.put_result, rows.results),
            (self._statements.put_texts, rows.texts),
            (self._statements.put_attempt, rows.attempts),
        ):
            if values:
                cursor.executemany(statement, values)


@dataclass(slots=True)
class _Rows:
    responses: list[tuple[Any, ...]] = field(default_factory=list)
    results: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: list[tuple[Any, ...]] = field(default_factory=list)


_ADVANCED = ("elapsed", "total", "done", "successful", "failed", "seq", "heartbeat", "activity", "live")
_MINE = ("its_key", "its_token")
_TRIAL = ("its_run", "its_position", "its_target", "its_repeat")


class _Statements:
    """SQL text for rows of values in the order of the tables."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        for_tables = {table: tuple(table.c.keys()) for table in (responses, results, result_texts)}
        self.put_response, self.put_result, self.put_texts = (
            database.driver_sql(dialect.upsert(table), names) for table, names in for_tables.items()
        )
        attempt = tuple(attempts.c.keys())[1:]
        self.put_attempt = database.driver_sql(
            insert(attempts).values({name: bindparam(name) for name in attempt}), attempt
        )
        mine = (runs.c.key == bindparam("its_key"), runs.c.claim_token == bindparam("its_token"))
        new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _ADVANCED}
        self.advance = database.driver_sql(
            update(runs).where(*mine).values(new).returning(runs.c.stop_request),
            (*(f"new_{name}" for name in _ADVANCED), *_MINE),
        )
        self.standing = database.driver_sql(select(runs.c.stop_request, runs.c.seq).where(*mine), _MINE)
        self.status = database.driver_sql(select(results.c.status).where(*_of_trial(results)), _TRIAL)
        self.response = database.driver_sql(select(*RESPONSE_COLUMNS).where(*_of_trial(responses)), _TRIAL)


def _of_trial(table: Any) -> tuple[Any, ...]:
    return tuple(
        table.c[name.removeprefix("its_") if name != "its_run" else "run_key"] == bindparam(name) for name in _TRIAL
    )
