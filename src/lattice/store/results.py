"""Reading what a run has brought: pages of results, streams of all of them, responses, attempts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select
from sqlalchemy import tuple_ as row_of

from lattice.core.errors import UsageError
from lattice.core.filters import Filter, Sort
from lattice.core.trials import Response, Step, TrialKey
from lattice.store.database import Database
from lattice.store.filtering import Conditions, RunScope
from lattice.store.records import AttemptRow, Point, Recency, ResultRow, ResultStatus, ScoreRow, Slice
from lattice.store.rows import (
    RESPONSE_COLUMNS,
    SCORE_COLUMNS,
    WHOLE_COLUMNS,
    brief_columns,
    read_attempt,
    read_metrics,
    read_response,
    read_result,
    read_score,
)
from lattice.store.schema import (
    attempts,
    inputs,
    responses,
    result_annotations,
    result_texts,
    results,
    runs,
    versions,
)
from lattice.store.text import decode_mapping

_STREAMED_AT_ONCE = 500
_KEYS_AT_ONCE = 5_000
_SAMPLED = 20
_TRIAL = tuple(results.c[name] for name in ("position", "target", "repeat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which results; see `lattice.store.Store.results`."""

    where: Filter | None = None
    sort: Sort | None = None
    offset: int = 0
    limit: int | None = 50
    after_seq: int | None = None


class Results:
    """The tables ``results``, ``result_texts``, ``responses`` and ``attempts``, for reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, run_key: int, request: PageRequest) -> list[ResultRow]:
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
            conditions = Conditions(self._database.dialect, scope)
            where = [results.c.run_key == run_key]
            if request.where is not None:
                where.append(conditions.where(request.where))
            order: tuple[ColumnElement[Any], ...] = _TRIAL
            if request.after_seq is not None:
                where.append(results.c.seq > request.after_seq)
                order = (results.c.seq,)
            if request.sort is not None:
                order = conditions.order(request.sort)
            page = select(*_TRIAL).where(*where).order_by(*order).limit(request.limit).offset(request.offset)
            keys = [TrialKey(*row) for row in connection.execute(page)]
            found = self._whole(connection, scope, keys)
        return [found[key] for key in keys]

    def keys(self, run_key: int, part: Slice) -> list[TrialKey]:
        """The trials of a slice: only the narrow table is read for them."""
        with self._database.read() as connection:
            return self._keys(connection, self._scope(connection, run_key), part)

    def briefs(self, run_key: int, part: Slice, letters: int) -> list[ResultRow]:
        """The results of a slice with no more than the beginning of each text; see `brief_columns`."""
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
            keys = self._keys(connection, scope, part)
            found = self._whole(connection, scope, keys, brief_columns(letters))
        return [found[key] for key in keys]

    def _keys(self, connection: Connection, scope: RunScope, part: Slice) -> list[TrialKey]:
        conditions = Conditions(self._database.dialect, scope)
        where = [results.c.run_key == scope.run_key]
        if part.where is not None:
            where.append(conditions.where(part.where))
        if part.upto is not None:
            where.append(results.c.seq <= part.upto)
        order: tuple[ColumnElement[Any], ...] = _TRIAL
        if isinstance(part.order, Recency):
            order = (results.c.seq.desc(),)
        elif part.order is not None:
            order = conditions.order(part.order)
        query = select(*_TRIAL).where(*where).order_by(*order).limit(part.limit).offset(part.offset)
        return [TrialKey(*row) for row in connection.execute(query)]

    def count(self, run_key: int, where: Filter | None, upto: int | None = None) -> int:
        with self._database.read() as connection:
            query = select(func.count()).select_from(results).where(results.c.run_key == run_key)
            if upto is not None:
                query = query.where(results.c.seq <= upto)
            if where is not None:
                scope = self._scope(connection, run_key)
                query = query.where(Conditions(self._database.dialect, scope).where(where))
            return connection.execute(query).scalar_one()

    def stream(self, run_key: int, where: Filter | None) -> Iterator[ResultRow]:
        """All results in the order of their inputs, some at a time, each time in a transaction of its own."""
        chunk = self._after(run_key, where, None)
        while chunk:
            yield from chunk
            chunk = self._after(run_key, where, chunk[-1].key)

    def _after(self, run_key: int, where: Filter | None, last: TrialKey | None) -> list[ResultRow]:
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
            query = _whole_query(scope).order_by(*_TRIAL).limit(_STREAMED_AT_ONCE)
            if last is not None:
                query = query.where(row_of(*_TRIAL) > row_of(*last))
            if where is not None:
                query = query.where(Conditions(self._database.dialect, scope).where(where))
            return [read_result(row, scope.targets) for row in connection.execute(query)]

    def result(self, run_key: int, key: TrialKey) -> ResultRow | None:
        with self._database.read() as connection:
            found = self._whole(connection, self._scope(connection, run_key), [key])
        return found.get(key)

    def scores(self, run_key: int) -> Iterator[ScoreRow]:
        query = select(*SCORE_COLUMNS).where(results.c.run_key == run_key)
        with self._database.read() as connection:
            set_key = self._scope(connection, run_key).set_key
        same = and_(inputs.c.set_key == set_key, inputs.c.position == results.c.position)
        for row in self._keyset(query.join(inputs, same), _TRIAL):
            yield read_score(row)

    def points(self, run_key: int) -> Iterator[Point]:
        columns = (*_TRIAL, results.c.score, results.c.latency, results.c.error_step)
        for row in self._keyset(select(*columns).where(results.c.run_key == run_key), _TRIAL):
            point = Point._make(row)
            yield point if point.error_step is None else point._replace(error_step=Step(point.error_step))

    def finished(self, run_key: int, status: ResultStatus | None) -> Iterator[TrialKey]:
        query = select(*_TRIAL).where(results.c.run_key == run_key)
        if status is not None:
            query = query.where(results.c.status == status.value)
        for row in self._keyset(query, _TRIAL):
            yield TrialKey._make(row)

    def scored_since(self, run_key: int, seq: int) -> list[TrialKey]:
        where = (results.c.run_key == run_key, results.c.seq > seq, results.c.status == ResultStatus.SCORED.value)
        with self._database.read() as connection:
            rows = connection.execute(select(*_TRIAL).where(*where).order_by(results.c.seq))
            return [TrialKey._make(row) for row in rows]

    def answered(self, run_key: int) -> Iterator[TrialKey]:
        trial = tuple(responses.c[column.name] for column in _TRIAL)
        with self._database.read() as connection:
            whose = self._scope(connection, run_key).responses_of
        for row in self._keyset(select(*trial).where(responses.c.run_key == whose), trial):
            yield TrialKey._make(row)

    def without_result(self, run_key: int) -> Iterator[tuple[TrialKey, Response]]:
        trial = tuple(responses.c[column.name] for column in _TRIAL)
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
        own = and_(results.c.run_key == run_key, *(column == responses.c[column.name] for column in _TRIAL))
        query = select(*trial, *RESPONSE_COLUMNS).select_from(responses).outerjoin(results, own)
        query = query.where(responses.c.run_key == scope.responses_of, results.c.seq.is_(None))
        for row in self._keyset(query, trial):
            yield TrialKey._make(row[:3]), read_response(row[3:])

    def unjudged(self, run_key: int) -> set[TrialKey]:
        trial = [responses.c[column.name] for column in _TRIAL]
        ended = select(results.c.position).where(
            results.c.run_key == run_key, *(column == responses.c[column.name] for column in _TRIAL)
        )
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
            query = select(*trial).where(responses.c.run_key == scope.responses_of, ~ended.exists())
            return {TrialKey._make(row) for row in connection.execute(query)}

    def response(self, run_key: int, key: TrialKey) -> Response | None:
        whose = select(func.coalesce(runs.c.responses_of, runs.c.key)).where(runs.c.key == run_key)
        query = select(*RESPONSE_COLUMNS).where(
            responses.c.run_key == whose.scalar_subquery(),
            responses.c.position == key.position,
            responses.c.target == key.target,
            responses.c.repeat == key.repeat,
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else read_response(row)

    def served_models(self, run_key: int) -> dict[int, dict[str, int]]:
        model, target = responses.c.model, responses.c.target
        with self._database.read() as connection:
            whose = self._scope(connection, run_key).responses_of
            query = select(target, model, func.count()).where(responses.c.run_key == whose, model.is_not(None))
            rows = connection.execute(query.group_by(target, model)).all()
        found: dict[int, dict[str, int]] = {}
        for index, name, count in rows:
            found.setdefault(index, {})[name] = count
        return found

    def attempts(self, run_key: int, *, after: int, limit: int) -> list[AttemptRow]:
        where = (attempts.c.run_key == run_key, attempts.c.key > after)
        return self._attempts(run_key, where, (attempts.c.key.asc(),), limit)

    def latest_attempts(self, run_key: int, *, limit: int) -> list[AttemptRow]:
        return self._attempts(run_key, (attempts.c.run_key == run_key,), (attempts.c.key.desc(),), limit)

    def trial_attempts(self, run_key: int, key: TrialKey) -> list[AttemptRow]:
        where = (
            attempts.c.run_key == run_key,
            attempts.c.position == key.position,
            attempts.c.target == key.target,
            attempts.c.repeat == key.repeat,
        )
        return self._attempts(run_key, where, (attempts.c.key.asc(),), None)

    def attempts_by_trial(self, run_key: int) -> Iterator[AttemptRow]:
        trial = tuple(attempts.c[column.name] for column in _TRIAL)
        of_run = (attempts.c.run_key == run_key,)
        later: tuple[ColumnElement[bool], ...] = ()
        while chunk := self._attempts(run_key, (*of_run, *later), (*trial, attempts.c.key), _STREAMED_AT_ONCE):
            yield from chunk
            later = (row_of(*trial, attempts.c.key) > row_of(*chunk[-1].attempt.key, chunk[-1].id),)

    def _attempts(
        self, run_key: int, where: tuple[ColumnElement[bool], ...], order: tuple[Any, ...], limit: int | None
    ) -> list[AttemptRow]:
        with self._database.read() as connection:
            scope = self._scope(connection, run_key)
            same = and_(results.c.run_key == run_key, *(attempts.c[column.name] == column for column in _TRIAL))
            its_input = and_(inputs.c.set_key == scope.set_key, inputs.c.position == attempts.c.position)
            query = (
                select(attempts, inputs.c.id, results.c.status)
                .join(inputs, its_input)
                .outerjoin(results, same)
                .where(*where)
                .order_by(*order)
                .limit(limit)
            )
            return [read_attempt(row, scope.targets) for row in connection.execute(query)]

    def _keyset(self, query: Select[Any], trial: tuple[ColumnElement[Any], ...]) -> Iterator[Row[Any]]:
        """All rows of a query whose first columns are the trial's, in its order, without a long transaction."""
        ordered = query.order_by(*trial).limit(_KEYS_AT_ONCE)
        part = ordered
        while True:
            with self._database.read() as connection:
                rows = connection.execute(part).all()
            yield from rows
            if len(rows) < _KEYS_AT_ONCE:
                return
            part = ordered.where(row_of(*trial) > row_of(*rows[-1][:3]))

    def _whole(
        self,
        connection: Connection,
        scope: RunScope,
        keys: list[TrialKey],
        columns: Sequence[ColumnElement[Any]] = WHOLE_COLUMNS,
    ) -> dict[TrialKey, ResultRow]:
        query, found = _whole_query(scope, columns), {}
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            # The positions alone let the database use its index, which it does not for whole trials.
            positions = sorted({key.position for key in some})
            part = query.where(results.c.position.in_(positions), row_of(*_TRIAL).in_(some))
            for row in connection.execute(part):
                result = read_result(row, scope.targets)
                found[result.key] = result
        return found

    def _scope(self, connection: Connection, run_key: int) -> RunScope:
        query = (
            select(runs.c.responses_of, versions.c.input_set, versions.c.config)
            .join(versions, versions.c.key == runs.c.version_key)
            .where(runs.c.key == run_key, runs.c.deleted_at.is_(None))
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UsageError("this run has been deleted")
        return RunScope(
            run_key=run_key,
            responses_of=row.responses_of or run_key,
            set_key=row.input_set,
            targets=_target_names(decode_mapping(row.config)),
            metrics=self._metric_names(connection, run_key),
        )

    def _metric_names(self, connection: Connection, run_key: int) -> frozenset[str]:
        some = (
            select(results.c.metrics)
            .where(results.c.run_key == run_key, results.c.metrics.is_not(None))
            .order_by(results.c.seq)
            .limit(_SAMPLED)
        )
        return frozenset(name for each in connection.execute(some).scalars() for name in read_metrics(each))


def _whole_query(scope: RunScope, columns: Sequence[ColumnElement[Any]] = WHOLE_COLUMNS) -> Select[Any]:
    """A result with all that belongs to it."""

    def same(table: Any, run_key: int) -> ColumnElement[bool]:
        return and_(table.c.run_key == run_key, *(table.c[column.name] == column for column in _TRIAL))

    of_input = and_(inputs.c.set_key == scope.set_key, inputs.c.position == results.c.position)
    return (
        select(*columns)
        .select_from(results)
        .join(inputs, of_input)
        .outerjoin(result_texts, same(result_texts, scope.run_key))
        .outerjoin(responses, same(responses, scope.responses_of))
        .outerjoin(result_annotations, same(result_annotations, scope.run_key))
        .where(results.c.run_key == scope.run_key)
    )


def _target_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(target.get("name", "")) for target in config.get("targets", ()))
