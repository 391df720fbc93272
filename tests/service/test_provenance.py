"""Where a run's code came from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lattice.service.provenance import git_tags, tagged


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def committed(folder: Path) -> str:
    (folder / "prompt.md").write_text("one", encoding="utf-8")
    git(folder, "add", "prompt.md")
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


def test_a_clean_work_tree_has_its_commit(work_tree: Path) -> None:
    commit = committed(work_tree)
    assert git_tags(work_tree) == {"git.commit": commit, "git.dirty": "false"}


def test_a_folder_below_belongs_to_the_work_tree(work_tree: Path) -> None:
    commit = committed(work_tree)
    below = work_tree / "evaluations" / "support"
    below.mkdir(parents=True)
    assert git_tags(below)["git.commit"] == commit


def test_a_tracked_file_that_differs_makes_it_dirty_and_an_untracked_one_does_not(work_tree: Path) -> None:
    committed(work_tree)
    (work_tree / "results.csv").write_text("1", encoding="utf-8")
    assert git_tags(work_tree)["git.dirty"] == "false"
    (work_tree / "prompt.md").write_text("two", encoding="utf-8")
    assert git_tags(work_tree)["git.dirty"] == "true"


def test_outside_of_a_work_tree_and_before_the_first_commit_there_is_nothing(tmp_path: Path, work_tree: Path) -> None:
    assert git_tags(tmp_path) == {}
    assert git_tags(work_tree) == {}


def test_nothing_that_a_repository_configures_is_run(work_tree: Path, tmp_path: Path) -> None:
    committed(work_tree)
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n", encoding="utf-8")
    trap.chmod(0o755)
    git(work_tree, "config", "core.fsmonitor", str(trap))
    assert git_tags(work_tree)["git.dirty"] == "false"
    assert not sprung.exists()


def test_a_machine_without_git_has_no_tags(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed(work_tree)
    monkeypatch.setenv("PATH", "")
    assert git_tags(work_tree) == {}


def test_what_a_person_says_stands(work_tree: Path) -> None:
    committed(work_tree)
    tags = tagged({"git.commit": "mine", "team": "search"}, work_tree)
    assert tags == {"git.commit": "mine", "git.dirty": "false", "team": "search"}
