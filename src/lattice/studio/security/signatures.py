"""Signed deliveries, as Standard Webhooks describes them: who knows the secret sent this, just now, and these bytes.

Three headers come with a delivery: ``webhook-id``, the same at every try of one delivery; ``webhook-timestamp``,
seconds since 1970; and ``webhook-signature``, ``v1,`` and the Base64 of HMAC-SHA256 over ``ID.TIMESTAMP.BODY``, several
of them apart by blanks while a secret is being replaced. The identifier is signed as well, so that nobody can send the
same delivery again under another one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = 300.0
"""Seconds that a delivery's time may lie before or behind ours."""

LEAST_SECRET = 24
ENCODED = "whsec_"
_VERSION = "v1,"
_MOST_SIGNATURES = 10
_NAME = re.compile(r"[!-~]{1,256}")
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class Unsigned(Exception):
    """A delivery that is not taken; the message says why, and nothing of the secrets."""


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: its own bytes, or what is encoded behind ``whsec_``.

    Raises
    ------
    ValueError: it is too short to be safe, or says that it is encoded and is not.
    """
    try:
        key = base64.b64decode(secret.removeprefix(ENCODED), validate=True) if secret.startswith(ENCODED) else None
    except binascii.Error as error:
        raise ValueError(f"what stands behind {ENCODED} is no Base64") from error
    key = secret.encode() if key is None else key
    if len(key) < LEAST_SECRET:
        raise ValueError(f"it is too short to be safe: it needs {LEAST_SECRET} bytes")
    return key


def signature_of(secret: str, name: str, timestamp: str, body: bytes) -> str:
    """What `webhook-signature` says of a delivery.

    Parameters
    ----------
    name: ``webhook-id``. timestamp: ``webhook-timestamp``, as it is sent.
    """
    signed = hmac.new(key_of(secret), b".".join([name.encode(), timestamp.encode(), body]), hashlib.sha256)
    return _VERSION + base64.b64encode(signed.digest()).decode()


def verified(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """Check a delivery.

    Parameters
    ----------
    headers: by names in lower case, or in any.
    secrets: any of these may have signed it.

    Returns
    -------
    What tells it from all others, to be remembered: 64 letters.

    Raises
    ------
    Unsigned: a header is missing or of another form, the delivery is too old, or nobody who knows a secret signed it.
    """
    name, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not _NAME.fullmatch(name) or not _SECONDS.fullmatch(timestamp) or SIGNATURE not in headers:
        raise Unsigned(f"A delivery is signed by the headers {ID}, {TIMESTAMP} (seconds) and {SIGNATURE}.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE:
        raise Unsigned(f"{TIMESTAMP} is more than {TOLERANCE / 60:g} minutes off: send it anew, and check the clock.")
    given = headers[SIGNATURE].split()[:_MOST_SIGNATURES]
    if not _any_equal(given, [signature_of(secret, name, timestamp, body) for secret in secrets]):
        raise Unsigned(f"{SIGNATURE} is not that of this identifier, time and body under a secret that is known here.")
    return hashlib.sha256(name.encode()).hexdigest()


def _any_equal(given: Iterable[str], expected: Sequence[str]) -> bool:
    """Compared in a time that does not tell how much of it is right."""
    found = False
    for one in given:
        for other in expected:
            found |= hmac.compare_digest(one.encode(), other.encode())
    return found
