"""Reading the full JSON export, in bounded memory as Lattice has written it, and whole where it was formatted anew.

Its long lists stand one record a line (`lattice.reporting.exports.parts`). So the lines that open and close lists are
the document without their records, and the rest are records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lattice.core.errors import UsageError
from lattice.reporting.snapshots.identity import KeptRun
from lattice.reporting.snapshots.records import LONGEST_LINE, KeptFile, Section, decoded, exact, parsed

_OPENS = re.compile(rb'"(\w{1,40})":\[\n$')
_FIRST_BYTES = 1 << 16
_TELLING = (b'"config_hash"', b'"inputs_hash"', b'"evaluation"', b'"progress"')
_MOST_WHOLE = 2**30


class Record(NamedTuple):
    """One entry of a long list: the list's key, the number of the line, and its JSON."""

    section: str
    number: int
    text: bytes


def looks_like_export(path: Path) -> bool:
    """Whether a file begins as Lattice's document of a run does; nothing is said of the rest of it."""
    try:
        with path.open("rb") as stream:
            beginning = stream.read(_FIRST_BYTES)
    except OSError:
        return False
    return beginning.lstrip().startswith(b"{") and all(name in beginning for name in _TELLING)


class JsonFile(KeptFile):
    """A JSON export. Nothing of it but one record at a time is in memory, unless somebody has formatted it anew.

    Raises
    ------
    UsageError: it cannot be read, is no export of a run, or of a part of one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lists: Mapping[str, list[Any]] | None = None
        self.document = self._read()
        self._check()

    @cached_property
    def run(self) -> KeptRun:
        return parsed(KeptRun, exact(self.document["run"], f"{self.path}: run"), f"{self.path}: run")

    @property
    def configuration(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["configuration"]
        return found

    def entries(self, section: Section) -> Iterator[tuple[str, Any]]:
        if self._lists is not None:
            for number, data in enumerate(self._lists[section.value], start=1):
                place = f"{self.path}: {section.value} {number}"
                yield place, exact(data, place)
            return
        for record in self._records():
            if record.section == section.value:
                place = f"{self.path}, line {record.number}"
                yield place, decoded(record.text, place)

    def _read(self) -> Mapping[str, Any]:
        """The document, its long lists empty."""
        with _readable(self.path) as stream:
            laid_out = _OPENS.search(stream.readline(LONGEST_LINE)) is not None
        skeleton = b"".join(self._skeleton()) if laid_out else self._whole()
        found = decoded(skeleton, str(self.path))
        if not isinstance(found, dict):
            raise UsageError(f"{self.path} is no export of a run: expected a JSON object")
        if not laid_out:
            self._lists = {each.value: _list(found.pop(each.value, [])) for each in Section}
        return found

    def _whole(self) -> bytes:
        if self.path.stat().st_size > _MOST_WHOLE:
            raise UsageError(f"{self.path} is too large to be read after it was formatted anew; export the run again")
        return self.path.read_bytes()

    def _check(self) -> None:
        document = self.document
        if not isinstance(document.get("run"), dict) or not isinstance(document.get("configuration"), dict):
            raise UsageError(
                f"{self.path} does not hold a whole run; write it with 'lattice export RUN -o FILE.json', "
                "or as a .lattice file"
            )
        if document.get("partial"):
            raise UsageError(f"{self.path} holds a part of a run's results; export it without --where")

    def _skeleton(self) -> Iterator[bytes]:
        for line in self._parted():
            if not isinstance(line, Record):
                yield line

    def _records(self) -> Iterator[Record]:
        for line in self._parted():
            if isinstance(line, Record):
                yield line

    def _parted(self) -> Iterator[bytes | Record]:
        with _readable(self.path) as stream:
            yield from parted(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), str(self.path))


def parted(lines: Iterable[bytes], place: str) -> Iterator[bytes | Record]:
    """The lines of a document that has been written in parts: its own as they are, and the records of its lists.

    Raises
    ------
    UsageError: a line is longer than any record may be.
    """
    section: str | None = None
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise UsageError(f"{place}, line {number}: longer than {LONGEST_LINE:,} bytes")
        if section is None or line.startswith(b"]"):
            opens = _OPENS.search(line)
            section = opens[1].decode() if opens else None
            yield line
        elif text := line.strip().removesuffix(b","):
            yield Record(section, number, text)


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _readable(path: Path) -> Any:
    try:
        return path.open("rb", buffering=1 << 20)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
