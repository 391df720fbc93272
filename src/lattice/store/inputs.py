"""Input sets: staged in one streaming pass, shared by their hash, read back by place."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Row, bindparam, delete, func, insert, over, select, update
from sqlalchemy.exc import IntegrityError

from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.store.database import Database
from lattice.store.processes import Process, current_process, is_alive
from lattice.store.records import DuplicateInput, InputSet
from lattice.store.schema import input_ids, input_sets, inputs, versions
from lattice.store.text import (
    canonical_json,
    decode_json,
    decode_mapping,
    decode_optional,
    decode_text,
    encode_json,
    encode_optional,
    encode_text,
)
from lattice.store.times import WallClock

CHUNK = 5_000

_READ_AT_ONCE = 500
_ABANDONED_AFTER = 24 * 3600.0
_COLUMNS = tuple(inputs.c.keys())
_ID_COLUMNS = tuple(input_ids.c.keys())

InputValues = tuple[Any, ...]
_Each = TypeVar("_Each")


class Inputs:
    """The tables ``input_sets`` and ``inputs``."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock
        self._insert = database.driver_sql(
            insert(inputs).values({name: bindparam(name) for name in _COLUMNS}), _COLUMNS
        )
        self._insert_id = database.driver_sql(
            insert(input_ids).values({name: bindparam(name) for name in _ID_COLUMNS}), _ID_COLUMNS
        )

    def stage(self, source: Iterable[Input]) -> InputSet:
        """Write inputs under a new set, or find that the store has them already."""
        self._sweep()
        key = self._begin()
        try:
            written = self._write(key, source)
            known = self._known(written.hash)
            if known is None:
                self._index(key)
                known = self._publish(written)
        except BaseException:
            self._drop(key)
            raise
        if known.key != key:
            if self._is_emptied(known.key):
                self._refill(known.key, key)
            self._drop(key)
        return known

    def input_set(self, key: int) -> InputSet:
        with self._database.read() as connection:
            row = connection.execute(select(input_sets).where(input_sets.c.key == key)).one()
        return read_input_set(row)

    def positions(self, set_key: int) -> array[int]:
        query = select(inputs.c.position).where(inputs.c.set_key == set_key).order_by(inputs.c.position)
        found = array("q")
        query = query.execution_options(yield_per=CHUNK)
        with self._database.read() as connection, connection.execute(query) as rows:
            for chunk in rows.scalars().partitions():
                found.extend(chunk)
        return found

    def read(self, set_key: int, positions: Iterable[int]) -> dict[int, Input]:
        found: dict[int, Input] = {}
        query = select(inputs).where(
            inputs.c.set_key == set_key, inputs.c.position.in_(bindparam("wanted", expanding=True))
        )
        with self._database.read() as connection:
            for chunk in _chunks(positions, _READ_AT_ONCE):
                for _, *values in connection.execute(query, {"wanted": chunk}):
                    found[values[0]] = read_input(values)
        return found

    def stream(self, set_key: int) -> Iterator[Input]:
        """All of them, some at a time, each time in a transaction of its own."""
        query = select(inputs).where(inputs.c.set_key == set_key).order_by(inputs.c.position).limit(_READ_AT_ONCE)
        last = 0
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(inputs.c.position > last)).all()
            for _, *values in rows:
                yield read_input(values)
            if len(rows) < _READ_AT_ONCE:
                return
            last = rows[-1].position

    def _begin(self) -> int:
        values = {"staged_at": self._clock().timestamp(), "staged_by": encode_json(asdict(current_process()))}
        with self._database.write() as connection:
            key: int = connection.execute(insert(input_sets).values(values).returning(input_sets.c.key)).scalar_one()
        return key

    def _write(self, key: int, source: Iterable[Input]) -> InputSet:
        digest, count, with_reference = hashlib.sha256(), 0, 0
        for chunk in _chunks(source, CHUNK):
            rows = []
            for each in chunk:
                values, canonical = _input_values(key, each)
                rows.append(values)
                digest.update(canonical)
                with_reference += each.reference is not None
            with self._database.write() as connection:
                connection.exec_driver_sql(self._insert, rows)
            count += len(chunk)
        return InputSet(key=key, hash=digest.hexdigest(), count=count, with_reference=with_reference)

    def _index(self, key: int) -> None:
        """Enter the ids in their own order, read on one connection and written on another."""
        query = select(inputs.c.set_key, inputs.c.id, inputs.c.position).where(inputs.c.set_key == key)
        query = query.order_by(inputs.c.id).execution_options(yield_per=CHUNK)
        with self._database.read() as reading, reading.execute(query) as rows:
            for chunk in rows.partitions():
                with self._database.write() as connection:
                    try:
                        connection.exec_driver_sql(self._insert_id, [tuple(row) for row in chunk])
                    except IntegrityError as error:
                        raise self._duplicate(key) from error

    def _duplicate(self, key: int) -> DuplicateInput:
        """The first input, by place, whose id an earlier one has."""
        same_id = over(func.min(inputs.c.position), partition_by=inputs.c.id)
        places = select(inputs.c.id, inputs.c.position, same_id.label("first")).where(inputs.c.set_key == key)
        each = places.subquery()
        later = select(each).where(each.c.position > each.c.first).order_by(each.c.position).limit(1)
        with self._database.read() as connection:
            row = connection.execute(later).one()
        return DuplicateInput(decode_text(row.id), row.position, row.first)

    def _known(self, digest: str) -> InputSet | None:
        with self._database.read() as connection:
            row = connection.execute(select(input_sets).where(input_sets.c.hash == digest)).one_or_none()
        return None if row is None else read_input_set(row)

    def _is_emptied(self, key: int) -> bool:
        """Whether the texts of a set were deleted."""
        deleted = select(input_sets.c.contents_deleted_at).where(input_sets.c.key == key)
        with self._database.read() as connection:
            return connection.execute(deleted).scalar_one() is not None

    def _refill(self, key: int, source: int) -> None:
        """Give a set its texts back from one with the same inputs, which loses them."""
        for chunk in _chunks(self.positions(source), _READ_AT_ONCE):
            within = inputs.c.position.in_(chunk)
            with self._database.write() as connection:
                connection.execute(delete(inputs).where(inputs.c.set_key == key, within))
                connection.execute(update(inputs).where(inputs.c.set_key == source, within).values(set_key=key))
        with self._database.write() as connection:
            connection.execute(update(input_sets).where(input_sets.c.key == key).values(contents_deleted_at=None))

    def _publish(self, written: InputSet) -> InputSet:
        """Give the set its hash, unless another process has been quicker with the same inputs."""
        values = {"hash": written.hash, "count": written.count, "with_reference": written.with_reference}
        same = select(input_sets).where(input_sets.c.hash == written.hash)
        with self._database.write() as connection:
            known = connection.execute(same).one_or_none()
            if known is not None:
                return read_input_set(known)
            connection.execute(update(input_sets).where(input_sets.c.key == written.key).values(values))
        return written

    def sweep_unused(self, before: float) -> int:
        """Drop the sets that no version has and that were staged before a moment; how many.

        A set loses its hash first, so that nobody finds it any more while its rows go.
        """
        used = select(versions.c.key).where(versions.c.input_set == input_sets.c.key).exists()
        unused = (input_sets.c.hash.is_not(None), input_sets.c.staged_at < before, ~used)
        taken = {"hash": None, "staged_by": encode_json(asdict(current_process()))}
        with self._database.write() as connection:
            keys = connection.execute(select(input_sets.c.key).where(*unused)).scalars().all()
            for some in _chunks(keys, _READ_AT_ONCE):
                connection.execute(update(input_sets).where(input_sets.c.key.in_(some)).values(taken))
        for key in keys:
            self._drop(key)
        return len(keys)

    def _drop(self, key: int) -> None:
        for table, within in ((input_ids, input_ids.c.id), (inputs, inputs.c.position)):
            some = select(within).where(table.c.set_key == key).order_by(within).limit(CHUNK)
            rows = delete(table).where(table.c.set_key == key, within.in_(some.scalar_subquery()))
            more = True
            while more:
                with self._database.write() as connection:
                    more = connection.execute(rows).rowcount == CHUNK
        with self._database.write() as connection:
            connection.execute(delete(input_sets).where(input_sets.c.key == key))

    def _sweep(self) -> None:
        """Drop what a process that died while staging left behind."""
        with self._database.read() as connection:
            staged = connection.execute(select(input_sets).where(input_sets.c.hash.is_(None))).all()
        for row in staged:
            alive = is_alive(Process(**decode_json(row.staged_by)), current_process())
            age = self._clock().timestamp() - row.staged_at
            if alive is False or (alive is None and age > _ABANDONED_AFTER):
                self._drop(row.key)


def read_input_set(row: Row[Any]) -> InputSet:
    """An input set out of the columns of its table."""
    return InputSet(key=row.key, hash=row.hash, count=row._mapping["count"], with_reference=row.with_reference)


def read_input(values: Sequence[Any]) -> Input:
    """An input out of the columns of its table, `set_key` left out."""
    position, id, cluster, is_chat, text, reference, context, metadata = values
    return Input(
        position=position,
        id=decode_text(id),
        input=_read_chat(text) if is_chat else decode_text(text),
        reference=decode_optional(reference),
        context=tuple(decode_json(context)) if context else (),
        metadata=decode_mapping(metadata),
        cluster=decode_optional(cluster),
    )


def _read_chat(stored: str) -> tuple[Message, ...]:
    return tuple(Message(role=role, content=content) for role, content in decode_json(stored))


def _input_values(key: int, each: Input) -> tuple[InputValues, bytes]:
    """A row's values in the order of the table, and what of it goes into the hash."""
    text = each.input
    chat = None if isinstance(text, str) else [(message.role, message.content) for message in text]
    values = (
        key,
        each.position,
        encode_text(each.id),
        encode_optional(each.cluster),
        chat is not None,
        encode_text(text) if isinstance(text, str) else encode_json(chat),
        encode_optional(each.reference),
        encode_json(each.context) if each.context else None,
        encode_json(each.metadata) if each.metadata else None,
    )
    parts = (each.position, each.id, text if chat is None else chat, each.reference)
    return values, canonical_json((*parts, each.context, each.metadata, each.cluster)) + b"\n"


def _chunks(source: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    rest = iter(source)
    while chunk := list(islice(rest, size)):
        yield chunk
