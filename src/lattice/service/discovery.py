"""Evaluation files in a folder and below it, and taking one of them into the workspace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lattice.config import load
from lattice.config.slug import slug
from lattice.core.errors import InvalidEvaluation, NotFound, Problem, UsageError
from lattice.service.launching import Place
from lattice.service.preparation import hash_of
from lattice.store import Store

DEEPEST = 3
MOST_FILES = 400
MOST_FOLDERS = 4000
LARGEST = 1_000_000
SLOWEST = 300
_ENDINGS = (".yaml", ".yml", ".json")
_PASSED_OVER = frozenset({"node_modules", "venv", "site-packages", "__pycache__", "build", "dist"})
# Both are required keys; looking for them first spares reading every YAML file of a project as YAML.
_LOOKS_LIKE_ONE = (re.compile(rb"""^["']?\{?\s*["']?targets["']?\s*:""", re.MULTILINE), re.compile(rb"inputs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """An evaluation file.

    Parameters
    ----------
    path: relative to the folder that was searched.
    name: of the evaluation; None where the file is not valid.
    known: the workspace has this very configuration already.
    problems: why it cannot be used.
    """

    path: str
    name: str | None = None
    known: bool = False
    problems: tuple[Problem, ...] = ()


def evaluation_files(store: Store, folder: Path) -> list[FoundFile]:
    """Evaluation files in `folder` and at most three folders down, those not in the workspace first."""
    ids = {row.slug: row.id for row in store.evaluations()}
    found = []
    for path in _candidates(folder):
        shown = path.relative_to(folder).as_posix()
        try:
            evaluation = load(path).evaluation
        except InvalidEvaluation as error:
            found.append(FoundFile(path=shown, problems=error.problems))
            continue
        known = _is_known(store, ids.get(slug(evaluation.name)), hash_of(evaluation))
        found.append(FoundFile(path=shown, name=evaluation.name, known=known))
    return sorted(found, key=lambda each: (each.known, each.path))


def add_file(place: Place, path: str) -> str:
    """Take a file into the workspace as ``lattice add`` does, in a process of its own: checking it may load functions.

    Parameters
    ----------
    path: as `evaluation_files` gave it.

    Returns
    -------
    The slug of the evaluation.

    Raises
    ------
    NotFound: no evaluation file of the working folder has this path.
    UsageError: it cannot be run; the message says why.
    """
    _carried_out(place, path, ["add"])
    return slug(load(place.folder / path).evaluation.name)


def schedule_file(place: Place, path: str, *, cron: str, timezone: str) -> str:
    """Put the schedule of a file in force as ``lattice schedule add`` does, in the same way.

    Parameters
    ----------
    path: as `evaluation_files` gave it.
    cron, timezone: empty for what the file says.

    Returns
    -------
    The slug of the evaluation.

    Raises
    ------
    NotFound: no evaluation file of the working folder has this path.
    UsageError: it cannot be run, or the schedule is none; the message says why.
    """
    given = [f"--{name}={value}" for name, value in (("cron", cron), ("timezone", timezone)) if value.strip()]
    _carried_out(place, path, ["schedule", "add", *given])
    return slug(load(place.folder / path).evaluation.name)


def _carried_out(place: Place, path: str, arguments: list[str]) -> None:
    """Call a command with one of the files that are found, and nothing else."""
    if path not in {each.relative_to(place.folder).as_posix() for each in _candidates(place.folder)}:
        raise NotFound(f"there is no evaluation file {path!r} in {place.folder}")
    # A file may be called like an option; behind the two dashes it is none.
    command = [sys.executable, "-m", "lattice", *arguments, *(["--db", place.db] if place.db else []), "--", path]
    try:
        done = subprocess.run(
            command, cwd=place.folder, env=dict(place.environ), capture_output=True, timeout=SLOWEST, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{path} was not read within {SLOWEST} seconds; add it with: lattice add {path}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise UsageError(said.rpartition("Error: ")[2] or f"{path} could not be added")


def _is_known(store: Store, evaluation_id: str | None, config_hash: str) -> bool:
    if evaluation_id is None:
        return False
    return any(version.config_hash == config_hash for version in store.versions(evaluation_id))


def _candidates(folder: Path) -> Iterator[Path]:
    left = MOST_FILES
    for number, (base, folders, files) in enumerate(os.walk(folder)):
        if number >= MOST_FOLDERS:
            return
        depth = len(Path(base).relative_to(folder).parts)
        folders[:] = [] if depth >= DEEPEST else sorted(each for each in folders if _is_searched(each))
        for name in sorted(files):
            if not name.lower().endswith(_ENDINGS):
                continue
            left -= 1
            if left < 0:
                return
            path = Path(base, name)
            if _is_evaluation(path):
                yield path


def _is_searched(name: str) -> bool:
    return not name.startswith(".") and name not in _PASSED_OVER


def _is_evaluation(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return False
        text = path.read_bytes()
    except OSError:
        return False
    return all(pattern.search(text) for pattern in _LOOKS_LIKE_ONE) or (
        path.suffix.lower() == ".json" and b'"targets"' in text and b'"inputs"' in text
    )
