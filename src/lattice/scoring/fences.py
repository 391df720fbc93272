"""Fences around untrusted text: blocks that nothing written inside them can close.

All blocks of one question carry the same tag, as in ``<<<RESPONSE 3f9a0c51d2e8>>>``. It is derived from all
the texts, so that the same question can be shown again, and chosen so that it stands in none of them. Whoever
writes one of the texts changes the tag by writing it, and cannot aim at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import count

_TAG_LENGTH = 12


def fence(blocks: Mapping[str, str]) -> dict[str, str]:
    """Each text between its markers, by the block's name."""
    tag = fence_tag(tuple(blocks.values()))
    return {name: f"<<<{name} {tag}>>>\n{text}\n<<<END {name} {tag}>>>" for name, text in blocks.items()}


def fence_tag(texts: Sequence[str]) -> str:
    """A tag of 12 hexadecimal digits that depends on every text and stands in none of them."""
    parts: list[bytes] = []
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        parts += (len(content).to_bytes(8, "big"), content)
    everything = b"".join(parts)
    for turn in count():
        tag = hashlib.sha256(everything + turn.to_bytes(8, "big")).hexdigest()[:_TAG_LENGTH]
        if tag.encode() not in everything:
            return tag
    raise AssertionError("unreachable: no text holds every tag")
