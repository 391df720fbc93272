"""What servers say, made fit to be shown: one line, no control characters, no secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

LONGEST = 300
"""Characters of somebody else's message that are worth a line."""

_SHORTEST_SECRET = 8
_MASK = "***"
_SPACES = re.compile(r"[\s\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]+")
_KEY_LIKE = re.compile(
    r"(?:\b(?:sk|pk|rk|gsk|xai|hf|ak|key)[-_][A-Za-z0-9_\-*.…]{6,}"
    r"|\bAIza[A-Za-z0-9_\-]{10,}"
    r"|(?<=[Bb]earer )[A-Za-z0-9_\-.~+/=*]{8,}"
    r"|[A-Za-z0-9_\-]{0,64}\*{3,}[A-Za-z0-9_\-*]*)"
)


def one_line(text: str) -> str:
    """`text` with control characters, direction marks and runs of white space each turned into one space."""
    return _SURROGATES.sub("�", _SPACES.sub(" ", text)).strip()


def shortened(text: str, longest: int = LONGEST) -> str:
    """`text` cut to at most `longest` characters, an ellipsis included."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


class Scrubber:
    """Takes secrets out of texts that others wrote: known ones, and whatever looks like a key.

    Servers echo the key they refuse, whole or with its middle starred out; both are masked.

    Parameters
    ----------
    secrets: values that must never be shown; those of fewer than 8 characters are placeholders, not secrets.
    """

    __slots__ = ("_known",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long = {secret.strip() for secret in secrets if len(secret.strip()) >= _SHORTEST_SECRET}
        forms = {form for secret in long for form in (secret, quote(secret, safe=""), one_line(secret))}
        ordered = sorted((form for form in forms if form), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __repr__(self) -> str:
        return "Scrubber()"

    def __call__(self, text: str) -> str:
        """`text` with every secret masked."""
        if self._known is not None:
            text = self._known.sub(_MASK, text)
        return _KEY_LIKE.sub(_MASK, text)

    def message(self, text: str) -> str:
        """`text` as one short line without secrets: first scrubbed, then cut, so that no half key is left."""
        return shortened(self(one_line(self(text))))
