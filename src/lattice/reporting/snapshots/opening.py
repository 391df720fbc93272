"""Reading a ``.lattice`` file, whatever somebody may have put in it.

Nothing is ever unpacked to a disk. Members are streams that are read a line at a time; a zip that lies about sizes,
hides members behind each other or reaches out of its folder is refused before any of them is read.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from lattice.core.errors import UsageError
from lattice.reporting.snapshots import manifest
from lattice.reporting.snapshots.documents import Record, parted
from lattice.reporting.snapshots.identity import KeptRun
from lattice.reporting.snapshots.lines import ErrorLine
from lattice.reporting.snapshots.manifest import MANIFEST, VERSION, Manifest
from lattice.reporting.snapshots.records import LONGEST_LINE, KeptFile, Section, decoded, parsed

MOST_MEMBERS = 100
MOST_BYTES = 100 * 2**30
"""Of all members together, unpacked."""

DENSEST = 500
"""Unpacked bytes for a packed one, in members above `DENSE_FROM` bytes. Texts that repeat a lot reach about 100."""
DENSE_FROM = 64 * 2**20

_MANIFEST_BYTES = 2**20
_AT_ONCE = 2**20
_ENCRYPTED = 0x1
_TYPE, _REGULAR = 0o170000, 0o100000
_MEMBERS: Mapping[Section, str] = {
    Section.INPUTS: manifest.INPUTS,
    Section.RESULTS: manifest.RESULTS,
    Section.RESPONSES: manifest.RESPONSES,
    Section.ATTEMPTS: manifest.ATTEMPTS,
}

T = TypeVar("T")


class LatticeFile(KeptFile):
    """An open file, whose table of contents has been read.

    Raises
    ------
    UsageError: it is no such file, of a later version, or made to do harm.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = _zip_at(path)
        try:
            self._infos = _checked(path, self._zip.infolist())
            self.manifest = self._read_manifest()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def members(self) -> tuple[str, ...]:
        """Names of all members but the manifest."""
        return tuple(name for name in self._infos if name != MANIFEST)

    @cached_property
    def run(self) -> KeptRun:
        return parsed(KeptRun, self.document(manifest.RUN), self.place(manifest.RUN))

    @cached_property
    def configuration(self) -> Mapping[str, Any]:
        found = self.document(manifest.CONFIGURATION)
        if not isinstance(found, dict):
            raise UsageError(f"{self.place(manifest.CONFIGURATION)}: expected a JSON object")
        return found

    def entries(self, section: Section) -> Iterator[tuple[str, Any]]:
        name = _MEMBERS[section]
        for number, line in enumerate(self.lines(name), start=1):
            place = f"{self.place(name)}, line {number}"
            yield place, decoded(line, place)

    def summary(self) -> dict[str, Any]:
        """The run's document, its errors left out."""
        place = self.place(manifest.SUMMARY)
        skeleton = b"".join(line for line in self._summary_lines() if not isinstance(line, Record))
        found = decoded(skeleton, place)
        if not isinstance(found, dict):
            raise UsageError(f"{place}: expected a JSON object")
        return found

    def errors(self) -> Iterator[dict[str, Any]]:
        """The errors of the document, one by one."""
        place = self.place(manifest.SUMMARY)
        for line in self._summary_lines():
            if isinstance(line, Record):
                its_place = f"{place}, line {line.number}"
                yield parsed(ErrorLine, decoded(line.text, its_place), its_place).model_dump()

    def _summary_lines(self) -> Iterator[bytes | Record]:
        return parted(self.lines(manifest.SUMMARY), self.place(manifest.SUMMARY))

    def document(self, name: str) -> Any:
        """A member that is one JSON document."""
        return decoded(self._content(name, LONGEST_LINE), self.place(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """A member line by line."""
        with self._open(name) as stream:
            while line := self._from(name, lambda: stream.readline(LONGEST_LINE + 1)):
                if len(line) > LONGEST_LINE:
                    raise UsageError(f"{self.place(name)}: a line is longer than {LONGEST_LINE:,} bytes")
                yield line

    def content(self, name: str) -> Iterator[bytes]:
        """A member piece by piece."""
        with self._open(name) as stream:
            while piece := self._from(name, lambda: stream.read(_AT_ONCE)):
                yield piece

    def place(self, name: str) -> str:
        """A member as messages name it."""
        return f"{self.path}: {name}"

    def _read_manifest(self) -> Manifest:
        if MANIFEST not in self._infos:
            raise UsageError(f"{self.path} is no .lattice file: it has no {MANIFEST}")
        found = decoded(self._content(MANIFEST, _MANIFEST_BYTES), self.place(MANIFEST))
        if not isinstance(found, dict) or found.get("format") != manifest.FORMAT:
            raise UsageError(f"{self.path} is no .lattice file: its {MANIFEST} is that of something else")
        version = found.get("version")
        if isinstance(version, int) and version > VERSION:
            raise UsageError(f"{self.path} is of version {version}, and this Lattice reads {VERSION}: update it")
        if missing := [name for name in manifest.NEEDED if name not in self._infos]:
            raise UsageError(f"{self.path} is not whole: it has no {', '.join(missing)}")
        return parsed(Manifest, found, self.place(MANIFEST))

    def _content(self, name: str, most: int) -> bytes:
        with self._open(name) as stream:
            content = self._from(name, lambda: stream.read(most + 1))
        if len(content) > most:
            raise UsageError(f"{self.place(name)} has more than {most:,} bytes")
        return content

    def _open(self, name: str) -> IO[bytes]:
        if name not in self._infos:
            raise UsageError(f"{self.path} has no {name}")
        return self._from(name, lambda: self._zip.open(self._infos[name]))

    def _from(self, name: str, read: Callable[[], T]) -> T:
        """What is read of a member; a damaged one says so."""
        try:
            return read()
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UsageError(f"{self.place(name)} is damaged: {error}") from None


def digest_of(pieces: Iterator[bytes]) -> str:
    """SHA-256, as hex."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _zip_at(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UsageError(f"{path} is no .lattice file: {error}") from None


def _checked(path: Path, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Members by name; refused is what no program that means well writes.

    Raises
    ------
    UsageError: see there.
    """
    if len(infos) > MOST_MEMBERS:
        raise UsageError(f"{path} is refused: it has {len(infos)} members")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if reason := _refused(info) or ("there are two of them" if info.filename in found else None):
            raise UsageError(f"{path} is refused: {info.filename!r}: {reason}")
        found[info.filename] = info
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise UsageError(f"{path} is refused: it would unpack to more than {MOST_BYTES // 2**30} GB")
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise UsageError(f"{path} is refused: its members overlap")
    return found


def _refused(info: zipfile.ZipInfo) -> str | None:
    """Why a member is not read at all."""
    name = PurePosixPath(info.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.orig_filename or ":" in info.filename:
        return "a name that reaches out of the file"
    if len(name.parts) != 1 or info.is_dir():
        return "a name with folders"
    kind = info.external_attr >> 16 & _TYPE
    if kind not in (0, _REGULAR):
        return "no regular file"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in another way than deflate"
    if info.file_size > DENSE_FROM and info.file_size > DENSEST * info.compress_size:
        return f"packed {info.file_size // max(1, info.compress_size)} times: a bomb"
    return None
