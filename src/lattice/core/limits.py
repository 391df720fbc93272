"""Whose rate limit a call counts against, and what a provider's headers tell about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKey:
    """The limit that a call shares with others.

    Parameters
    ----------
    provider: name of the provider, or ``http:HOST`` / ``python:MODULE`` for other targets.
    account: a fingerprint of the key in use (never the key), or "" without one.
    model: limits told by headers hold per model.
    """

    provider: str
    account: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One budget as headers tell it.

    Parameters
    ----------
    limit: units per minute, if told.
    remaining: units left, if told.
    reset: seconds until the budget is whole again, if told.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHints:
    """What one response's headers say about rate limits; None where they say nothing.

    Parameters
    ----------
    requests, tokens: budgets per minute.
    """

    requests: Allowance | None = None
    tokens: Allowance | None = None
