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


def set_trap(folder: Path) -> tuple[str, Path]:
    """A program, and the file that is there once somebody has run it."""
    trap, sprung = folder / "trap", folder / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n", encoding="utf-8")
    trap.chmod(0o755)
    return str(trap), sprung


def spring_with_filter(repository: Path, trap: str) -> None:
    """Let a repository have a filter for each file, and a file that has to be compared."""
    git(repository, "config", "filter.trap.clean", trap)
    (repository / ".gitattributes").write_text("* filter=trap\n", encoding="utf-8")
    (repository / "prompt.md").write_text("two", encoding="utf-8")


@pytest.mark.parametrize("key", ["core.fsmonitor", "core.pager", "alias.status", "diff.external", "core.sshCommand"])
def test_nothing_that_a_repository_configures_is_run(work_tree: Path, tmp_path: Path, key: str) -> None:
    committed(work_tree)
    trap, sprung = set_trap(tmp_path)
    git(work_tree, "config", key, f"!{trap}" if key.startswith("alias") else trap)
    assert git_tags(work_tree)["git.dirty"] == "false"
    assert not sprung.exists()


def test_a_repository_with_a_filter_of_its_own_is_called_neither_clean_nor_dirty(
    work_tree: Path, tmp_path: Path
) -> None:
    commit = committed(work_tree)
    trap, sprung = set_trap(tmp_path)
    spring_with_filter(work_tree, trap)
    assert git_tags(work_tree) == {"git.commit": commit}
    assert not sprung.exists()


def test_a_filter_of_a_submodule_is_not_run_and_its_other_commit_is_a_difference(
    work_tree: Path, tmp_path: Path
) -> None:
    committed(work_tree)
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q")
    committed(origin)
    git(work_tree, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(origin), "part")
    git(work_tree, "commit", "-q", "-m", "two")
    trap, sprung = set_trap(tmp_path)
    spring_with_filter(work_tree / "part", trap)
    assert git_tags(work_tree)["git.dirty"] == "false"
    assert not sprung.exists()
    git(work_tree / "part", "commit", "-q", "--allow-empty", "-m", "three")
    assert git_tags(work_tree)["git.dirty"] == "true"


def test_a_repository_that_lies_in_another_as_a_bare_one_is_not_asked(work_tree: Path, tmp_path: Path) -> None:
    committed(work_tree)
    inner = work_tree / "inner"
    git(work_tree, "init", "-q", "--bare", str(inner))
    trap, sprung = set_trap(tmp_path)
    git(inner, "config", "core.fsmonitor", trap)
    assert git_tags(inner) == {}
    assert not sprung.exists()


def test_within_a_hook_of_another_repository_the_folder_counts(
    work_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = committed(work_tree)
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    assert git_tags(work_tree) == {"git.commit": commit, "git.dirty": "false"}


def test_a_linked_work_tree_has_the_commit_that_is_checked_out_there(work_tree: Path, tmp_path: Path) -> None:
    commit = committed(work_tree)
    git(work_tree, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    git(work_tree, "commit", "-q", "--allow-empty", "-m", "two")
    assert git_tags(tmp_path / "linked") == {"git.commit": commit, "git.dirty": "false"}


def test_a_machine_without_git_has_no_tags(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed(work_tree)
    monkeypatch.setenv("PATH", "")
    assert git_tags(work_tree) == {}


def test_what_a_person_says_stands(work_tree: Path) -> None:
    committed(work_tree)
    tags = tagged({"git.commit": "mine", "team": "search"}, work_tree)
    assert tags == {"git.commit": "mine", "git.dirty": "false", "team": "search"}
