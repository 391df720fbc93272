"""Addresses as they may be shown."""

from __future__ import annotations

import re

_LOGIN = re.compile(r"^([\w+.-]+://[^:@/?]*):.*@", re.DOTALL)
_OPTION = re.compile(r"(?<=[?&])[^=&]*password=[^&]*&?", re.IGNORECASE)


def without_password(url: str) -> str:
    """A URL without the password in it; rather a little too much goes than a letter of that stays.

    What is left still works where the password stands in a variable or a file of the database's own client.
    """
    return _OPTION.sub("", _LOGIN.sub(r"\1@", url)).rstrip("?&")
