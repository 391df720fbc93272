"""Values as options and parameters give them, read with errors that say what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches

from lattice.core.errors import UsageError


def within_unit(value: float, what: str) -> float:
    """The value, if it lies in [0, 1].

    Raises
    ------
    UsageError: it does not; `what` says what it was for.
    """
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{what} must lie between 0 and 1, not {value:g}")
    return value


def number(value: object, what: str, message: str | None = None) -> float:
    """A finite number, given as one or as text.

    Raises
    ------
    UsageError: it is none; the message is `message`, or says what it was for.
    """
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            read = float(value)
        except ValueError:
            read = math.nan
        if math.isfinite(read):
            return read
    raise UsageError(message or f"{what} must be a number, not {value!r}")


def whole(value: object, what: str) -> int:
    """A whole number.

    Raises
    ------
    UsageError: it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UsageError(f"{what} must be a whole number, not {value!r}")


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is most like `name`, "" where none is."""
    found = get_close_matches(name, list(known), n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""
