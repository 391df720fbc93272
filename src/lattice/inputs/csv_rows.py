"""Rows from CSV files with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from lattice.inputs.rows import Entry, RowProblem, Rows
from lattice.wire.files import UnreadableFile, not_utf8

_LARGEST_CELL = 256 * 1024 * 1024


def csv_table(path: Path) -> Rows:
    """A table whose first line names the columns, read as it is needed.

    The separator is a comma; a header without any comma may use semicolons or tabs.
    """
    return Rows(entries=_entries(path), cells=True)


def _entries(path: Path) -> Iterator[Entry]:
    # The limit is the csv module's own, for the whole process; its default refuses what documents do fill.
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = 1
        try:
            table = csv.reader(file, delimiter=_delimiter(file), strict=True)
            names = _names(next(table, []))
            line = table.line_num + 1
            for cells in table:
                if cells:
                    yield line, _row(names, cells), None
                line = table.line_num + 1
        except csv.Error as error:
            raise UnreadableFile(f"not valid CSV: {error}", hint="check the quotes in this row", line=line) from None
        except UnicodeDecodeError:
            raise _undecodable(path) from None


def _delimiter(file: TextIO) -> str:
    header = file.readline()
    file.seek(0)
    return next((mark for mark in (",", ";", "\t") if mark in header), ",")


def _names(header: Sequence[str]) -> list[str]:
    names = [name.strip() for name in header]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            raise UnreadableFile(f"two columns are called {name!r}", hint="rename one of them", line=1)
    return names


def _row(names: Sequence[str], cells: Sequence[str]) -> Any:
    if len(cells) != len(names):
        return RowProblem(
            f"{len(cells)} cells, but the header names {len(names)}",
            "put a cell that contains the separator or a line break in quotes",
        )
    row = dict(zip(names, cells, strict=True))
    if row.pop("", ""):
        return RowProblem("a cell in a column without a name", "name every column in the first line")
    return row


def _undecodable(path: Path) -> UnreadableFile:
    """Decoding in large pieces forgets the line; it is looked for again."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                return not_utf8(line, error.start, first_line=number)
    return UnreadableFile("not UTF-8", hint="save the file as UTF-8")
