"""Records as JSON that every reader takes and that loses nothing.

JSON in UTF-8 cannot hold halves of surrogate pairs; many readers refuse them as escapes, and all of them take two
halves in a row for one character. They become ``�``, and a record that has any says under ``exactly`` what it is: as
JSON text in which a half stands as `lattice.store.text` keeps it, U+FDD0 and its four hexadecimal digits. NaN and
infinities, which JSON has no form for, are null. Integers have all their digits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from lattice.store.text import decode_text, encode_text

EXACTLY = "exactly"

_HALVES = re.compile("[\ud800-\udfff]")
# Integers that orjson reads as floats.
_LONG_NUMBER = re.compile(rb"[0-9]{18}")


def encode_exactly(record: Mapping[str, Any]) -> bytes:
    """A record on one line."""
    try:
        return orjson.dumps(record, default=str)
    except TypeError:
        finite = _without_infinities(record)
    text = json.dumps(finite, default=str, ensure_ascii=False, separators=(",", ":"))
    if _HALVES.search(text) is None:
        return text.encode()
    exactly = json.dumps(encode_text(text), ensure_ascii=False)
    return f'{_readable(text)[:-1]},"{EXACTLY}":{exactly}}}'.encode()


def decode_exactly(text: bytes) -> Any:
    """What `encode_exactly` was given, or anything else that is JSON.

    Raises
    ------
    ValueError: it is none, or what it says to be exactly is something else.
    """
    return restored(_loads(text))


def restored(data: Any) -> Any:
    """A record as it was, out of what a reader of JSON makes of it.

    Raises
    ------
    ValueError: what it says to be exactly is something else.
    """
    if not isinstance(data, dict) or not isinstance(escaped := data.get(EXACTLY), str):
        return data
    text = decode_text(escaped)
    readable = _standard(_readable(text))
    if readable != {name: value for name, value in data.items() if name != EXACTLY}:
        raise ValueError(f"{EXACTLY!r} says something else than the rest of the record")
    return _standard(text)


def _loads(text: bytes) -> Any:
    return orjson.loads(text) if _LONG_NUMBER.search(text) is None else _standard(text)


def _standard(text: bytes | str) -> Any:
    """Read by the standard library, which takes long integers and halves of surrogate pairs as they are."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _readable(text: str) -> str:
    return _HALVES.sub("\ufffd", text)


def _without_infinities(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _without_infinities(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_without_infinities(each) for each in data]
    return data
