"""Numbers in texts, compared as the decimals they are written as."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException

from lattice.core.checks import Numeric, WhichNumber

_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:,\d{3}){1,8}(?!\d)|\d{1,40}(?!\d)|(?=\.\d))(?:\.\d{1,40})?(?:[eE][-+]?\d{1,3}(?!\d))?",
    re.ASCII,
)
_PRECISE = Context(prec=120)


class Expected:
    """The number that a response should hold.

    Parameters
    ----------
    number: as text.
    settings: how close a response's number must be, and which one counts.
    """

    __slots__ = ("_allowed", "_number", "_which")

    def __init__(self, number: str, settings: Numeric) -> None:
        self._number = Decimal(number)
        relative = _PRECISE.multiply(abs(self._number), Decimal(repr(settings.relative)))
        self._allowed = max(Decimal(repr(settings.tolerance)), relative)
        self._which = settings.which

    def is_met_by(self, text: str) -> bool:
        """Whether the number of `text` that counts is near enough; a text without numbers does not meet it."""
        found = numbers_in(text)
        if not found:
            return False
        number = Decimal(found[-1 if self._which is WhichNumber.LAST else 0])
        try:
            return abs(_PRECISE.subtract(number, self._number)) <= self._allowed
        except DecimalException:
            return False


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in their order, without thousands separators: ``1,234.5`` is ``1234.5``."""
    return [found.replace(",", "").replace("−", "-") for found in _NUMBER.findall(text)]


def expected_number(text: str) -> str:
    """The one number that a reference consists of or holds.

    Raises
    ------
    ValueError: it holds none, or several.
    """
    found = numbers_in(text)
    if len(found) != 1:
        raise ValueError(f"holds {len(found) or 'no'} number{'s' if found else ''}; expected one to compare with")
    return found[0]
