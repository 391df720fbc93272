"""XML written piece by piece, whatever is in its texts."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REPLACEMENT = "\ufffd"
_CONTROL_PICTURES = 0x2400
# XML 1.0 has no way to write these, not even as references. C1 controls are allowed and help nobody.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile('[&<>"\r\n\t]')
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTES = {**_IN_TEXT, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


def text(content: str) -> str:
    """What stands between tags, see `allowed`."""
    return _SPECIAL.sub(lambda found: _IN_TEXT.get(found[0], found[0]), allowed(content))


def element(name: str, attributes: Mapping[str, str], content: str | None = None) -> str:
    """An element with a text, or an empty one."""
    head = opening(name, attributes)
    return f"{head[:-1]}/>" if content is None else f"{head}{text(content)}</{name}>"


def opening(name: str, attributes: Mapping[str, str]) -> str:
    """The tag that begins an element; names are our own, values are not."""
    written = "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def _attribute(value: str) -> str:
    return _SPECIAL.sub(lambda found: _IN_ATTRIBUTES[found[0]], allowed(value))


def allowed(content: str) -> str:
    """Control characters become their pictures (``␀``), the rest that XML lacks ``�``; nothing is escaped."""
    return _FORBIDDEN.sub(_picture, content)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(_CONTROL_PICTURES + code) if code < 0x20 else _REPLACEMENT
