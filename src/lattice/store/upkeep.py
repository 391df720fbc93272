"""How a database fares as a whole: its size, whether it is sound, and giving room back that it does not use.

What each kind of database has for that stands here and not with the dialects: no other work needs it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from lattice.core.errors import StoreError, UsageError
from lattice.store.database import Database
from lattice.store.dialects import SQLite, dialect_of
from lattice.store.migrating import revision_of
from lattice.store.schema import evaluations, runs

_LOOK_EVERY = 20_000
"""Steps of SQLite's machine between two looks at the clock: a few milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSize:
    """How much room a store takes, in bytes.

    Parameters
    ----------
    data: tables and indices, with the room inside that is free.
    log: what was committed and not yet moved into the file; 0 where the database does not tell.
    unused: within `data`, to be filled again by what comes.
    """

    data: int
    log: int = 0
    unused: int = 0

    @property
    def total(self) -> int:
        return self.data + self.log


def schema_at(url: str) -> str | None:
    """The schema of the store at a URL, which is left as it is; None where there is no store yet.

    Raises
    ------
    UsageError: no store can be there.
    StoreError: it cannot be read.
    """
    dialect = dialect_of(url)
    if isinstance(dialect, SQLite) and not dialect.path.exists():
        return None
    database = Database(dialect)
    try:
        with database.read() as connection:
            return revision_of(database, connection)
    finally:
        database.close()


class Upkeep:
    """The database as a file, or as a server keeps it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def place(self) -> str:
        """Where the store is, without secrets."""
        return self._database.dialect.place

    @property
    def file(self) -> Path | None:
        """The file that the store is; None where a server keeps it."""
        dialect = self._database.dialect
        return dialect.path if isinstance(dialect, SQLite) else None

    def size(self) -> StoreSize:
        """How much room it takes now."""
        with self._database.read() as connection:
            if self.file is None:
                return StoreSize(data=_number(connection, "SELECT pg_database_size(current_database())"))
            page = _number(connection, "PRAGMA page_size")
            pages, free = _number(connection, "PRAGMA page_count"), _number(connection, "PRAGMA freelist_count")
        return StoreSize(data=page * pages, log=_bytes_of(f"{self.file}-wal"), unused=page * free)

    def largest_runs(self, most: int) -> list[tuple[str, int]]:
        """The runs with the most results, as ``SLUG#3``, and how many they have."""
        largest = (
            select(evaluations.c.slug, runs.c.number, runs.c.done)
            .join(evaluations, evaluations.c.key == runs.c.evaluation_key)
            .where(runs.c.deleted_at.is_(None), runs.c.done > 0)
            .order_by(runs.c.done.desc(), runs.c.key.desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return [(f"{row.slug}#{row.number}", row.done) for row in connection.execute(largest)]

    def check(self, patience: float) -> list[str] | None:
        """What is wrong with the file, as SQLite's quick check tells; None where that takes too long to be told.

        A server checks its own files: there is nothing to find then.

        Parameters
        ----------
        patience: seconds.
        """
        if self.file is None:
            return []
        until = time.monotonic() + patience
        with self._database.read() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.set_progress_handler(lambda: time.monotonic() > until, _LOOK_EVERY)
            try:
                found = [str(row[0]) for row in driver.execute("PRAGMA quick_check(3)")]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    return None
                raise
            finally:
                driver.set_progress_handler(None, 0)
        return [] if found == ["ok"] else found

    def check_writable(self) -> None:
        """Take the write lock for a moment.

        Raises
        ------
        StoreError: it cannot be had.
        """
        with self._database.write():
            pass

    def compact(self) -> None:
        """Give the room that is free inside the file back to the disk, which rewrites the file.

        Raises
        ------
        UsageError: a server keeps the store, and sees to that itself.
        StoreError: somebody else uses the file, or the disk has no room for a second one while it is rewritten.
        """
        if self.file is None:
            raise UsageError("--compact is for stores that are a file: PostgreSQL sees to its room itself")
        with self._database.connection() as connection, self._database.cursor(connection) as cursor:
            cursor.execute("PRAGMA busy_timeout")
            (patience,) = cursor.fetchone() or (0,)
            cursor.execute("PRAGMA busy_timeout=0")
            try:
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise StoreError(_IN_USE.format(place=self.place)) from error
                raise
            finally:
                cursor.execute(f"PRAGMA busy_timeout={patience}")


_IN_USE = (
    "the store {place} cannot be made smaller while another process writes to it; nothing is lost: what was deleted "
    "is filled again, or wait until no run goes on and give --compact again"
)


def _number(connection: Connection, query: str) -> int:
    return int(connection.exec_driver_sql(query).scalar_one())


def _bytes_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
