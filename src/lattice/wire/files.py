"""Files that an evaluation refers to: read as UTF-8, and named helpfully when they are not there."""

from __future__ import annotations

import difflib
from pathlib import Path

from lattice.core.errors import LatticeError


class UnreadableFile(LatticeError):
    """A file cannot be read.

    Parameters
    ----------
    message: why, without the path.
    hint: the existing file with the closest name, or how to mend the file.
    line: 1-based line where the trouble is, if it has one.
    """

    def __init__(self, message: str, *, hint: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line


def check_readable(path: Path) -> None:
    """Make sure that `path` is a file.

    Raises
    ------
    UnreadableFile: there is none, or it is a folder; the closest name beside it is named.
    """
    if path.is_dir():
        raise UnreadableFile("this is a folder; name a file in it")
    if not path.exists():
        folder = path.parent
        if not folder.is_dir():
            raise UnreadableFile(f"no such file; there is no folder {folder}")
        near = _nearest(path)
        raise UnreadableFile("no such file", hint=f"did you mean {near}?" if near else None)


def _nearest(path: Path) -> Path | None:
    """The entry beside `path` whose name without its extension is the closest; many share an extension."""
    stems = {entry.stem: entry for entry in sorted(path.parent.iterdir())}
    found = difflib.get_close_matches(path.stem, stems, n=1)
    return stems[found[0]] if found else None


def read_text(path: Path) -> str:
    """The whole text, without a byte order mark and with ``\\n`` as line ends.

    Raises
    ------
    UnreadableFile: there is no such file, it may not be read, or it is not UTF-8.
    """
    check_readable(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(content, error.start) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def not_utf8(content: bytes, position: int, *, first_line: int = 1) -> UnreadableFile:
    """What to say of bytes that are not UTF-8.

    Parameters
    ----------
    position: index of the first byte that cannot be read.
    first_line: line number of the first byte of `content`.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return UnreadableFile("this is UTF-16, expected UTF-8", hint="save it as UTF-8")
    line = first_line + content.count(b"\n", 0, position)
    return UnreadableFile(
        f"not UTF-8: byte 0x{content[position]:02x} cannot be read", hint="save the file as UTF-8", line=line
    )
