"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lattice.core.errors import UsageError


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its place when the block ends; an error leaves what was there before.

    It is written beside its place, so that moving it there is one step. What is no regular file (a pipe, a
    device) cannot be replaced and is written as it is.

    Raises
    ------
    UsageError: the folder does not exist, is no folder or cannot be written to, or the path is a folder.
    OSError: writing failed, for want of space for example; its `filename` is the path.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    with _named(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield stream
        else:
            with _replacing(path) as stream:
                yield stream


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What goes wrong while a file is written says which."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    place = path.resolve()
    beside, name = _beside(place)
    try:
        with beside:
            yield beside
            beside.flush()
            os.fsync(beside.fileno())
        os.chmod(name, _mode(place))
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _beside(place: Path) -> tuple[IO[bytes], str]:
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", suffix=".part", dir=place.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{place} cannot be written: {reason}") from error
    return os.fdopen(descriptor, "wb"), name


def _mode(place: Path) -> int:
    """The mode of the file that is replaced, or what a new file would get."""
    if place.exists():
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
