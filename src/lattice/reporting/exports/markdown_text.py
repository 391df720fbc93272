"""Text that somebody else wrote, within Markdown.

Escaping every sign that some dialect gives a meaning to (links, mentions, references to issues, formulas, HTML) is a
race that nobody wins; within a code span none of them has any. So what is more than plain words stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lattice.reporting.formats import NOTHING, terminal_text

_BACKTICKS = re.compile("`+")
# Words, numbers and the punctuation that no dialect takes for anything: no dot within a word, which may be an address,
# and brackets around numbers alone, with a blank behind.
_PLAIN = re.compile(
    r"(?:[^\W_]|[ ,;()'’–—%]|(?<=[^\W_])[-/_](?=[^\W_])|(?<=[^\W_])[.:!?](?=\s|$)|(?<=\d)\.(?=\d)"
    r"|\[[\d., -]+\](?=[ ,.;]|$))+"
)
_BEFORE_PIPE = re.compile(r"\\+(?=\|)")
_LOOKS_LIKE_BACKSLASH = "⧵"


def code(text: str, limit: int | None = None) -> str:
    """A text in a code span, on one line; ``-`` for an empty one.

    Parameters
    ----------
    limit: columns of the text; longer ones end with ``…``.
    """
    line = terminal_text(text, limit)
    if not line:
        return NOTHING
    # Dialects do not agree what a backslash before an escaped pipe is.
    line = _BEFORE_PIPE.sub(lambda found: _LOOKS_LIKE_BACKSLASH * len(found[0]), line).replace("|", "\\|")
    longest = max((len(found) for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def words(text: str, limit: int | None = None) -> str:
    """A name or a sentence: as it is where it is nothing but plain words, else in a code span."""
    line = terminal_text(text, limit)
    return line if _PLAIN.fullmatch(line) else code(line)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int) -> list[str]:
    """A table of cells that are Markdown already.

    Parameters
    ----------
    numbers_from: index of the first column that stands to the right.
    """
    marks = ["---" if index < numbers_from else "---:" for index in range(len(head))]
    return [row(head), row(marks), *map(row, rows)]


def row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"
