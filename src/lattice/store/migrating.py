"""Bringing a store to this version's schema when it is opened.

A store that is up to date costs one query. An empty one gets the tables as `lattice.store.schema` has them;
an older one goes through the migrations in ``migrations/versions``, which end at the same tables. Both happen
in one transaction that holds the write lock, so that two processes may open a store for the first time at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from lattice.core.errors import StoreError
from lattice.store.database import Database
from lattice.store.schema import metadata, schema_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """The way from any earlier schema to the present one.

    Parameters
    ----------
    folder: Alembic's script location.
    revisions: all of them, oldest first; the last is the schema of this version.
    """

    folder: Path
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.revisions[-1]


MIGRATIONS = Migrations(
    folder=Path(__file__).with_name("migrations"), revisions=("0001", "0002", "0003", "0004", "0005")
)


def prepare(database: Database, migrations: Migrations = MIGRATIONS) -> None:
    """Make sure that the store has this version's schema.

    Raises
    ------
    StoreError: it was written by a newer version, it is no store of Lattice, or it cannot be changed.
    """
    with database.read() as connection:
        found = revision_of(database, connection)
    if found == migrations.head:
        return
    with database.write() as connection:
        database.dialect.lock_schema(connection)
        _change(database, connection, migrations)


def _change(database: Database, connection: Connection, migrations: Migrations) -> None:
    found = revision_of(database, connection)
    if found == migrations.head:
        return
    place = database.dialect.place
    if found is not None and found not in migrations.revisions:
        raise StoreError(
            f"the store {place} was written by a newer version of Lattice (schema {found}; this version knows "
            f"{migrations.head}); upgrade with: pip install --upgrade lattice-evals"
        )
    if found is None and (strange := sorted(database.dialect.table_names(connection))):
        raise StoreError(f"{place} is a database of something else (table {strange[0]}); name another with --db")
    if found is None and migrations is MIGRATIONS:
        metadata.create_all(connection, checkfirst=False)
        schema_version.create(connection)
        connection.execute(insert(schema_version).values(version_num=migrations.head))
        return
    upgrade(connection, migrations)


def upgrade(connection: Connection, migrations: Migrations = MIGRATIONS) -> None:
    """Run the migrations that the store lacks, in the transaction that is open on `connection`."""
    from alembic import command  # heavy, and needed only once per store and version
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, migrations.head)


def revision_of(database: Database, connection: Connection) -> str | None:
    """The schema that a store has; None where it has none of Lattice's."""
    if schema_version.name not in database.dialect.table_names(connection):
        return None
    return connection.execute(select(schema_version.c.version_num)).scalar()
