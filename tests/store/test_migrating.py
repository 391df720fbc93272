"""Every store ends with this version's schema, or says why it cannot."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.store.making import make_run

from lattice.core.errors import StoreError
from lattice.store import open_store
from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.migrating import MIGRATIONS, Migrations, upgrade
from lattice.store.schema import metadata

ROOT = Path(__file__).parents[2]
PARTS = re.compile(r",\s|\(\s*\n")

NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{MIGRATIONS.head}"

def upgrade():
    op.add_column("runs", sa.Column("mood", sa.Text(), server_default="calm", nullable=False))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lattice.db"


def statements(path: Path) -> dict[str, list[str]]:
    """The tables and indices, whose columns and constraints may stand in any order."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: sorted(part.strip(" ,)\n\t") for part in PARTS.split(sql)) for name, sql in rows}


def test_migrating_from_empty_gives_the_schema(path: Path, tmp_path: Path) -> None:
    migrated = Database(dialect_of(f"sqlite:///{path}"))
    with migrated.write() as connection:
        upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated.close()
    open_store(f"sqlite:///{tmp_path}/made.db").close()
    assert statements(path) == statements(tmp_path / "made.db")


def test_every_revision_has_its_migration() -> None:
    files = sorted((MIGRATIONS.folder / "versions").glob("v*.py"))
    assert tuple(file.name[1:5] for file in files) == MIGRATIONS.revisions


def test_an_older_store_is_migrated_and_keeps_what_it_has(path: Path, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{path}") as store:
        run = make_run(store)
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS.folder, folder)
    (folder / "versions" / "v9999_mood.py").write_text(NEXT)
    newer = Migrations(folder=folder, revisions=(*MIGRATIONS.revisions, "9999"))
    with open_store(f"sqlite:///{path}", migrations=newer) as store:
        assert store.run(run.key) == run
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT mood, version_num FROM runs, alembic_version").fetchall() == [
            ("calm", "9999")
        ]
    newest = rf"written by a newer version of Lattice \(schema 9999; .* {MIGRATIONS.head}\); upgrade"
    with pytest.raises(StoreError, match=newest):
        open_store(f"sqlite:///{path}")


def test_a_migration_that_fails_leaves_the_store_as_it_was(path: Path, tmp_path: Path) -> None:
    open_store(f"sqlite:///{path}").close()
    before = statements(path)
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS.folder, folder)
    (folder / "versions" / "v9999_broken.py").write_text(NEXT + "    op.drop_table('absent')\n")
    with pytest.raises(StoreError, match="no such table: absent"):
        open_store(f"sqlite:///{path}", migrations=Migrations(folder=folder, revisions=(*MIGRATIONS.revisions, "9999")))
    assert statements(path) == before


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match=r"is a database of something else \(table recipes\)"):
        open_store(f"sqlite:///{path}")
    assert list(statements(path)) == ["recipes"]


OPENING = """
import sys
from lattice.store import open_store
sys.stdin.readline()
print(len(open_store(sys.argv[1]).evaluations()), "alembic" in sys.modules)
"""


def test_processes_may_open_a_store_for_the_first_time_at_once(path: Path) -> None:
    command = [sys.executable, "-c", OPENING, f"sqlite:///{path}"]
    opening = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    assert [process.communicate("\n")[0].strip() for process in opening] == ["0 False"] * 3
    assert "runs" in statements(path)
