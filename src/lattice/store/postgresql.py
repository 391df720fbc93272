"""Stores on a PostgreSQL server, which several people, Studios and runners share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    Connection,
    Double,
    Engine,
    Table,
    UnaryExpression,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    null,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.dml import Insert

from lattice.core.errors import StoreError, UsageError
from lattice.store.folding import LONGEST, pattern_of
from lattice.store.patience import patience_of
from lattice.store.refusals import is_refusal, meaning_of
from lattice.store.text import encode_text
from lattice.store.transactions import ACCESS, Access

NOT_INSTALLED = "stores on PostgreSQL need the extra 'postgresql'; run: pip install 'lattice-evals[postgresql]'"
OLDEST = 13

_OWN_OPTIONS = frozenset({"busy_timeout", "pool_size"})
_DEFAULTS: Mapping[str, str] = {"connect_timeout": "10", "application_name": "lattice"}
_SHOWN_OPTIONS = ("host", "hostaddr", "port", "service")
_LOCK = "pg_advisory_xact_lock(hashtextextended('lattice ' || current_schema(), 0))"
_BEGIN: Mapping[Access, str] = {
    Access.READ: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # What is read after the lock was waited for must be what others left, which a snapshot taken before it is not.
    Access.WRITE: f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {_LOCK}",
    Access.OWN: "BEGIN ISOLATION LEVEL READ COMMITTED",
}


def postgresql_of(url: URL) -> PostgreSQL:
    """The dialect of a URL such as ``postgresql://lattice@db.example.com/lattice?sslmode=require&pool_size=20``.

    Parameters
    ----------
    url: what it leaves out comes from libpq's variables (``PGHOST``, ``PGPASSWORD``), service file and password file.

    Raises
    ------
    UsageError: the driver is not installed, or the URL has an option that nobody knows.
    """
    driver = _driver()
    named = {name: value for name, value in url.query.items() if name not in _OWN_OPTIONS}
    known = {each.keyword.decode() for each in driver.pq.Conninfo.get_defaults()}
    if unknown := sorted(set(named) - known):
        raise UsageError(
            f"unknown option in the store's URL: {unknown[0]}; there are {', '.join(sorted(_OWN_OPTIONS))} and libpq's"
        )
    given = url.translate_connect_args(username="user", database="dbname")
    parameters = {**_DEFAULTS, **{name: _joined(value) for name, value in {**given, **named}.items()}}
    password = parameters.pop("password", None)
    return PostgreSQL(
        parameters=parameters,
        password=password,
        place=_shown(url),
        pool_size=_pool_size(url),
        busy_timeout=patience_of(url),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgreSQL:
    """A schema of a database on a server.

    Parameters
    ----------
    parameters: libpq's, the password left out.
    place: the URL without password and options.
    pool_size: how many connections a process opens at most. It opens them as it needs them: a run two or three.
    busy_timeout: seconds to wait for another process that writes.
    """

    parameters: Mapping[str, str] = field(repr=False)
    password: str | None = field(repr=False)
    place: str
    pool_size: int = 10
    busy_timeout: float = 30.0

    def is_gone(self) -> bool:
        """A database that is dropped ends its connections, so that nothing is written into the void."""
        return False

    def engine(self) -> Engine:
        engine = create_engine(
            "postgresql+psycopg://",
            module=_driver(),
            creator=self._connect,
            paramstyle="format",
            pool_size=self.pool_size,
            max_overflow=0,
            # A server that was restarted has ended the connections that wait in the pool.
            pool_pre_ping=True,
            poolclass=QueuePool,
        )
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self) -> Any:
        driver = _driver()
        # Each transaction begins by a statement of its own; see `_begin`.
        connection = driver.connect(**self.parameters, password=self.password, autocommit=True)
        try:
            self._refuse_unfit(connection.info)
            # Else a number's size decides on its type, and each mixture of sizes is a statement to prepare.
            connection.adapters.register_dumper(int, driver.types.numeric.Int8Dumper)
            connection.execute(f"SET lock_timeout = {_milliseconds(self.busy_timeout)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse_unfit(self, server: Any) -> None:
        version = server.server_version // 10_000
        if version < OLDEST:
            raise StoreError(
                f"the server of {self.place} is PostgreSQL {version}; Lattice needs {OLDEST} or newer: upgrade it"
            )
        encoding = server.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"the database {self.place} is encoded in {encoding}, which has no place for every text; make one "
                "with: createdb --encoding UTF8 --template template0 NAME"
            )

    def lock_schema(self, connection: Connection) -> None:
        """Nothing more to do: who changes a schema holds the lock of those who write, as all who open one do."""

    def table_names(self, connection: Connection) -> set[str]:
        rows = connection.execute(sql_text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        return {row[0] for row in rows}

    def upsert(self, table: Table) -> Insert:
        statement = postgresql.insert(table).values({each.name: bindparam(each.name) for each in table.c})
        keys = {each.name for each in table.primary_key}
        new = {name: value for name, value in statement.excluded.items() if name not in keys}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new)

    def contains(self, text: ColumnElement[str], part: str) -> ColumnElement[bool]:
        """Of ASCII ``ILIKE`` knows the case; of the rest a server knows it by its locale, or does not.

        So Python says which letters are the same, as it does for SQLite. A part that is too long for that is looked
        for as it stands.
        """
        if part.isascii():
            escaped = encode_text(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return text.ilike(f"%{escaped}%", escape="\\")
        if len(part) > LONGEST:
            return func.strpos(text, encode_text(part)) > 0
        return text.regexp_match(pattern_of(encode_text(part)))

    def order(self, value: ColumnElement[Any], *, descending: bool) -> UnaryExpression[Any]:
        return value.desc().nulls_last() if descending else value.asc().nulls_last()

    def metric(self, metrics: ColumnElement[str], name: str) -> ColumnElement[float]:
        if encode_text(name) != name:
            return cast(null(), Double)
        pair = cast(metrics, JSON)[name]
        native, score = (cast(pair[place].as_string(), Double) for place in (1, 0))
        return func.coalesce(native, score)

    def is_refusal(self, error: BaseException | None) -> bool:
        return is_refusal(error)

    def explain(self, error: BaseException | None) -> StoreError:
        said = " ".join(str(error).split())
        if self.password:
            said = said.replace(self.password, "…")
        meaning = meaning_of(error)
        return StoreError(meaning.format(place=self.place, seconds=f"{self.busy_timeout:g}", said=said))


def _begin(connection: Connection) -> None:
    access = connection.get_execution_options().get(ACCESS, Access.READ)
    connection.connection.cursor().execute(_BEGIN[access])


def _driver() -> ModuleType:
    try:
        import psycopg  # an extra
    except ImportError as error:
        raise UsageError(NOT_INSTALLED) from error
    return psycopg


def _joined(value: Any) -> str:
    """Several hosts are written as several options in a URL, and with commas for libpq."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _shown(url: URL) -> str:
    options = {name: value for name, value in url.query.items() if name in _SHOWN_OPTIONS}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, options)
    return shown.render_as_string(hide_password=True)


def _pool_size(url: URL) -> int:
    said = str(url.query.get("pool_size", "10"))
    if not said.isdecimal() or int(said) < _FEWEST:
        raise UsageError(f"pool_size={said} in the store's URL is not a number of connections; {_FEWEST} or more")
    return int(said)


# One commits, one reads in batches, one writes what was read.
_FEWEST = 3


def _milliseconds(seconds: float) -> int:
    """As PostgreSQL counts it, where 0 is to wait for ever."""
    return max(1, round(seconds * 1000)) if math.isfinite(seconds) else 0
