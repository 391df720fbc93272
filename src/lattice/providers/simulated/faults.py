"""What can be ordered to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lattice.core.errors import UsageError
from lattice.providers.simulated.values import near, number, within_unit


class Fault(StrEnum):
    """What can be ordered to go wrong."""

    AUTH = "auth"
    NOT_FOUND = "not_found"
    QUOTA = "quota"
    INVALID = "invalid"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    HANG = "hang"
    CUT = "cut"
    MALFORMED = "malformed"
    INCOMPLETE = "incomplete"


PERMANENT = (Fault.AUTH, Fault.NOT_FOUND, Fault.QUOTA, Fault.INVALID)
"""Drawn by content alone: asking again does not help. At rate 1 the whole server behaves so."""

PASSING = (Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.OVERLOADED, Fault.HANG, Fault.CUT)
"""Drawn anew each time a content is seen: asking again may help."""

SPOILT = (Fault.MALFORMED, Fault.INCOMPLETE)
"""Of a judge's answer only: it comes, and cannot be read, or lacks a field."""

_CODES = {
    "400": Fault.INVALID,
    "401": Fault.AUTH,
    "404": Fault.NOT_FOUND,
    "429": Fault.RATE_LIMIT,
    "500": Fault.SERVER_ERROR,
    "529": Fault.OVERLOADED,
}


def parse_faults(rates: Mapping[str, object]) -> dict[Fault, float]:
    """Read fault rates by name or by status code.

    Raises
    ------
    UsageError: an unknown fault, or a rate outside [0, 1].
    """
    known = [fault.value for fault in Fault]
    faults: dict[Fault, float] = {}
    for name, rate in rates.items():
        if name not in _CODES and name not in known:
            raise UsageError(
                f"unknown fault {name!r}{near(name, known)}; there are {', '.join(known)}, "
                f"and the status codes {', '.join(_CODES)}"
            )
        fault = _CODES[name] if name in _CODES else Fault(name)
        if fault in faults:
            raise UsageError(f"fault {fault.value!r} is given twice")
        what = f"the rate of fault {name!r}"
        faults[fault] = within_unit(number(rate, what), what)
    return faults
