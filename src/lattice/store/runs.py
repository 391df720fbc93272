"""Runs: made, read, found by what people call them, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy import tuple_ as row_of

from lattice.core.errors import UsageError
from lattice.core.runs import Progress, RunRecord, RunStatus, StopRequest
from lattice.store.claims import is_held, read_claim
from lattice.store.database import Database
from lattice.store.figures import retire
from lattice.store.processes import Process, current_process
from lattice.store.schema import RUN_CHILDREN, baselines, evaluations, input_sets, runs, versions
from lattice.store.text import decode_mapping, decode_optional, decode_text, encode_json, encode_optional
from lattice.store.times import WallClock, read_optional_time, read_time
from lattice.store.turns import withdraw

_DELETED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run as it is to be made; see `lattice.store.Store.create_run`."""

    version_key: int
    seed: int
    total: int
    trigger: str
    tags: Mapping[str, str]
    origin: str | None = None
    folder: str | None = None


class Runs:
    """The table ``runs``."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def create(self, new: NewRun) -> RunRecord:
        with self._database.write() as connection:
            key = self.create_in(connection, new)
        return self.run(key)

    def create_in(self, connection: Connection, new: NewRun) -> int:
        """Make a run in the transaction that is open on `connection`, and give its key."""
        self._refuse_emptied(connection, new)
        of_version = select(versions.c.evaluation_key).where(versions.c.key == new.version_key)
        counted = (
            update(evaluations)
            .where(evaluations.c.key == of_version.scalar_subquery())
            .values(last_run=evaluations.c.last_run + 1)
            .returning(evaluations.c.key, evaluations.c.last_run)
        )
        evaluation, number = connection.execute(counted).one()
        values = {
            "id": secrets.token_hex(8),
            "evaluation_key": evaluation,
            "number": number,
            "version_key": new.version_key,
            "status": RunStatus.PENDING.value,
            "seed": new.seed,
            "trigger": new.trigger,
            "origin": new.origin,
            "responses_of": self._responses_of(connection, new.origin),
            "created_at": self._clock().timestamp(),
            "total": new.total,
            "tags": encode_json(new.tags) if new.tags else None,
            "folder": encode_optional(new.folder),
        }
        key: int = connection.execute(insert(runs).values(values).returning(runs.c.key)).scalar_one()
        return key

    def run(self, key: int) -> RunRecord:
        found = self.by_keys([key])
        if key not in found:
            raise UsageError("this run has been deleted")
        return found[key]

    def by_keys(self, keys: Iterable[int]) -> dict[int, RunRecord]:
        return {run.key: run for run in self._read(_query().where(runs.c.key.in_(list(keys))))}

    def latest(self, *, evaluation_id: str | None, limit: int | None) -> list[RunRecord]:
        query = _query().order_by(runs.c.key.desc()).limit(limit)
        if evaluation_id is not None:
            query = query.where(evaluations.c.id == evaluation_id)
        return self._read(query)

    def recent(self, each: int) -> dict[str, list[int]]:
        place = func.row_number().over(partition_by=runs.c.evaluation_key, order_by=runs.c.key.desc()).label("place")
        shown = select(runs.c.key, runs.c.evaluation_key, place).where(runs.c.deleted_at.is_(None)).subquery()
        query = (
            select(evaluations.c.id, shown.c.key)
            .join(evaluations, evaluations.c.key == shown.c.evaluation_key)
            .where(shown.c.place <= each)
            .order_by(shown.c.key.desc())
        )
        found: dict[str, list[int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.id, []).append(row.key)
        return found

    def running(self) -> list[RunRecord]:
        return self._read(_query().where(runs.c.status == RunStatus.RUNNING.value).order_by(runs.c.key.desc()))

    def where(self, condition: ColumnElement[bool], *, limit: int) -> list[RunRecord]:
        return self._read(_query().where(condition).order_by(runs.c.key.desc()).limit(limit))

    def delete(self, key: int) -> None:
        """Hide the run at once, then take its rows away in short transactions, then itself."""
        run = self.run(key)
        if run.status is RunStatus.RUNNING and not run.interrupted:
            name = f"{run.evaluation_slug}#{run.number}"
            raise UsageError(f"{name} is running; stop it first with 'lattice cancel {name}'")
        with self._database.write() as connection:
            self.refuse_shared(connection, key)
            _refuse_baseline(connection, run)
            self.hide(connection, key)
            withdraw(connection, run.id)
        self.remove_hidden()

    def hide(self, connection: Connection, key: int) -> None:
        """Take a run out of sight in the transaction that is open on `connection`; `remove` takes its rows away."""
        retire(connection, key)
        connection.execute(update(runs).where(runs.c.key == key).values(deleted_at=self._clock().timestamp()))

    def remove_hidden(self) -> None:
        """Take away the rows of runs that were hidden, of those whose deletion was cut short as well."""
        for each in self._deleted():
            self.remove(each)

    def _refuse_emptied(self, connection: Connection, new: NewRun) -> None:
        """Inputs whose texts were deleted cannot be asked again; stored responses can be scored without them."""
        emptied = (
            select(input_sets.c.contents_deleted_at)
            .join(versions, versions.c.input_set == input_sets.c.key)
            .where(versions.c.key == new.version_key)
        )
        if connection.execute(emptied).scalar() is not None:
            raise UsageError("the inputs of this version were deleted with the contents of a run; add it again")

    def refuse_shared(self, connection: Connection, key: int) -> None:
        """Say that another run scores the responses of this one, if so."""
        user = select(evaluations.c.slug, runs.c.number).join(evaluations, evaluations.c.key == runs.c.evaluation_key)
        found = connection.execute(user.where(runs.c.responses_of == key).limit(1)).one_or_none()
        if found is not None:
            raise UsageError(f"{found.slug}#{found.number} scores the responses of this run; delete that first")

    def _deleted(self) -> list[int]:
        """This run, and any whose deletion was cut short; not one that a living process is writing unseen."""
        here, now = current_process(), self._clock()
        with self._database.read() as connection:
            rows = connection.execute(select(runs).where(runs.c.deleted_at.is_not(None))).all()
        return [
            row.key for row in rows if not is_held(read_claim(row), released=row.claim_released, here=here, now=now)
        ]

    def remove(self, key: int) -> None:
        """Take a run's rows away in short transactions, then itself."""
        for table in RUN_CHILDREN:
            trial = [column for column in table.primary_key if column.name != "run_key"]
            some = select(*trial).where(table.c.run_key == key).order_by(*trial).limit(_DELETED_AT_ONCE)
            rows = delete(table).where(table.c.run_key == key, row_of(*trial).in_(some))
            more = True
            while more:
                with self._database.write() as connection:
                    more = connection.execute(rows).rowcount == _DELETED_AT_ONCE
        with self._database.write() as connection:
            connection.execute(delete(runs).where(runs.c.key == key))

    def _responses_of(self, connection: Connection, origin: str | None) -> int | None:
        if origin is None:
            return None
        whose = select(func.coalesce(runs.c.responses_of, runs.c.key))
        found = connection.execute(whose.where(runs.c.id == origin, runs.c.deleted_at.is_(None)))
        key: int | None = found.scalar_one_or_none()
        if key is None:
            raise UsageError(f"there is no run {origin} whose responses could be scored")
        return key

    def _read(self, query: Select[Any]) -> list[RunRecord]:
        here, now = current_process(), self._clock()
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_read_run(row, here, now) for row in rows]


def _refuse_baseline(connection: Connection, run: RunRecord) -> None:
    """Others are held against a baseline; it goes only once it is none any more."""
    if connection.execute(select(baselines.c.run_id).where(baselines.c.run_id == run.id)).first() is not None:
        raise UsageError(
            f"{run.evaluation_slug}#{run.number} is the baseline of its evaluation and cannot be deleted; set another "
            f"one with 'lattice baseline set RUN', or have none with 'lattice baseline rm {run.evaluation_slug}'"
        )


def _query() -> Select[Any]:
    return (
        select(
            runs,
            evaluations.c.id.label("evaluation_id"),
            evaluations.c.name.label("evaluation_name"),
            evaluations.c.slug.label("evaluation_slug"),
            evaluations.c.type.label("evaluation_type"),
            versions.c.number.label("version"),
            versions.c.config,
            versions.c.config_hash,
            versions.c.input_set,
            input_sets.c.hash.label("inputs_hash"),
            input_sets.c.count.label("input_count"),
        )
        .join(evaluations, evaluations.c.key == runs.c.evaluation_key)
        .join(versions, versions.c.key == runs.c.version_key)
        .join(input_sets, input_sets.c.key == versions.c.input_set)
        .where(runs.c.deleted_at.is_(None))
    )


_SAME_NAME = (
    "key",
    "id",
    "number",
    "evaluation_id",
    "evaluation_slug",
    "evaluation_type",
    "version",
    "config_hash",
    "inputs_hash",
    "input_count",
    "seed",
    "trigger",
    "stopped",
    "elapsed",
    "seq",
    "revision",
    "origin",
    "version_key",
    "input_set",
)


def _read_run(row: Row[Any], here: Process, now: datetime) -> RunRecord:
    named = row._mapping
    claim, status = read_claim(row), RunStatus(row.status)
    held = is_held(claim, released=row.claim_released, here=here, now=now)
    stop, activity = StopRequest(row.stop_request), decode_mapping(row.activity)
    running = status is RunStatus.RUNNING
    return RunRecord(
        **{name: named[name] for name in _SAME_NAME},
        evaluation_name=decode_text(row.evaluation_name),
        config=decode_mapping(row.config),
        status=status,
        created_at=read_time(row.created_at),
        started_at=read_optional_time(row.started_at),
        finished_at=read_optional_time(row.finished_at),
        contents_deleted_at=read_optional_time(row.contents_deleted_at),
        settings=decode_mapping(row.settings),
        tags=decode_mapping(row.tags),
        folder=decode_optional(row.folder),
        failure=decode_mapping(row.failure) if row.failure else None,
        progress=Progress(total=row.total, done=row.done, successful=row.successful, failed=row.failed),
        live=decode_mapping(row.live),
        summary=decode_mapping(row.summary) if row.summary else None,
        stop_request=stop,
        claim=claim,
        interrupted=running and not held,
        draining=running and held and (stop is not StopRequest.NONE or bool(activity.get("draining"))),
        activity=activity,
    )
