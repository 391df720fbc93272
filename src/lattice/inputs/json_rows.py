"""Rows from JSON lines and from JSON documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from lattice.inputs.rows import Entry, Numbering, RowProblem, Rows, wrong_root
from lattice.wire.files import UnreadableFile, not_utf8, read_text

LIST_KEYS = ("data", "inputs", "items", "examples", "rows", "records", "samples", "questions", "instances")
_BUFFER = 1 << 20
_BOM = b"\xef\xbb\xbf"


def json_lines(path: Path) -> Rows:
    """One JSON value a line, read as it is needed; blank lines count for nothing."""
    return Rows(entries=_lines(path), literal=_with_numbers_as_texts, lossy=(float,))


def _lines(path: Path) -> Iterator[Entry]:
    loads = orjson.loads
    with path.open("rb", buffering=_BUFFER) as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = line.removeprefix(_BOM)
            try:
                value = loads(line)
            except orjson.JSONDecodeError as error:
                if not line.strip():
                    continue
                value = _unreadable(line, number, error)
            yield number, value, line


def _unreadable(line: bytes, number: int, error: orjson.JSONDecodeError) -> RowProblem:
    try:
        line.decode()
    except UnicodeDecodeError as undecodable:
        unreadable = not_utf8(line, undecodable.start)
        return RowProblem(unreadable.message, unreadable.hint)
    hint = None
    if number == 1 and line.strip() in (b"[", b"{"):
        hint = "each line holds one whole JSON object; name a file with one JSON document .json"
    return RowProblem(f"not valid JSON: {error.msg.partition(': line ')[0]} (column {error.colno})", hint)


def _with_numbers_as_texts(line: bytes) -> Any:
    return json.loads(line, parse_int=str, parse_float=str)


def json_document(path: Path) -> Rows:
    """A JSON list, or an object that holds it; the whole file is in memory while it is read.

    Raises
    ------
    UnreadableFile: it is no JSON, or holds no list.
    """
    text = read_text(path)
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _no_document(error, text) from None
    rows = rows_of(data)

    @cache
    def literals() -> Any:
        return rows_of(_with_numbers_as_texts(text.encode()))

    return Rows(
        entries=((index + 1, row, index) for index, row in enumerate(rows)),
        numbered_by=Numbering.ROW,
        literal=lambda index: literals()[index],
        lossy=(float,),
    )


def _no_document(error: orjson.JSONDecodeError, text: str) -> UnreadableFile:
    hint = None
    if "\n{" in text and text.lstrip().startswith("{"):
        hint = "a file with one JSON object a line is named .jsonl"
    return UnreadableFile(
        f"not valid JSON: {error.msg.partition(': line ')[0]} (column {error.colno})",
        hint=hint,
        line=error.lineno,
    )


def rows_of(data: Any) -> list[Any]:
    """The list of rows in a document.

    Raises
    ------
    UnreadableFile: there is none, or more than one.
    """
    if isinstance(data, list):
        return data
    keys = ", ".join(LIST_KEYS)
    if not isinstance(data, Mapping):
        raise UnreadableFile(wrong_root("a single value", keys))
    found = [key for key in LIST_KEYS if isinstance(data.get(key), list)]
    if len(found) > 1:
        raise UnreadableFile(f"lists under both {found[0]!r} and {found[1]!r}", hint="keep one of them")
    if not found:
        raise UnreadableFile(wrong_root(f"a mapping with {', '.join(map(str, data)) or 'nothing'}", keys))
    rows: list[Any] = data[found[0]]
    return rows
