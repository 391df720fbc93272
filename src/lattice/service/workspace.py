"""The workspace: the folder `.lattice/`, found by walking up as git does, or a store named by URL."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from lattice.core.errors import StoreError, UsageError
from lattice.service.network_files import warning_of
from lattice.store import Store, open_store

FOLDER = ".lattice"
DATABASE = "lattice.db"
VARIABLE = "LATTICE_DB"

_FILE = "sqlite:///"

log = logging.getLogger(__name__)


def find_folder(start: Path) -> Path | None:
    """The nearest `.lattice/` in `start` or above it."""
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    return None


def create_folder(start: Path) -> Path:
    """Make a workspace in `start`, one that git ignores by itself.

    Raises
    ------
    StoreError: the folder cannot be written to.
    """
    folder = start / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"the workspace {folder} cannot be created: {error.strerror}; "
            f"work in a folder you may write to, or name a store with --db or {VARIABLE}"
        ) from error
    return folder


def store_url(db: str | None, environ: Mapping[str, str], start: Path, *, create: bool) -> str:
    """Which store to use: `db`, else ``LATTICE_DB``, else the workspace around `start`.

    Parameters
    ----------
    db: a URL such as ``sqlite:///path`` or ``postgresql://user@host/database``, or a path to a SQLite file.
    create: make a workspace in `start` when there is none.

    Raises
    ------
    UsageError: there is no workspace and none is to be made.
    """
    named = db or environ.get(VARIABLE)
    if named:
        return named if "://" in named else f"sqlite:///{(start / named).resolve()}"
    folder = find_folder(start)
    if folder is None:
        if not create:
            raise UsageError(
                f"there is no workspace here: no {FOLDER} folder in {start} or above it; "
                "it comes with the first 'lattice run FILE' or 'lattice add FILE'"
            )
        folder = create_folder(start)
    return f"sqlite:///{folder / DATABASE}"


def folder_to_keep(base: Path, db: str | None, environ: Mapping[str, str], start: Path) -> str:
    """The folder of an evaluation file as it is kept with a run, so that a resume finds it from anywhere.

    Relative to the folder that holds the workspace, so that both may be moved together; absolute where the store is
    another one.
    """
    workspace = None if db or environ.get(VARIABLE) else find_folder(start)
    if workspace is None:
        return str(base.resolve())
    try:
        return Path(os.path.relpath(base.resolve(), workspace.parent.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(base.resolve())


def kept_folder(folder: str | None, db: str | None, environ: Mapping[str, str], start: Path) -> Path | None:
    """The folder that was kept with a run; None where it is not here, or where there was none."""
    if folder is None:
        return None
    workspace = None if db or environ.get(VARIABLE) else find_folder(start)
    found = Path(folder) if workspace is None else workspace.parent / folder
    return found if found.is_absolute() and found.is_dir() else None


def open_workspace(db: str | None, environ: Mapping[str, str], start: Path, *, create: bool = False) -> Store:
    """Open the store that `store_url` names; parameters and errors as there.

    A file on a network file system is warned about.
    """
    url = store_url(db, environ, start, create=create)
    if url.startswith(_FILE) and (warning := warning_of(Path(url.removeprefix(_FILE).partition("?")[0]))):
        log.warning(warning)
    return open_store(url)
