"""The texts of a run, deleted while its numbers stay."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, false, null, or_, select, update
from sqlalchemy import tuple_ as row_of

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.store.database import Database
from lattice.store.runs import Runs
from lattice.store.schema import attempts, input_sets, inputs, responses, result_texts, runs, versions
from lattice.store.times import WallClock

AT_ONCE = 2_000

DELETED = "(deleted with the contents of the run)"
"""Stands for the words of an error."""

_TRIAL = ("position", "target", "repeat")


class Contents:
    """Everything in a store that somebody, or a model, has written for or in a run."""

    def __init__(self, database: Database, clock: WallClock, runs_table: Runs) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table

    def clear(self, key: int) -> None:
        """Mark the run at once, so that nothing more comes, then take its texts away; see `Store.clear_contents`."""
        run = self._runs.run(key)
        if run.status is RunStatus.RUNNING and not run.interrupted:
            name = f"{run.evaluation_slug}#{run.number}"
            raise UsageError(f"{name} is running; stop it first with 'lattice cancel {name}'")
        with self._database.write() as connection:
            self._runs.refuse_shared(connection, key)
            now = self._clock().timestamp()
            connection.execute(update(runs).where(runs.c.key == key).values(contents_deleted_at=now))
            emptied = self._is_last_with(connection, run)
            if emptied:
                of_run = input_sets.c.key == run.input_set
                connection.execute(update(input_sets).where(of_run).values(contents_deleted_at=now))
        self._clear_texts(key)
        if emptied:
            self._clear_inputs(run.input_set)

    def _is_last_with(self, connection: Connection, run: RunRecord) -> bool:
        """Whether nothing else has the inputs of a run, and no version waits that could still be run on them."""
        has_runs = select(runs.c.key).where(runs.c.version_key == versions.c.key, runs.c.deleted_at.is_(None))
        whole = has_runs.where(runs.c.contents_deleted_at.is_(None)).exists()
        waiting = and_(versions.c.key != run.version_key, ~has_runs.exists())
        needing = select(versions.c.key).where(versions.c.input_set == run.input_set, or_(whole, waiting)).limit(1)
        return connection.execute(needing).first() is None

    def _clear_texts(self, key: int) -> None:
        self._in_parts(responses, responses.c.run_key == key, delete(responses))
        message = case((result_texts.c.error_message.is_(None), null()), else_=DELETED)
        empty = update(result_texts).values(reasoning="", raw="", error_message=message)
        left = or_(result_texts.c.reasoning != "", result_texts.c.raw != "", _differs(result_texts.c.error_message))
        self._in_parts(result_texts, and_(result_texts.c.run_key == key, left), empty)
        words = update(attempts).values(message=DELETED)
        of_run = select(attempts.c.key).where(attempts.c.run_key == key, _differs(attempts.c.message)).limit(AT_ONCE)
        self._until_done(words.where(attempts.c.key.in_(of_run.scalar_subquery())))

    def _clear_inputs(self, set_key: int) -> None:
        empty = update(inputs).values(is_chat=false(), input="", reference=None, context=None, metadata=None)
        left = or_(
            inputs.c.input != "",
            *(inputs.c[name].is_not(None) for name in ("reference", "context", "metadata")),
        )
        some = select(inputs.c.position).where(inputs.c.set_key == set_key, left).limit(AT_ONCE)
        self._until_done(empty.where(inputs.c.set_key == set_key, inputs.c.position.in_(some.scalar_subquery())))

    def _in_parts(self, table: Any, where: ColumnElement[bool], change: Any) -> None:
        trial = [table.c[name] for name in _TRIAL]
        some = select(*trial).where(where).limit(AT_ONCE)
        self._until_done(change.where(where, row_of(*trial).in_(some)))

    def _until_done(self, change: Any) -> None:
        more = True
        while more:
            with self._database.write() as connection:
                more = connection.execute(change).rowcount == AT_ONCE


def _differs(column: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(column.is_not(None), column != DELETED)
