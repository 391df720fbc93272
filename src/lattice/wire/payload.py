"""JSON over the wire: strict UTF-8 on the way out, and forgiving of lone surrogates on the way in."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import orjson


def encode(value: Any) -> bytes:
    """`value`, records included, as JSON; half a surrogate pair, which UTF-8 cannot carry, is replaced.

    Raises
    ------
    TypeError: there is something in it that JSON does not know.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_well_formed(value))


def decode(body: bytes) -> Any:
    """The value that the JSON text `body` states, without lone surrogates.

    Raises
    ------
    ValueError: it is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\u" not in body:
            raise
    try:
        return _well_formed(json.loads(body))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def well_formed(text: str) -> str:
    """`text` with each lone surrogate replaced, and split pairs joined."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_well_formed(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: _well_formed(getattr(value, part.name)) for part in fields(value)}
    return value
