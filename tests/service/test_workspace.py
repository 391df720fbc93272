"""Where the store is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lattice.core.errors import StoreError, UsageError
from lattice.service.workspace import (
    create_folder,
    find_folder,
    folder_to_keep,
    kept_folder,
    open_workspace,
    store_url,
)


def test_the_nearest_workspace_above_is_found(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_folder(below) is None
    outer = create_folder(tmp_path)
    assert find_folder(below) == outer == tmp_path / ".lattice"
    inner = create_folder(tmp_path / "a")
    assert find_folder(below) == inner


def test_a_new_workspace_ignores_itself_in_git_and_an_old_one_stays(tmp_path: Path) -> None:
    folder = create_folder(tmp_path)
    ignore = folder / ".gitignore"
    assert ignore.read_text(encoding="utf-8") == "*\n"
    ignore.write_text("mine\n", encoding="utf-8")
    create_folder(tmp_path)
    assert ignore.read_text(encoding="utf-8") == "mine\n"


def test_a_workspace_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".lattice").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be created: .*; work in a folder you may write to, or name a store"):
        create_folder(tmp_path)


def test_an_option_goes_before_the_variable_and_both_before_the_folder(tmp_path: Path) -> None:
    create_folder(tmp_path)
    environ = {"LATTICE_DB": "sqlite:////from/variable.db"}
    assert store_url("sqlite:////from/option.db", environ, tmp_path, create=False) == "sqlite:////from/option.db"
    assert store_url(None, environ, tmp_path, create=False) == "sqlite:////from/variable.db"
    assert store_url(None, {}, tmp_path, create=False) == f"sqlite:///{tmp_path}/.lattice/lattice.db"


def test_a_path_stands_for_a_sqlite_file(tmp_path: Path) -> None:
    assert store_url("runs/my.db", {}, tmp_path, create=False) == f"sqlite:///{tmp_path}/runs/my.db"


def test_reading_makes_no_workspace_and_running_does(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no workspace here: .*'lattice run FILE'"):
        open_workspace(None, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with open_workspace(None, {}, tmp_path, create=True) as store:
        assert store.runs() == []


def test_a_runs_folder_is_kept_relative_to_its_workspace_so_that_both_can_move(tmp_path: Path) -> None:
    here, moved = tmp_path / "here", tmp_path / "moved"
    (here / "evaluations" / "rag").mkdir(parents=True)
    create_folder(here)
    kept = folder_to_keep(here / "evaluations" / "rag", None, {}, here / "evaluations")
    assert kept == "evaluations/rag"
    here.rename(moved)
    assert kept_folder(kept, None, {}, moved) == moved / "evaluations" / "rag"
    assert kept_folder(kept, None, {}, moved / "evaluations" / "rag") == moved / "evaluations" / "rag"


def test_with_another_store_a_runs_folder_is_kept_whole(tmp_path: Path) -> None:
    create_folder(tmp_path)
    folder = tmp_path / "rag"
    folder.mkdir()
    for db, environ in (("sqlite:///x.db", {}), (None, {"LATTICE_DB": "sqlite:///x.db"})):
        kept = folder_to_keep(folder, db, environ, tmp_path)
        assert kept == str(folder)
        assert kept_folder(kept, db, environ, tmp_path / "elsewhere") == folder


def test_a_folder_that_is_not_here_is_none(tmp_path: Path) -> None:
    create_folder(tmp_path)
    assert kept_folder("gone", None, {}, tmp_path) is None
    assert kept_folder(None, None, {}, tmp_path) is None
    assert kept_folder("rag", "sqlite:///x.db", {}, tmp_path) is None
