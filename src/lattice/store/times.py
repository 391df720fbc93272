"""Moments as the store keeps them: seconds since 1970 in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

WallClock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def read_time(stored: float) -> datetime:
    """The moment that was stored, exact to the microsecond."""
    return datetime.fromtimestamp(stored, UTC)


def read_optional_time(stored: float | None) -> datetime | None:
    """`read_time` where there is one."""
    return None if stored is None else read_time(stored)
