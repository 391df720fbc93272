"""What the errors of a PostgreSQL server mean to the user, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping

_FULL = (
    "the store {place} cannot grow: the disk of its server is full. What was committed is kept; make room and resume"
)
_TOO_MANY = (
    "the server of {place} takes no more connections ({said}); raise its max_connections, or have each process open "
    "fewer by ?pool_size=5 in the URL of the store"
)
_READ_ONLY = (
    "the store {place} is read-only for this user or on this server ({said}); name a server that takes writes, or "
    "another store with --db"
)
_GONE = (
    "the connection to {place} is lost ({said}). What was committed is kept; see that the server runs, and resume what "
    "was interrupted"
)
_LOCKED = "the store {place} has been locked by another process for {seconds} s; end that one and try again"
_LOGIN = (
    "the server of {place} lets this user not in: {said}; look at the user in the URL, at PGPASSWORD or ~/.pgpass, and "
    "at the server's pg_hba.conf"
)
_NO_DATABASE = "there is no database {place}: {said}; make it with 'createdb', or name another store with --db"
_RIGHTS = (
    "the user of {place} lacks a right: {said}; as its owner run GRANT USAGE, CREATE ON SCHEMA public TO that user, or "
    "let the user own the database"
)
_NO_SCHEMA = "the database {place} has no schema to make tables in: {said}; make one, or mend the user's search_path"
_DAMAGED = "the store {place} is damaged or its disk fails ({said}); look at the disk, and restore it from a backup"
_AGAIN = "the store {place} broke this off since two processes stood in each other's way ({said}); try again"
_CUT_SHORT = "the server of {place} broke this off ({said}); raise the user's statement_timeout and try again"
_UNREACHED = "the server of {place} cannot be reached: {said}; see that it runs and that host and port are right"
_REFUSED = "the store {place} refused: {said}"

_BY_STATE: Mapping[str, str] = {
    "08": _GONE,
    "22003": "a number is larger than the store {place} can hold: {said}",
    "25006": _READ_ONLY,
    "28": _LOGIN,
    "3D000": _NO_DATABASE,
    "3F000": _NO_SCHEMA,
    "40": _AGAIN,
    "42501": _RIGHTS,
    "42P01": _REFUSED,
    "53100": _FULL,
    "53300": _TOO_MANY,
    "55P03": _LOCKED,
    "57014": _CUT_SHORT,
    "57P": _GONE,
    "58": _DAMAGED,
    "XX": _DAMAGED,
}

# The driver tells no state of an error that comes before there is a connection, or after there was one.
_BY_WORDS: Mapping[str, str] = {
    "password": _LOGIN,
    "pg_hba.conf": _LOGIN,
    "authentication": _LOGIN,
    'role "': _LOGIN,
    "too many": _TOO_MANY,
    'database "': _NO_DATABASE,
    "connection slots": _TOO_MANY,
    "starting up": _GONE,
    "shutting down": _GONE,
    "closed": _GONE,
    "is lost": _GONE,
    "terminated": _GONE,
    "terminating": _GONE,
    "connection": _UNREACHED,
    "resolve": _UNREACHED,
    "timeout": _UNREACHED,
}

# What a driver calls a programmer's mistake and is none: rights and schemas that the user's database lacks.
_REFUSALS = ("3F000", "42501", "42P01")


def is_refusal(error: BaseException | None) -> bool:
    """Whether an error among those of broken statements is the user's to mend."""
    return _state(error) in _REFUSALS


def meaning_of(error: BaseException | None) -> str:
    """A sentence with ``{place}``, ``{seconds}`` and ``{said}``, the server's own words."""
    state = _state(error)
    for beginning, meaning in _BY_STATE.items():
        if state.startswith(beginning):
            return meaning
    words = str(error)
    if not state:
        for part, meaning in _BY_WORDS.items():
            if part in words:
                return meaning
    return _REFUSED


def _state(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""
