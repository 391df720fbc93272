"""Where a run's code came from: the git commit of its evaluation's folder, kept as tags of the run.

``git.commit`` is the commit that is checked out, ``git.dirty`` is ``true`` where a tracked file differs from it.
A tag that the user gives under one of these names takes its place; outside of a git work tree there are none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

COMMIT = "git.commit"
DIRTY = "git.dirty"
AT_MOST = 2.0
"""Seconds that git may take; a work tree that it cannot look through in this time is not called clean or dirty."""

# No program that a repository configures is run, nothing is fetched, and its index is not written to.
_SAFELY = (
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "safe.bareRepository=explicit",
)
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
# Within a hook of git these name the repository of the hook, which need not be that of the folder.
_OF_ANOTHER = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
_OWN_SCOPES = ("local", "worktree")


def tagged(tags: Mapping[str, str] | None, folder: Path) -> dict[str, str]:
    """The tags of a new run: those of git, and those that were given."""
    return {**git_tags(folder), **(tags or {})}


def git_tags(folder: Path) -> dict[str, str]:
    """``git.commit`` and ``git.dirty`` of a folder; nothing where it is in no work tree, or git is not there."""
    if not _is_in_work_tree(folder) or (git := shutil.which("git")) is None:
        return {}
    commit = _answer(git, folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return {}
    changed = _changes(git, folder)
    return {COMMIT: commit, **({} if changed is None else {DIRTY: "true" if changed else "false"})}


def _is_in_work_tree(folder: Path) -> bool:
    """Without calling git, which is not needed for most folders that are no work tree."""
    start = folder.resolve()
    try:
        return any((each / ".git").exists() for each in (start, *start.parents))
    except OSError:
        return False


def _changes(git: str, folder: Path) -> str | None:
    """What git says of tracked files that differ; None where it cannot be told safely.

    To compare a file, git runs the filter that it has. One of the user's own configuration, such as that of Git LFS,
    may run; where the repository itself configures one, nothing is compared. Nor is git run within submodules, each of
    which has a configuration of its own: their checked out commits count, their files do not.
    """
    filters = _answer(git, folder, "config", "--show-scope", "--name-only", "--get-regexp", r"^filter\..", nothing=1)
    if filters is None or any(line.startswith(_OWN_SCOPES) for line in filters.splitlines()):
        return None
    return _answer(git, folder, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty")


def _answer(git: str, folder: Path, *arguments: str, nothing: int = 0) -> str | None:
    """What git says; None where it fails or takes too long.

    Parameters
    ----------
    nothing: the exit code that, beside 0, says that there is nothing to say.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    try:
        done = subprocess.run(
            [git, *_SAFELY, "-C", str(folder), *arguments],
            stdout=subprocess.PIPE,
            # Not a pipe: what git has started could hold it open once git is stopped.
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={**kept, **_OFFLINE},
            text=True,
            errors="replace",
            timeout=AT_MOST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode in (0, nothing) else None
