"""Tables of text: cells padded to their column, the widest columns cut where the terminal is too narrow."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lattice.reporting.formats import cells, fit

LEAST_COLUMN = 6


def boxed(rows: Sequence[Sequence[str]], *, beside: Sequence[str] = (), width: int = 80) -> list[str]:
    """Rows between bars, ``| Mean Score   | 0.74  |``, all columns to the left.

    Parameters
    ----------
    beside: what stands to the right of each row, or under all of them where there is no room.
    """
    widths = _widths(rows, width - 1, border=3)
    lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in rows]
    for index, text in enumerate(beside):
        if text and cells(lines[index]) + 6 + cells(text) <= width:
            lines[index] += f"      {text}"
        elif text:
            lines.append(fit(f"{rows[index][0]} {text}", width))
    return lines


def aligned(rows: Sequence[Sequence[str]], *, width: int = 80) -> list[str]:
    """Rows with two blanks between columns."""
    widths = _widths(rows, width + 2, border=2)
    return ["  ".join(_padded(row, widths)).rstrip() for row in rows]


def aligned_width(rows: Sequence[Sequence[str]]) -> int:
    """Columns that `aligned` needs to cut nothing."""
    return max(cells(line) for line in aligned(rows, width=sys.maxsize)) if rows else 0


def _widths(rows: Sequence[Sequence[str]], width: int, *, border: int) -> list[int]:
    widths = [max(cells(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    excess = sum(widths) + border * len(widths) - width
    while excess > 0 and max(widths) > LEAST_COLUMN:
        widest = widths.index(max(widths))
        widths[widest] -= 1
        excess -= 1
    return widths


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    shown = [fit(text, width) for text, width in zip(row, widths, strict=True)]
    return [text + " " * (width - cells(text)) for text, width in zip(shown, widths, strict=True)]
