"""What differs between databases, and nothing else: how to connect, to lock, to upsert, to search, to explain."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    UnaryExpression,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.dml import Insert

from lattice.core.errors import StoreError, UsageError
from lattice.store.patience import patience_of
from lattice.store.text import encode_text
from lattice.store.transactions import ACCESS, Access

_FORMS = "sqlite:///PATH or postgresql://USER@HOST/DATABASE"
_OPTIONS = frozenset({"synchronous", "busy_timeout"})
_PAUSE = 0.01
_SYNCHRONOUS = ("normal", "full", "extra")
_CACHE_KIBIBYTES = 8_000
_LOG_LIMIT_BYTES = 64 * 2**20


class Dialect(Protocol):
    """One kind of database."""

    @property
    def place(self) -> str:
        """Where the store is, as messages name it; without secrets."""

    def is_gone(self) -> bool:
        """Whether somebody has taken the store away. What is written through open connections is lost then."""

    def engine(self) -> Engine:
        """A pool of connections, whose transactions begin as their execution option `ACCESS` says."""

    def lock_schema(self, connection: Connection) -> None:
        """Let no other process change the schema until the transaction ends."""

    def table_names(self, connection: Connection) -> set[str]:
        """The tables there are."""

    def upsert(self, table: Table) -> Insert:
        """Insert a row, or put it in the place of the one with the same primary key."""

    def contains(self, text: ColumnElement[str], part: str) -> ColumnElement[bool]:
        """Whether a stored text contains `part`, in any case."""

    def order(self, value: ColumnElement[Any], *, descending: bool) -> UnaryExpression[Any]:
        """Order by a value; what has none comes last either way."""

    def metric(self, metrics: ColumnElement[str], name: str) -> ColumnElement[float]:
        """A metric's native value, else its score, out of the JSON column `results.metrics`."""

    def is_refusal(self, error: BaseException | None) -> bool:
        """Whether it is the database that refuses, where the driver speaks of a broken statement."""

    def explain(self, error: BaseException | None) -> StoreError:
        """What an error of the driver means to the user."""


def dialect_of(url: str) -> Dialect:
    """The dialect of a store's URL.

    Parameters
    ----------
    url: ``sqlite:///PATH``, with ``?synchronous=full`` and ``?busy_timeout=SECONDS``; or
        ``postgresql://USER@HOST/DATABASE`` with libpq's parameters, ``?pool_size=N`` and ``?busy_timeout=SECONDS``.

    Raises
    ------
    UsageError: no store can be there.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # It may hold a password, wherever that stands in something that cannot be read; the error's words may too.
        shown = url if "@" not in url else f"{url.partition(':')[0]}:…"
        raise UsageError(f"{shown!r} is not the URL of a store; write {_FORMS}") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql" | "postgres":
            from lattice.store.postgresql import postgresql_of  # heavy: SQLAlchemy's part for it

            return postgresql_of(parsed)
        case other:
            raise UsageError(f"stores of type {other} are not available; write {_FORMS}")


def _sqlite(url: URL) -> SQLite:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UsageError("a store needs a file, since several processes share it; write sqlite:///PATH")
    if unknown := sorted(set(url.query) - _OPTIONS):
        raise UsageError(f"unknown option in the store's URL: {unknown[0]}; there are {', '.join(sorted(_OPTIONS))}")
    synchronous = str(url.query.get("synchronous", "normal")).lower()
    if synchronous not in _SYNCHRONOUS:
        raise UsageError(f"synchronous={synchronous} in the store's URL; there are {', '.join(_SYNCHRONOUS)}")
    # A Python target may change the working directory.
    return SQLite(path=Path(url.database).absolute(), synchronous=synchronous, busy_timeout=patience_of(url))


@dataclass(frozen=True, slots=True, kw_only=True)
class SQLite:
    """A file.

    Parameters
    ----------
    synchronous: ``normal``: a committed result outlives every crash of Lattice, and of the machine except
        the last moments before a power cut; ``full``: those too, at one disk flush a commit.
    busy_timeout: seconds to wait for another process that writes.
    """

    path: Path
    synchronous: str = "normal"
    busy_timeout: float = 30.0

    @property
    def place(self) -> str:
        return str(self.path)

    def is_gone(self) -> bool:
        """A file that was removed takes in what is written to it, until the last process closes it."""
        return not self.path.exists()

    def engine(self) -> Engine:
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._connect,
            pool_size=8,
            max_overflow=-1,
            poolclass=QueuePool,
        )
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri(), uri=True, timeout=self.busy_timeout, isolation_level=None, check_same_thread=False
        )
        connection.create_function("lattice_contains", 2, _contains, deterministic=True)
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA synchronous={self.synchronous}")
        if self._is_writable():
            _write_ahead(connection, self.busy_timeout)
        connection.execute(f"PRAGMA journal_size_limit={_LOG_LIMIT_BYTES}")
        return connection

    def _uri(self) -> str:
        name = f"file:{quote(str(self.path.absolute()))}"
        if self._is_writable():
            return name
        log = self.path.with_name(self.path.name + "-wal")
        settled = not os.access(self.path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
        return f"{name}?mode=ro" + ("&immutable=1" if settled else "")

    def _is_writable(self) -> bool:
        # In this order, since another process may make the file between the two questions.
        return not self.path.exists() or os.access(self.path, os.W_OK)

    def lock_schema(self, connection: Connection) -> None:
        """Nothing more to do: a writing transaction locks the whole file at its start."""

    def table_names(self, connection: Connection) -> set[str]:
        rows = connection.execute(sql_text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return {row[0] for row in rows if not row[0].startswith("sqlite_")}

    def upsert(self, table: Table) -> Insert:
        statement = sqlite.insert(table).values({each.name: bindparam(each.name) for each in table.c})
        keys = {each.name for each in table.primary_key}
        new = {name: value for name, value in statement.excluded.items() if name not in keys}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new)

    def contains(self, text: ColumnElement[str], part: str) -> ColumnElement[bool]:
        """``LIKE`` knows the case of ASCII letters only, so that other texts are compared by Python."""
        if part.isascii():
            return text.contains(encode_text(part), autoescape=True)
        return func.lattice_contains(text, encode_text(part.casefold())) == 1

    def order(self, value: ColumnElement[Any], *, descending: bool) -> UnaryExpression[Any]:
        """NULL is the smallest value here; to say so where it goes without saying keeps indices from being used."""
        return value.desc() if descending else value.asc().nulls_last()

    def metric(self, metrics: ColumnElement[str], name: str) -> ColumnElement[float]:
        if '"' in name or "\\" in name:
            each = func.json_each(metrics).table_valued("key", "value")
            pair = select(each.c.value).where(each.c.key == name).scalar_subquery()
            return _native_or_score(pair, "$")
        return _native_or_score(metrics, f'$."{name}"')

    def is_refusal(self, error: BaseException | None) -> bool:
        return False

    def explain(self, error: BaseException | None) -> StoreError:
        name = getattr(error, "sqlite_errorname", "")
        for beginning, message in _MEANINGS.items():
            if name.startswith(beginning):
                return StoreError(message.format(place=self.place, seconds=f"{self.busy_timeout:g}"))
        return StoreError(f"the store {self.place} refused: {error}")


_MEANINGS: Mapping[str, str] = {
    "SQLITE_FULL": "the store {place} cannot grow: the disk is full. What was committed is kept; make room and resume",
    "SQLITE_BUSY": "the store {place} has been locked by another process for {seconds} s; end that one and try again",
    "SQLITE_LOCKED": "the store {place} is locked within this process; try again",
    "SQLITE_READONLY": "the store {place} is read-only; make file and folder writable, or name another with --db",
    "SQLITE_CANTOPEN": "the store {place} cannot be opened; its folder must exist and be readable and writable",
    "SQLITE_CORRUPT": "the store {place} is damaged; restore it from a copy, or move it away to start a new one",
    "SQLITE_NOTADB": "{place} is not a store of Lattice; move it away, or name another with --db",
    "SQLITE_IOERR": "the disk failed to read or write the store {place}; check the disk and the space on it",
}


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Have the file use a write-ahead log.

    SQLite does not wait by itself where two processes that open a new file want to change it at the same moment.
    """
    until = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(ACCESS, Access.READ) is Access.READ
    connection.connection.cursor().execute("BEGIN" if reading else "BEGIN IMMEDIATE")


def _contains(text: str | None, part: str) -> bool:
    return text is not None and part in text.casefold()


def _native_or_score(metrics: ColumnElement[Any], path: str) -> ColumnElement[float]:
    native = func.json_extract(metrics, f"{path}[1]")
    return func.coalesce(native, func.json_extract(metrics, f"{path}[0]"))
