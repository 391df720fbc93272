"""Evaluations and their versions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, or_, select, true, update

from lattice.core.errors import NotFound, StoreError
from lattice.store.database import Database
from lattice.store.records import EvaluationRow, InputSet, VersionRecord
from lattice.store.runs import Runs
from lattice.store.schema import evaluations, input_sets, runs, versions
from lattice.store.text import decode_mapping, decode_optional, decode_text, encode_json, encode_optional, encode_text
from lattice.store.times import WallClock, read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A configuration as it is to be kept; see `lattice.store.Store.add_version`.

    Parameters
    ----------
    evaluation_id: of an evaluation that is made for it, where that id is free.
    folder: where its file stands; None where there is none.
    """

    name: str
    slug: str
    type: str
    config: Mapping[str, Any]
    config_hash: str
    input_set: InputSet
    evaluation_id: str | None = None
    folder: str | None = None


class Evaluations:
    """The tables ``evaluations`` and ``versions``."""

    def __init__(self, database: Database, clock: WallClock, runs_table: Runs) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table

    def add_version(self, new: NewVersion) -> VersionRecord:
        with self._database.write() as connection:
            evaluation = self._evaluation_key(connection, new)
            same = select(versions.c.key).where(
                versions.c.evaluation_key == evaluation,
                versions.c.config_hash == new.config_hash,
                versions.c.input_set == new.input_set.key,
            )
            key = connection.execute(same).scalar_one_or_none()
            if key is None:
                self._refuse_swept(connection, new)
                key = self._next_version(connection, evaluation, new)
            elif new.folder is not None:
                moved = update(versions).where(versions.c.key == key)
                connection.execute(moved.values(folder=encode_optional(new.folder)))
            return _read_version(connection.execute(_version_query().where(versions.c.key == key)).one())

    def version(self, key: int) -> VersionRecord:
        with self._database.read() as connection:
            row = connection.execute(_version_query().where(versions.c.key == key)).one_or_none()
        if row is None:
            raise NotFound(f"there is no version with the number {key} in this store")
        return _read_version(row)

    def versions(self, evaluation_id: str) -> list[VersionRecord]:
        query = _version_query().where(evaluations.c.id == evaluation_id).order_by(versions.c.number.desc())
        with self._database.read() as connection:
            return [_read_version(row) for row in connection.execute(query)]

    def archive(self, evaluation_id: str, archived: bool) -> None:
        where = evaluations.c.id == evaluation_id
        with self._database.write() as connection:
            if not connection.execute(update(evaluations).where(where).values(archived=archived)).rowcount:
                raise NotFound(f"there is no evaluation {evaluation_id}")

    def one(self, text: str) -> EvaluationRow:
        found = self._read(or_(evaluations.c.id == text, evaluations.c.slug == text))
        if not found:
            raise NotFound(f"there is no evaluation {text!r}")
        return found[0]

    def all(self) -> list[EvaluationRow]:
        """All evaluations, the one with the latest run or creation first."""
        return self._read(true())

    def _read(self, which: ColumnElement[bool]) -> list[EvaluationRow]:
        last = _last_of(runs.c.key, runs.c.evaluation_key, runs.c.deleted_at.is_(None))
        newest = _last_of(versions.c.key, versions.c.evaluation_key)
        query = (
            select(evaluations, last.c.key.label("run_key"), func.coalesce(last.c.count, 0).label("runs"))
            .add_columns(newest.c.key.label("version_key"), newest.c.count.label("versions"))
            .outerjoin(last, last.c.of == evaluations.c.key)
            .join(newest, newest.c.of == evaluations.c.key)
            .where(which)
            .order_by(func.coalesce(last.c.at, evaluations.c.created_at).desc(), evaluations.c.key.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            wanted = _version_query().where(versions.c.key.in_([row.version_key for row in rows]))
            newest_versions = {row.key: _read_version(row) for row in connection.execute(wanted)}
        last_runs = self._runs.by_keys([row.run_key for row in rows if row.run_key is not None])
        return [
            EvaluationRow(
                id=row.id,
                slug=row.slug,
                name=decode_text(row.name),
                type=row.type,
                created_at=read_time(row.created_at),
                archived=row.archived,
                versions=row.versions,
                runs=row.runs,
                last_version=newest_versions[row.version_key],
                last_run=last_runs.get(row.run_key),
            )
            for row in rows
        ]

    def _evaluation_key(self, connection: Connection, new: NewVersion) -> int:
        """The evaluation with this slug, made if there is none; its name and type are those of its last version."""
        names = {"name": encode_text(new.name), "type": new.type}
        found = update(evaluations).where(evaluations.c.slug == new.slug).values(names)
        key: int | None = connection.execute(found.returning(evaluations.c.key)).scalar_one_or_none()
        if key is not None:
            return key
        values = {
            **names,
            "id": self._free_id(connection, new.evaluation_id),
            "slug": new.slug,
            "created_at": self._clock().timestamp(),
        }
        added = insert(evaluations).values(values).returning(evaluations.c.key)
        made: int = connection.execute(added).scalar_one()
        return made

    def _free_id(self, connection: Connection, wanted: str | None) -> str:
        taken = select(evaluations.c.key).where(evaluations.c.id == wanted)
        if wanted is None or connection.execute(taken).first() is not None:
            return secrets.token_hex(8)
        return wanted

    def _refuse_swept(self, connection: Connection, new: NewVersion) -> None:
        """Inputs may be swept away as unused between the moment they are found and the first version that has them."""
        there = select(input_sets.c.key).where(input_sets.c.key == new.input_set.key, input_sets.c.hash.is_not(None))
        if connection.execute(there).first() is None:
            raise StoreError("these inputs were swept away by 'lattice prune' this very moment; try again")

    def _next_version(self, connection: Connection, evaluation: int, new: NewVersion) -> int:
        of_this = versions.c.evaluation_key == evaluation
        number = select(func.coalesce(func.max(versions.c.number), 0) + 1).where(of_this).scalar_subquery()
        values = {
            "evaluation_key": evaluation,
            "number": number,
            "config": encode_json(new.config),
            "config_hash": new.config_hash,
            "input_set": new.input_set.key,
            "created_at": self._clock().timestamp(),
            "folder": encode_optional(new.folder),
        }
        added = insert(versions).values(values).returning(versions.c.key)
        made: int = connection.execute(added).scalar_one()
        return made


def _last_of(key: Any, of: Any, *where: Any) -> Any:
    """Per evaluation the highest key of a table, when that was made, and how many rows there are."""
    table = key.table
    grouped = select(
        of.label("of"),
        func.max(key).label("key"),
        func.max(table.c.created_at).label("at"),
        func.count().label("count"),
    )
    return grouped.where(*where).group_by(of).subquery()


def _version_query() -> Select[Any]:
    return (
        select(versions, evaluations.c.id, evaluations.c.name, evaluations.c.slug, evaluations.c.type)
        .add_columns(input_sets.c.hash, input_sets.c.count, input_sets.c.with_reference)
        .join(evaluations, evaluations.c.key == versions.c.evaluation_key)
        .join(input_sets, input_sets.c.key == versions.c.input_set)
    )


def _read_version(row: Row[Any]) -> VersionRecord:
    named = row._mapping
    inputs = InputSet(key=row.input_set, hash=row.hash, count=named["count"], with_reference=row.with_reference)
    return VersionRecord(
        key=row.key,
        evaluation_id=row.id,
        evaluation_name=decode_text(row.name),
        evaluation_slug=row.slug,
        evaluation_type=row.type,
        number=row.number,
        config=decode_mapping(row.config),
        config_hash=row.config_hash,
        input_set=inputs,
        created_at=read_time(row.created_at),
        folder=decode_optional(row.folder),
    )
