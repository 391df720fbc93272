"""How long a transaction waits for others, as a store's URL says it."""

from __future__ import annotations

from sqlalchemy import URL

from lattice.core.errors import UsageError

_PATIENCE = "30"


def patience_of(url: URL) -> float:
    """Seconds to wait for a lock that another process holds: ``?busy_timeout=SECONDS``, else 30.

    Raises
    ------
    UsageError: it is no number.
    """
    said = str(url.query.get("busy_timeout", _PATIENCE))
    try:
        return float(said)
    except ValueError as error:
        raise UsageError(f"busy_timeout={said} in the store's URL is not a number of seconds") from error
