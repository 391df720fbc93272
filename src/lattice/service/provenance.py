"""Where a run's code came from: the git commit of its evaluation's folder, kept as tags of the run.

``git.commit`` is the commit that is checked out, ``git.dirty`` is ``true`` where a tracked file differs from it.
A tag that the user gives under one of these names takes its place; outside of a git work tree there are none.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

COMMIT = "git.commit"
DIRTY = "git.dirty"
AT_MOST = 2.0
"""Seconds that git may take; a work tree that it cannot look through in this time is not called clean or dirty."""

# Nothing that a repository configures is run, and its index is not written to.
_SAFELY = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


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
    changed = _answer(git, folder, "status", "--porcelain", "--untracked-files=no")
    return {COMMIT: commit, **({} if changed is None else {DIRTY: "true" if changed else "false"})}


def _is_in_work_tree(folder: Path) -> bool:
    """Without calling git, which is not needed for most folders that are no work tree."""
    start = folder.resolve()
    return any((each / ".git").exists() for each in (start, *start.parents))


def _answer(git: str, folder: Path, *arguments: str) -> str | None:
    """What git says; None where it fails or takes too long."""
    try:
        done = subprocess.run(
            [git, *_SAFELY, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=AT_MOST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
