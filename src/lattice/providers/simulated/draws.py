"""Chance that can be repeated: it comes from a seed and from what was asked, not from the order of calls."""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct

from lattice.core.models import Message

_EIGHT = Struct("<8Q")
_SCALE = 2.0**-53


def content_key(seed: int, model: str, messages: Iterable[Message]) -> bytes:
    """What identifies a request: 16 bytes from the seed, the model's name and the conversation.

    Sampling parameters are left out, so that the same question is the same content over either wire format
    and in process.
    """
    parts = [str(seed), model]
    for message in messages:
        parts += (message.role, message.content)
    text = "\x1f".join(parts)
    # Lone surrogates reach the simulator in process, where no JSON stands between.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def uniforms(content: bytes, purpose: bytes) -> tuple[float, ...]:
    """Eight independent numbers in [0, 1) for one purpose of one content.

    Parameters
    ----------
    content: from `content_key`.
    purpose: at most 16 bytes; different purposes give unrelated numbers.
    """
    digest = blake2b(content, digest_size=64, person=purpose).digest()
    return tuple((word >> 11) * _SCALE for word in _EIGHT.unpack(digest))


def normal(first: float, second: float) -> float:
    """A standard normal number from two uniform ones (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - first)) * math.cos(2.0 * math.pi * second)


def skewed(luck: float, mean: float) -> float:
    """A number in [0, 1] with the given mean, mostly above it, from a uniform one.

    Beta(a, 1) with a = m / (1 − m) by inversion: its distribution function is x^a, its mean a / (a + 1) = m.
    """
    if mean <= 0.0 or mean >= 1.0:
        return mean
    return math.pow(luck, (1.0 - mean) / mean)
