"""``.eval`` files: zip archives with ``header.json`` and ``samples/*.json``.

Those of evaluations that were not finished have ``_journal/start.json`` in place of the header.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lattice.importers.documents import parse_json
from lattice.importers.records import ImportProblem

_SAMPLE = re.compile(r"^samples/[^/]+\.json$")
_HEADERS = ("header.json", "_journal/start.json")
_LARGEST_MEMBER = 256 * 1024 * 1024
_LARGEST_WHOLE = 4 * 1024 * 1024 * 1024
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, NotImplementedError)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive that holds a log."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return path.suffix == ".eval" and path.is_file()
    return path.suffix == ".eval" or bool(names & set(_HEADERS))


class Archive:
    """A log in an archive; samples are read one by one.

    Raises
    ------
    ImportProblem: it is no archive, or holds no log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            raise ImportProblem(f"{path}: not a readable archive: {error}") from None
        self._left = _LARGEST_WHOLE

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def header(self) -> tuple[Any, str]:
        """Everything but the samples, and its place."""
        names = set(self._zip.namelist())
        name = next((name for name in _HEADERS if name in names), None)
        if name is None:
            raise ImportProblem(f"{self._path}: no log: there is no header.json in it")
        return self._read(name), self._place(name)

    def samples(self) -> Iterator[tuple[Any, str]]:
        """Each sample with its place, in the order of their names."""
        for name in sorted(name for name in set(self._zip.namelist()) if _SAMPLE.match(name)):
            yield self._read(name), self._place(name)

    def _place(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _read(self, name: str) -> Any:
        try:
            size = self._zip.getinfo(name).file_size
            self._left -= size
            if size > _LARGEST_MEMBER or self._left < 0:
                raise ImportProblem(f"{self._place(name)}: unpacked it is too large to be imported")
            with self._zip.open(name) as member:
                content = member.read(size + 1)
        except _UNREADABLE as error:
            method = self._zip.getinfo(name).compress_type
            hint = "; convert it with: inspect log convert --to json" if method not in (0, 8, 12, 14) else ""
            raise ImportProblem(f"{self._place(name)}: cannot be unpacked: {error}{hint}") from None
        return parse_json(content, self._place(name))
