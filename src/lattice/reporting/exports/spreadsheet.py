"""CSV: one row per trial, in UTF-8, with the columns of `lattice.reporting.exports.columns`.

Lines end as RFC 4180 has it. Every text stands in quotes and nothing else does, so that a spreadsheet can tell the
answer "007" from the number 7 ("format quoted field as text"), and an empty answer from none at all.

A text that a spreadsheet would take for a formula has an apostrophe before it; so has one that looks like that already.
Whoever wants the text as it was takes one apostrophe away where apostrophes stand before ``=``, ``+``, ``-``, ``@``, a
tab or a line break. NUL and halves of surrogate pairs, which CSV cannot hold, become ``�``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO

from lattice.reporting.exports.columns import Cell, cells, columns
from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.formats import spreadsheet_text

_END = "\r\n"
_GUARD = "'"
_NEEDS_QUOTES = re.compile('[",\r\n]')


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write all results, one at a time."""
    metrics = source.metrics
    stream.write(_line(_heading(column.name) for column in columns(metrics)))
    for row in source.rows:
        stream.write(_line(_field(cell) for cell in cells(row, metrics)))


def _line(fields: Iterable[str]) -> bytes:
    return (",".join(fields) + _END).encode()


def _field(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _quoted(cell)
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def _heading(name: str) -> str:
    safe = _defused(name)
    return _quoted(name) if _NEEDS_QUOTES.search(safe) else safe


def _quoted(text: str) -> str:
    return '"' + _defused(text).replace('"', '""') + '"'


def _defused(text: str) -> str:
    cell = spreadsheet_text(text)
    # An apostrophe of the text's own must not be taken for the one that defuses.
    if text.startswith(_GUARD) and spreadsheet_text(text.lstrip(_GUARD)).startswith(_GUARD):
        return _GUARD + cell
    return cell


FORMAT = Format(name="csv", suffixes=(".csv",), write=write)
