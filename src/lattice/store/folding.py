"""A regular expression for a text in any case, by the rules of Python's ``str.casefold``.

It is read by PostgreSQL, whose own ``lower`` knows the letters of the database's locale, and in many databases only
those of ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

LONGEST = 500
"""Letters that a text may have: a server refuses longer expressions."""

# Above are scripts without case, but for four that nobody writes evaluations in.
_LAST = 0x1F000
_MOST_LETTERS = 3


def pattern_of(part: str) -> str:
    """What `part` matches in any case: each letter in all its forms, ``ß`` as ``ss``, ``ﬁ`` as ``fi``."""
    folded, pattern = part.casefold(), ""
    while folded:
        letters = next((n for n in range(_MOST_LETTERS, 1, -1) if folded[:n] in _forms() and len(folded) >= n), 1)
        pattern += _any_form(folded[:letters])
        folded = folded[letters:]
    return pattern


def _any_form(piece: str) -> str:
    forms = _forms().get(piece, "")
    if len(piece) == 1:
        return f"[{piece}{forms}]" if forms else _literally(piece)
    return f"(?:{''.join(map(_any_form, piece))}|[{forms}])"


def _literally(letter: str) -> str:
    return f"\\{letter}" if letter.isascii() and not letter.isalnum() else letter


@cache
def _forms() -> Mapping[str, str]:
    """Letters by what they are folded to, where that is something else."""
    found: dict[str, str] = {}
    for letter in map(chr, range(_LAST)):
        folded = letter.casefold()
        if folded != letter:
            found[folded] = found.get(folded, "") + letter
    return found
