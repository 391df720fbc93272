"""Where a store may be, and what its refusals say."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.store.making import make_run

from lattice.core.errors import LatticeError, StoreError, UsageError
from lattice.store import open_store

NOBODY = 65534


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "'nonsense' is not the URL of a store; write sqlite:///PATH"),
        ("mysql://host/db", "stores of type mysql are not available"),
        ("sqlite://", "a store needs a file"),
        ("sqlite:///:memory:", "a store needs a file"),
        ("sqlite:///x.db?sync=full", "unknown option in the store's URL: sync; there are busy_timeout, synchronous"),
        ("sqlite:///x.db?synchronous=off", "synchronous=off in the store's URL; there are normal, full, extra"),
        ("sqlite:///x.db?busy_timeout=long", "busy_timeout=long in the store's URL is not a number"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_store(url)


@pytest.mark.parametrize(("option", "level"), [("", 1), ("?synchronous=full", 2), ("?synchronous=EXTRA", 3)])
def test_the_url_says_how_safely_commits_are_written(tmp_path: Path, option: str, level: int) -> None:
    with open_store(f"sqlite:///{tmp_path}/a.db{option}") as store, store._database.read() as connection:
        asked = ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == [level, "wal", 1, 30_000]


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "50% of ä?#&"
    folder.mkdir()
    with open_store(f"sqlite:///{str(folder).replace('%', '%25').replace('?', '%3F')}/a.db") as store:
        make_run(store)
    assert (folder / "a.db").exists()


def test_a_file_of_something_else_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"Dear diary, " * 100)
    with pytest.raises(StoreError, match=r"a\.db is not a store of Lattice"):
        open_store(f"sqlite:///{tmp_path}/a.db")


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_store(f"sqlite:///{path}").close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with (
        pytest.raises(StoreError, match="is damaged; restore it from a copy"),
        open_store(f"sqlite:///{path}") as store,
    ):
        make_run(store)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened; its folder must exist"):
        open_store(f"sqlite:///{tmp_path}/nowhere/a.db")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach."""
    made = Path(tempfile.mkdtemp(prefix="lattice-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def without_rights(work: Callable[[], str]) -> str:
    """What `work` says in a process that may write only what everybody may."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child uses none of the parent's threads
        child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(NOBODY)
        try:
            said = work()
        except LatticeError as error:
            said = str(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_read_only_store_is_read_and_says_that_it_is_read_only(folder: Path) -> None:
    url = f"sqlite:///{folder}/a.db"
    with open_store(url) as store:
        run = make_run(store)
    (folder / "a.db").chmod(0o444)
    folder.chmod(0o555)

    def read() -> str:
        with open_store(url) as store:
            return store.find_run("latest").id

    def write() -> str:
        with open_store(url) as store:
            store.claim(run.key)
        return "claimed"

    assert without_rights(read) == run.id
    assert "a.db is read-only; make file and folder writable" in without_rights(write)


def test_a_store_cannot_be_made_in_a_read_only_folder(folder: Path) -> None:
    folder.chmod(0o555)

    def make() -> str:
        open_store(f"sqlite:///{folder}/a.db").close()
        return "made"

    said = without_rights(make)
    assert "a.db cannot be opened" in said
