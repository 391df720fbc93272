"""How text and data of any origin are kept, whatever a model, a file or a person put into them.

Neither database keeps every Python text: UTF-8 has no lone surrogates, PostgreSQL refuses NUL and SQLite's
own functions stop at it. So these are written as U+FDD0, a code point that Unicode reserves for use inside
programs, and four hexadecimal digits: NUL as ``\\ufdd00000``, the lone surrogate U+D800 as ``\\ufdd0d800``, and
U+FDD0 itself as ``\\ufdd0fdd0``. Every other text is stored as it is, and each text is read back as it was.

Data is stored as JSON text. What orjson cannot write without loss (lone surrogates, integers above 64 bits)
is written by the standard library with one space in front, which says who has to read it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

ESCAPE = "\ufdd0"

_UNSAFE = re.compile("[\x00\ufdd0\ud800-\udfff]")
_ESCAPED = re.compile(ESCAPE + "([0-9a-f]{4})")
_STANDARD_LIBRARY = " "


def encode_text(text: str) -> str:
    """A text that both databases keep, and that `decode_text` turns back."""
    if "\x00" not in text:
        if text.isascii():
            return text
        if ESCAPE not in text and _is_utf8(text):
            return text
    return _UNSAFE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def decode_text(stored: str) -> str:
    """The text that `encode_text` was given."""
    if ESCAPE not in stored:
        return stored
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), stored)


def encode_optional(text: str | None) -> str | None:
    """`encode_text` where there is a text."""
    return None if text is None else encode_text(text)


def decode_optional(stored: str | None) -> str | None:
    """`decode_text` where there is a text."""
    return None if stored is None else decode_text(stored)


def encode_json(data: Any) -> str:
    """JSON that both databases keep. What JSON has no form for is kept as its ``str``."""
    try:
        return orjson.dumps(data, default=str).decode()
    except TypeError:
        return _STANDARD_LIBRARY + json.dumps(data, default=str, separators=(",", ":"))


def decode_json(stored: str) -> Any:
    """The data that `encode_json` was given."""
    return json.loads(stored) if stored.startswith(_STANDARD_LIBRARY) else orjson.loads(stored)


def decode_mapping(stored: str | None) -> Mapping[str, Any]:
    """A stored object; an absent one is empty."""
    found: Mapping[str, Any] = decode_json(stored) if stored else {}
    return found


def canonical_json(data: Any) -> bytes:
    """One form for equal data, to be hashed: keys in order, nothing between the parts."""
    try:
        return orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        plain = json.loads(json.dumps(data, default=str))
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
