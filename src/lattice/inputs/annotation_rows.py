"""What people wrote into a table of results: their scores, with reasons, as rows of CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.inputs.csv_rows import csv_table
from lattice.inputs.rows import RowProblem
from lattice.wire.files import UnreadableFile, check_readable

MOST_PROBLEMS = 20

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "input_id"),
    "score": ("score", "human_score", "human"),
    "reason": ("reason", "note"),
    "response": ("response",),
    "target": ("target",),
    "repeat": ("repeat",),
}
_NEEDED = ("id", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationRow:
    """One row as it was written; a cell that is empty or has no column is "".

    Parameters
    ----------
    line: 1-based line of the file.
    response: the text that was scored, for those who want to know whether it still is the run's.
    """

    line: int
    id: str
    score: str
    reason: str = ""
    response: str = ""
    target: str = ""
    repeat: str = ""


def read_annotation_rows(path: Path) -> list[AnnotationRow]:
    """Every row of a CSV file with the columns ``id`` and ``score``, and ``reason`` and others where it has them.

    Columns are found in any case, with spaces or underscores; ``input_id``, ``human_score`` and ``note`` mean the same
    as ``id``, ``score`` and ``reason``. Further columns are left alone.

    Raises
    ------
    InvalidEvaluation: there is no such file, it is no CSV, has no rows, or lacks a column; with file and line.
    """
    try:
        check_readable(path)
        return list(_rows(path))
    except UnreadableFile as error:
        raise refused([Problem(message=error.message, hint=error.hint, line=error.line)], path) from None
    except OSError as error:
        raise refused([Problem(message=f"cannot be read: {error.strerror}")], path) from None


def refused(problems: list[Problem], path: Path) -> InvalidEvaluation:
    """The problems of a file, up to `MOST_PROBLEMS` of them."""
    named = [Problem(message=each.message, hint=each.hint, line=each.line, file=str(path)) for each in problems]
    if (more := len(named) - MOST_PROBLEMS) > 0:
        named = [*named[:MOST_PROBLEMS], Problem(message=f"and {more} more", file=str(path))]
    return InvalidEvaluation(named)


def _rows(path: Path) -> Iterator[AnnotationRow]:
    columns: Mapping[str, str] | None = None
    for line, row, _ in csv_table(path).entries:
        if isinstance(row, RowProblem):
            raise UnreadableFile(row.message, hint=row.hint, line=line)
        if columns is None:
            columns = _columns(row)
        if any(cell.strip() for cell in row.values()):
            yield AnnotationRow(line=line, **{part: row[name].strip() for part, name in columns.items()})
    if columns is None:
        raise UnreadableFile(
            "there are no rows in it", hint="a header such as id,score,reason and a row for each result"
        )


def _columns(row: Mapping[str, Any]) -> Mapping[str, str]:
    """Which column is what."""
    named = {"_".join(name.lower().replace("_", " ").split()): name for name in reversed(list(row))}
    found = {
        part: next(named[alias] for alias in aliases if alias in named)
        for part, aliases in _COLUMNS.items()
        if not named.keys().isdisjoint(aliases)
    }
    for part in _NEEDED:
        if part not in found:
            there = ", ".join(row) or "none"
            raise UnreadableFile(f"no column {part!r}; there are: {there}", hint="id and score are needed", line=1)
    return found
