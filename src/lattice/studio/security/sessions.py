"""Tokens, and the cookies that stand for them after a login."""

from __future__ import annotations

import hashlib
import hmac
import time
from enum import StrEnum
from typing import Final

from lattice.studio.settings import StudioSettings

LASTS: Final = 30 * 86400


class Access(StrEnum):
    """What somebody may do."""

    FULL = "full"
    READ = "read"


def access_of_token(settings: StudioSettings, given: str) -> Access | None:
    """What a token allows; every comparison takes the same time, however much of it is right."""
    found = None
    for access, token in _tokens(settings):
        if hmac.compare_digest(given.encode(), token.encode()):
            found = access
    return found


def cookie_name(settings: StudioSettings) -> str:
    """What the cookie of this Studio is called.

    Browsers give the cookies of a host to every port of it: without names of their own, a login to one Studio would
    end that to another beside it.
    """
    token = settings.token or ""
    return f"lattice_session_{hashlib.sha256(f'lattice cookie {token}'.encode()).hexdigest()[:8]}"


def issue(settings: StudioSettings, access: Access, now: float | None = None) -> str:
    """A cookie's value for someone who has shown a token: it names no secret and outlives a restart."""
    until = str(int((time.time() if now is None else now) + LASTS))
    return f"{access.value}.{until}.{_signature(settings, access, until)}"


def access_of_cookie(settings: StudioSettings, value: str, now: float | None = None) -> Access | None:
    """What a cookie allows; None for one that was not issued here, has run out, or whose token has changed."""
    name, _, rest = value.partition(".")
    until, _, signature = rest.partition(".")
    if name not in (Access.FULL, Access.READ) or not until.isascii() or not until.isdigit() or len(until) > 12:
        return None
    access = Access(name)
    if access not in dict(_tokens(settings)):
        return None
    if not hmac.compare_digest(signature.encode(), _signature(settings, access, until).encode()):
        return None
    return access if int(until) > (time.time() if now is None else now) else None


def _tokens(settings: StudioSettings) -> list[tuple[Access, str]]:
    named = ((Access.FULL, settings.token), (Access.READ, settings.read_token))
    return [(access, token) for access, token in named if token is not None]


def _signature(settings: StudioSettings, access: Access, until: str) -> str:
    key = hashlib.sha256(f"lattice session\0{dict(_tokens(settings))[access]}".encode()).digest()
    return hmac.new(key, f"{access.value}.{until}".encode(), hashlib.sha256).hexdigest()
