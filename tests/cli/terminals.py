"""A real pseudo-terminal, and what somebody who sits before it sees."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lattice.reporting.formats import cells

ROWS = 30

_SEQUENCE = re.compile(r"\x1b\[(?P<private>\??)(?P<numbers>[\d;]*)(?P<final>[A-Za-z])")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How a command ended on a terminal.

    Parameters
    ----------
    frames: the screen after each piece of output, as lines without colours; the last stayed.
    history: lines that have scrolled out at the top.
    """

    code: int
    written: str
    frames: Sequence[Sequence[str]]
    history: Sequence[str]
    cursor_shown: bool

    @property
    def remains(self) -> str:
        """Everything one can still read afterwards."""
        return "\n".join([*self.history, *self.frames[-1]])


class Screen:
    """As much of a terminal as Lattice uses: text, line ends, cursor up, erasing, showing the cursor."""

    def __init__(self, columns: int, rows: int = ROWS) -> None:
        self.columns = columns
        self.rows = rows
        self.lines: list[str] = [""]
        self.history: list[str] = []
        self.row = 0
        self.column = 0
        self.cursor_shown = True
        self.widest = 0

    def write(self, text: str) -> None:
        position = 0
        while position < len(text):
            if found := _SEQUENCE.match(text, position):
                self._obey(found["private"], found["numbers"], found["final"])
                position = found.end()
                continue
            self._put(text[position])
            position += 1

    def _obey(self, private: str, numbers: str, final: str) -> None:
        match private, numbers, final:
            case "?", "25", "h" | "l":
                self.cursor_shown = final == "h"
            case "?", "2026", _:
                pass
            case "", _, "m":
                pass
            case "", _, "A":
                self.row = max(0, self.row - int(numbers or 1))
            case "", "", "K":
                self.lines[self.row] = self.lines[self.row][: self.column]
            case "", "", "J":
                self.lines[self.row] = self.lines[self.row][: self.column]
                del self.lines[self.row + 1 :]
            case _:
                raise AssertionError(f"a sequence that this screen does not know: {private}{numbers}{final}")

    def _put(self, letter: str) -> None:
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self._next_row()
        else:
            assert letter.isprintable(), f"a control character: {letter!r}"
            if self.column >= self.columns:
                self.column = 0
                self._next_row()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
            self.column += cells(letter)

    def _next_row(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")
        if len(self.lines) > self.rows:
            self.history.append(self.lines.pop(0))
            self.row -= 1


_CALLS = """
import sys
from lattice.cli import main
for command in sys.argv[1:]:
    try:
        main(command.split("|"))
    except SystemExit as ended:
        code = ended.code
sys.exit(code)
"""


def on_terminal(*commands: str, folder: Path, columns: int, variables: Mapping[str, str] | None = None) -> Seen:
    """Call commands with standard output and error on a pseudo-terminal, one after another in one process.

    Parameters
    ----------
    commands: each with ``|`` between its arguments.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    environ = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", **(variables or {})}
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "LATTICE_DB"):
        environ.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-c", _CALLS, *commands],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = Screen(columns)
    frames: list[Sequence[str]] = []
    written: list[str] = []
    for text in _output(ours):
        written.append(text)
        screen.write(text)
        frames.append(list(screen.lines))
    code = process.wait()
    return Seen(
        code=code,
        written="".join(written),
        frames=frames,
        history=screen.history,
        cursor_shown=screen.cursor_shown,
    )


def _output(descriptor: int) -> list[str]:
    """What arrives until the other end closes, in pieces that end where a frame or a line does."""
    found = b"".join(iter(lambda: _read(descriptor), b""))
    os.close(descriptor)
    return [piece for piece in re.split("(?<=\x1b\\[\\?2026l)", found.decode()) if piece]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # How Linux says that nobody writes to a terminal any more.
        return b""
