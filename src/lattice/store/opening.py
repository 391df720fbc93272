"""Opening a store: its URL says where it is, its schema whether this version can work with it."""

from __future__ import annotations

from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.migrating import MIGRATIONS, Migrations, prepare
from lattice.store.store import Store
from lattice.store.times import WallClock, utc_now


def open_store(url: str, *, clock: WallClock = utc_now, migrations: Migrations = MIGRATIONS) -> Store:
    """Open the store at a URL; an empty one is set up and an older one is brought to this version.

    Parameters
    ----------
    url: ``sqlite:///PATH`` (four slashes for an absolute path), with ``?synchronous=full`` to flush every commit to
        the disk; or ``postgresql://USER@HOST/DATABASE``, with libpq's options and ``?pool_size=N``. Either with
        ``?busy_timeout=SECONDS`` to wait longer or shorter than 30 s for other writers.
    clock: tells the present moment in UTC.

    Raises
    ------
    UsageError: the URL names no store that this version can open.
    StoreError: the store was written by a newer version, is damaged, locked, read-only or no store at all.
    """
    database = Database(dialect_of(url))
    try:
        prepare(database, migrations)
        return Store(database, clock)
    except BaseException:
        database.close()
        raise
