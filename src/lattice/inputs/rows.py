"""Rows as the formats give them, before anybody knows which field is what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Entry = tuple[int, Any, Any]
"""Number of the line (or of the row), the row's value, and what `Rows.literal` needs to read it again."""


class RowProblem(Exception):
    """One row cannot be an input.

    Parameters
    ----------
    message: what is wrong and what was expected.
    hint: how to mend it.
    shared: every row with the same fields has the same problem, so it is told once.
    """

    def __init__(self, message: str, hint: str | None = None, *, shared: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.shared = shared


class Numbering(StrEnum):
    """What the number of an entry counts."""

    LINE = "line"
    ROW = "row"
    ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one source, in order.

    Parameters
    ----------
    entries: yields them once; a value that is a `RowProblem` stands for a row that could not be read.
    numbered_by: lines and rows count from 1, items of the configuration from 0.
    cells: every value is a text, as in CSV, and JSON may be written within it.
    literal: reads an entry again with its numbers as the texts they were written as.
    lossy: types of numbers whose own text may differ from the one they were written as.
    """

    entries: Iterator[Entry]
    numbered_by: Numbering = Numbering.LINE
    cells: bool = False
    literal: Callable[[Any], Any] | None = None
    lossy: tuple[type, ...] = ()


def wrong_root(found: str, keys: str) -> str:
    """What to say of a JSON or YAML document that holds no list of rows."""
    return f"expected a list of inputs, or a mapping with the list under one of {keys}; got {found}"
