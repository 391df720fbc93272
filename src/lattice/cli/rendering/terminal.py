"""What a stream can show: its width, colours, shapes, and whether it can be redrawn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

DEFAULT_WIDTH = 80
DEFAULT_HEIGHT = 24
NARROWEST = 40


class Colour(Enum):
    """Colours by what they say; the value is an SGR code."""

    GREEN = "32"
    RED = "31"
    YELLOW = "33"
    BLUE = "34"
    GRAY = "90"
    BOLD = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """What may be written, and how.

    Parameters
    ----------
    width, height: columns and rows.
    colour: SGR codes are understood and wanted.
    shapes: statuses are marked with a sign as well as a word.
    unicode: the encoding has the signs that are used; else ASCII stands in for them.
    live: what was written can be redrawn in place.
    """

    width: int = DEFAULT_WIDTH
    height: int = DEFAULT_HEIGHT
    colour: bool = False
    shapes: bool = False
    unicode: bool = True
    live: bool = False

    def paint(self, text: str, colour: Colour | None) -> str:
        """The text in a colour, or as it is where there are none."""
        return f"\x1b[{colour.value}m{text}\x1b[0m" if self.colour and colour is not None else text

    def sign(self, sign: str, ascii: str) -> str:
        """A sign, or what stands in for it."""
        return sign if self.unicode else ascii


PLAIN = Terminal()
"""Text in a file, a pipe or a log: 80 columns, words alone."""


def terminal_of(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """What `stream` can show.

    ``NO_COLOR`` (set to anything) takes colours away, ``FORCE_COLOR`` gives them to a stream that is no
    terminal, ``TERM=dumb`` is a terminal that can only be appended to, ``COLUMNS`` is heeded where no
    terminal tells its width.
    """
    is_terminal = stream.isatty()
    capable = is_terminal and environ.get("TERM") != "dumb"
    wanted = capable or bool(environ.get("FORCE_COLOR"))
    width, height = size_of(stream, environ)
    return Terminal(
        width=width,
        height=height,
        colour=wanted and not environ.get("NO_COLOR"),
        shapes=is_terminal,
        unicode=_has_signs(stream),
        live=capable,
    )


def size_of(stream: TextIO, environ: Mapping[str, str]) -> tuple[int, int]:
    """Columns and rows of a stream now; 80 by 24 where nothing tells."""
    columns, rows = 0, 0
    if stream.isatty():
        try:
            columns, rows = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
    if columns <= 0:
        told = environ.get("COLUMNS", "")
        columns = int(told) if told.isdecimal() and int(told) > 0 else DEFAULT_WIDTH
    return max(columns, NARROWEST), rows if rows > 0 else DEFAULT_HEIGHT


def _has_signs(stream: TextIO) -> bool:
    try:
        "✔✖–●⠋…█".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
