"""Artifacts: snapshots of runs, each the portable file itself, in a folder beside the store.

That folder is ``.lattice/artifacts/`` in a workspace, and ``artifacts/`` beside a SQLite file that is named by URL.
Nothing but the files says what there is: one that is copied into the folder is an artifact.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from lattice.core.errors import NotFound, UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.atomic import written_whole
from lattice.reporting.exports import STDOUT, export, format_for
from lattice.reporting.snapshots.documents import JsonFile, looks_like_export
from lattice.reporting.snapshots.identity import record_of
from lattice.reporting.snapshots.manifest import INPUTS, MANIFEST, Manifest
from lattice.reporting.snapshots.opening import LatticeFile
from lattice.reporting.snapshots.verification import Verification, damage, summed_up, verify
from lattice.service.conclusion import Conclusion
from lattice.service.reading import reference_of, source_of
from lattice.service.restoring import restore_run
from lattice.service.workspace import create_folder, find_folder
from lattice.store import Store, open_store

ENDING = ".lattice"
FOLDER = "artifacts"

_FORMAT = "lattice"
_SQLITE = "sqlite:///"
_NAME = re.compile(r"[^\W_][\w.+-]{0,119}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MOST_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A saved snapshot of a run.

    Parameters
    ----------
    size: bytes on the disk.
    manifest: what it says of itself: the run, when it was saved, a hash of each member; None where it cannot be read.
    problem: why not.
    """

    name: str
    path: Path
    size: int
    manifest: Manifest | None = None
    problem: str | None = None


def artifact_folder(url: str, start: Path) -> Path:
    """Where the artifacts of a store lie; the folder comes with the first of them.

    Parameters
    ----------
    url: of the store, as `lattice.service.workspace.store_url` gives it.
    start: the working directory; a store that is no file has its artifacts in the workspace around it.

    Raises
    ------
    StoreError: there is no workspace and none can be made.
    """
    if url.startswith(_SQLITE):
        return Path(url.removeprefix(_SQLITE).partition("?")[0]).parent / FOLDER
    return (find_folder(start) or create_folder(start)) / FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRun:
    """What an artifact says of its run: as it was, with its numbers and verdicts, and the first of its errors."""

    record: RunRecord
    conclusion: Conclusion
    errors: tuple[Mapping[str, Any], ...]


def saved_run(file: LatticeFile, errors: int = 0) -> SavedRun:
    """Read a run out of an artifact without putting it into any workspace.

    Parameters
    ----------
    errors: how many of them at most.

    Raises
    ------
    UsageError: the file does not hold what it should.
    """
    record = record_of(file.run, file.configuration, file.manifest.lines(INPUTS))
    stored = record.summary
    conclusion = Conclusion(summary=summed_up(file)) if stored is None else Conclusion.from_json(stored)
    return SavedRun(record=record, conclusion=conclusion, errors=tuple(islice(file.errors(), errors)))


def save_artifact(store: Store, record: RunRecord, folder: Path, name: str | None = None) -> Artifact:
    """Save a run as it is now. What becomes of the run later does not touch the artifact.

    Parameters
    ----------
    name: a file name without an ending; the evaluation's slug, the run's number and revision if absent.

    Raises
    ------
    UsageError: the run is going on or has not begun, the name is taken or none for a file.
    """
    _check_ended(record)
    chosen = default_name(record) if name is None else _checked_name(name)
    _refuse_taken(folder, chosen)
    path = _path(folder, chosen)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from None
    with written_whole(path) as stream:
        format_for(path.name).write(source_of(store, record), stream)
        if _changed(record, store.run(record.key)):
            raise UsageError(f"{reference_of(record)} has changed while it was saved; try again")
    return _read(path)


def artifacts(folder: Path) -> list[Artifact]:
    """All of a folder, the one that was saved last first; of each only the manifest is read."""
    if not folder.is_dir():
        return []
    found = [(path.stat().st_mtime_ns, _read(path)) for path in folder.glob(f"*{ENDING}") if path.is_file()]
    return [artifact for _, artifact in sorted(found, key=lambda each: (-each[0], each[1].name))]


def find_artifact(folder: Path, name: str) -> Artifact:
    """One artifact.

    Raises
    ------
    NotFound: there is none of this name; the message says which there are.
    """
    path = _path(folder, name.removesuffix(ENDING))
    if path.parent != folder or not path.is_file():
        names = ", ".join(each.name for each in artifacts(folder)[:5])
        there = f"there are: {names}" if names else "there is none yet; save one with 'lattice artifact save RUN'"
        raise NotFound(f"there is no artifact {name!r}; {there}")
    return _read(path)


@contextmanager
def open_artifact(folder: Path, name: str) -> Iterator[LatticeFile]:
    """An artifact to read from.

    Raises
    ------
    NotFound: there is none of this name.
    UsageError: it cannot be read.
    """
    with LatticeFile(find_artifact(folder, name).path) as file:
        yield file


def remove_artifact(folder: Path, name: str) -> None:
    """Delete an artifact.

    Raises
    ------
    NotFound: there is none of this name.
    """
    find_artifact(folder, name).path.unlink(missing_ok=True)


def verify_file(path: Path) -> Verification:
    """Read all of a file and say what is wrong with it; a file that is refused has that as its one problem."""
    try:
        with LatticeFile(path) as file:
            return verify(file)
    except UsageError as error:
        return Verification(problems=(str(error),))


def export_artifact(path: Path, destination: str, *, format: str | None = None, stdout: IO[bytes]) -> None:
    """Write an artifact to a file, as it is or in any format that runs are exported to.

    Parameters
    ----------
    destination: a path, or ``-`` for `stdout`.

    Raises
    ------
    UsageError: there is no such format, the file cannot be written, or the artifact is damaged.
    """
    chosen = format_for(destination, format)
    if chosen.name != _FORMAT:
        with tempfile.TemporaryDirectory(prefix="lattice-") as folder, open_store(f"{_SQLITE}{folder}/run.db") as store:
            export(source_of(store, import_artifact(store, path)), chosen, destination, stdout=stdout)
    elif destination == STDOUT:
        _copy(path, stdout)
    else:
        with written_whole(Path(destination)) as stream:
            _copy(path, stream)


def is_ours(path: Path) -> bool:
    """Whether a file is a ``.lattice`` file or a JSON export of a run, as far as its name and its beginning tell."""
    return _is_archive(path) or looks_like_export(path)


def import_artifact(store: Store, path: Path) -> RunRecord:
    """Put the run of a ``.lattice`` file or of a JSON export into a workspace; see `restore_run`.

    Raises
    ------
    UsageError: the file is none of both, is damaged, or does not hold a whole run.
    """
    if not _is_archive(path):
        return restore_run(store, JsonFile(path))
    with LatticeFile(path) as file:
        if problems := damage(file):
            raise UsageError(f"{path} is damaged: {'; '.join(problems)}")
        return restore_run(store, file)


def _is_archive(path: Path) -> bool:
    """A zip with a manifest, and whatever is named as one, so that a damaged one is told to be damaged."""
    if path.suffix == ENDING:
        return True
    try:
        with zipfile.ZipFile(path) as file:
            return MANIFEST in file.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def default_name(record: RunRecord) -> str:
    """``support-answers-3``, or ``support-answers-3.1`` once failed trials of it were run again."""
    number = f"{record.number}.{record.revision}" if record.revision else str(record.number)
    slug = record.evaluation_slug
    if len(slug.encode()) > _MOST_BYTES:
        digest = hashlib.sha256(slug.encode()).hexdigest()[:8]
        slug = f"{slug.encode()[: _MOST_BYTES - 9].decode(errors='ignore')}-{digest}"
    return f"{slug}-{number}"


def _check_ended(record: RunRecord) -> None:
    name = reference_of(record)
    if record.status is RunStatus.PENDING:
        raise UsageError(f"{name} has not been run; there is nothing to save")
    if record.status is RunStatus.RUNNING and not record.interrupted:
        raise UsageError(f"{name} is running; save it when it has ended, or stop it with 'lattice cancel {name}'")


def _checked_name(name: str) -> str:
    plain = name.removesuffix(ENDING)
    if not _NAME.fullmatch(plain) or _RESERVED.fullmatch(plain) or len(plain.encode()) > _MOST_BYTES:
        raise UsageError(
            f"{name!r} is no name for an artifact: use letters, digits, dots, dashes and underscores, "
            "a letter or a digit first"
        )
    return plain


def _refuse_taken(folder: Path, name: str) -> None:
    """Case does not tell two names apart: on some file systems it does not tell two files apart either."""
    taken = {path.stem.casefold() for path in folder.glob(f"*{ENDING}")} if folder.is_dir() else set()
    if name.casefold() in taken:
        raise UsageError(
            f"there is an artifact {name!r} already; give this one another --name, "
            f"or remove that one with 'lattice artifact rm {name}'"
        )


def _changed(before: RunRecord, after: RunRecord) -> bool:
    return (before.seq, before.revision, before.status) != (after.seq, after.revision, after.status)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{ENDING}"


def _read(path: Path) -> Artifact:
    size, name = path.stat().st_size, path.name.removesuffix(ENDING)
    try:
        with LatticeFile(path) as file:
            return Artifact(name=name, path=path, size=size, manifest=file.manifest)
    except UsageError as error:
        return Artifact(name=name, path=path, size=size, problem=str(error))


def _copy(path: Path, stream: IO[bytes]) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, stream)
