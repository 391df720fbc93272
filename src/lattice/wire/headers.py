"""What response headers tell: how long to wait, and how much of a rate limit is left.

`Retry-After` and its relatives are read here and nowhere else. Whatever a server writes wrongly is as good as
not written: no header can make a call fail.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from multidict import istr

from lattice.core.limits import Allowance, LimitHints

RETRY_AFTER_MS = istr("retry-after-ms")
RETRY_AFTER = istr("retry-after")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_EPOCH = 1e9
_EPOCH_MS = 1e12


class _Names:
    """The three headers of one budget."""

    __slots__ = ("limit", "remaining", "reset")

    def __init__(self, limit: str, remaining: str, reset: str) -> None:
        self.limit = istr(limit)
        self.remaining = istr(remaining)
        self.reset = istr(reset)


def _openai(unit: str) -> _Names:
    return _Names(*(f"x-ratelimit-{part}-{unit}" for part in ("limit", "remaining", "reset")))


def _anthropic(unit: str) -> _Names:
    return _Names(*(f"anthropic-ratelimit-{unit}-{part}" for part in ("limit", "remaining", "reset")))


_REQUESTS = (_openai("requests"), _anthropic("requests"))
_TOKENS = (_openai("tokens"), _anthropic("tokens"), _anthropic("input-tokens"), _anthropic("output-tokens"))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait, None if it does not say.

    Parameters
    ----------
    headers: of the response, in any case if the mapping ignores case; else in lower case.
    now: the current time in seconds since 1970, for headers that name a date.
    """
    if (text := headers.get(RETRY_AFTER_MS)) is not None:
        milliseconds = _number(text)
        if milliseconds is not None and milliseconds >= 0:
            return milliseconds / 1000
    if (text := headers.get(RETRY_AFTER)) is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return seconds if seconds >= 0 else None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):
        return None
    return max(0.0, _timestamp(date) - now)


def limit_hints(headers: Mapping[str, str], now: float) -> LimitHints | None:
    """What the headers say about rate limits, None if nothing.

    OpenAI's ``x-ratelimit-*`` (resets as ``6m0s``, ``120ms`` or seconds) and Anthropic's
    ``anthropic-ratelimit-*`` (resets as RFC 3339 dates) are understood; of Anthropic's token budgets the one
    for all tokens is taken, else the one for input, else the one for output.

    Parameters
    ----------
    headers: of the response, in any case if the mapping ignores case; else in lower case.
    now: the current time in seconds since 1970.
    """
    requests = _first(headers, _REQUESTS, now)
    tokens = _first(headers, _TOKENS, now)
    if requests is None and tokens is None:
        return None
    return LimitHints(requests=requests, tokens=tokens)


def _first(headers: Mapping[str, str], budgets: tuple[_Names, ...], now: float) -> Allowance | None:
    for names in budgets:
        limit = headers.get(names.limit)
        remaining = headers.get(names.remaining)
        if limit is None and remaining is None:
            continue
        allowance = Allowance(
            limit=_count(limit), remaining=_count(remaining), reset=_reset(headers.get(names.reset), now)
        )
        if allowance.limit is not None or allowance.remaining is not None:
            return allowance
    return None


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if 0 <= number < _EPOCH_MS else None


def _reset(text: str | None, now: float) -> float | None:
    """Seconds until a reset: told as a duration, as seconds, as (milli)seconds since 1970, or as a date."""
    if text is None:
        return None
    number = _number(text)
    if number is not None:
        if number >= _EPOCH:
            number = number / (1000 if number >= _EPOCH_MS else 1) - now
        return max(0.0, number)
    parts = _DURATION.findall(text)
    if parts and "".join(value + unit for value, unit in parts) == text.strip():
        return sum(float(value) * _SECONDS[unit] for value, unit in parts)
    try:
        return max(0.0, _timestamp(datetime.fromisoformat(text.strip())) - now)
    except (ValueError, OverflowError):
        return None


def _timestamp(date: datetime) -> float:
    """Seconds since 1970; a date without a zone is meant as UTC."""
    return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
