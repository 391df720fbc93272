"""What validation says, in plain words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lattice.config.places import Findings, KeyPath
from lattice.config.secrets import may_hold_secret
from lattice.config.shapes import shape_at
from lattice.core.settings import NONE_GIVEN

_LONGEST_SHOWN = 40

# By the first word of the error's type: what was expected.
_KINDS = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "mapping": "a mapping",
    "finite": "a finite number",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "of at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "of at most"),
    "less_than": ("lt", "below"),
}


def explain(error: ValidationError, data: Any, excused: frozenset[KeyPath], findings: Findings) -> None:
    """Note every error in words that need no knowledge of the validator.

    Parameters
    ----------
    data: what was validated.
    excused: keys whose absence has been explained otherwise.
    """
    for detail in error.errors(include_url=False):
        path = _path(detail)
        if detail["type"] == "found":
            for below, message in detail["ctx"]["found"]:
                findings.add((*path, *below), message)
        elif not _is_echo(detail, path, data, excused):
            message, hint = _words(detail, path)
            findings.add(path, message, hint)


def _path(detail: ErrorDetails) -> KeyPath:
    """The key's path; the validator adds marks for the forms of a union and for keys themselves."""
    return tuple(part for part in detail["loc"] if not re.fullmatch(r"<.*>|\[key\]", str(part)))


def _is_echo(detail: ErrorDetails, path: KeyPath, data: Any, excused: frozenset[KeyPath]) -> bool:
    """Whether an error only follows from another that is told already."""
    if detail["type"] == "missing":
        return path in excused
    if detail["type"] == NONE_GIVEN:
        return any(key[:-1] == path for key in excused)
    # A list whose entries are all invalid counts as empty.
    return detail["type"] == "too_short" and bool(_value_at(data, path))


def _value_at(data: Any, path: KeyPath) -> Any:
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _words(detail: ErrorDetails, path: KeyPath) -> tuple[str, str | None]:
    """Message and hint."""
    kind = detail["type"]
    got = shown(detail.get("input"), secret=may_hold_secret(path))
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]), None
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"expected a number {words} {context[key]:g}, got {got}", None
    if special := _SPECIAL.get(kind):
        return special(detail, path, got)
    expected = _KINDS.get(kind.partition("_")[0])
    if expected is None:
        return detail["msg"][:1].lower() + detail["msg"][1:], None
    if detail["loc"] and detail["loc"][-1] == "[key]":
        return f"expected {expected} as the key, got {got}", None
    if kind == "string_type" and shape_at(path).takes_file:
        expected = "a text or {file: PATH}"
    return f"expected {expected}, got {got}", _mend(kind, detail.get("input"))


def _missing(detail: ErrorDetails, path: KeyPath, got: str) -> tuple[str, str | None]:
    description = shape_at(path).description
    return "missing", f"expected: {description}" if description else None


def _choice(detail: ErrorDetails, path: KeyPath, got: str) -> tuple[str, str | None]:
    expected = detail.get("ctx", {}).get("expected", "")
    known = re.findall(r"'([^']*)'", expected)
    near = difflib.get_close_matches(str(detail.get("input")), known, n=1)
    return f"expected {', '.join(known[:-1])} or {known[-1]}, got {got}", (f"did you mean {near[0]}?" if near else None)


def _too_short(detail: ErrorDetails, path: KeyPath, got: str) -> tuple[str, str | None]:
    if detail["type"] == "too_short":
        return "expected a list with at least one entry, got an empty one", None
    description = shape_at(path).description
    return f"expected a longer text, got {got}", f"expected: {description}" if description else None


def _too_long(detail: ErrorDetails, path: KeyPath, got: str) -> tuple[str, str | None]:
    most = detail.get("ctx", {}).get("max_length")
    return f"expected at most {most} characters, got {len(str(detail.get('input')))}", None


def _pattern(detail: ErrorDetails, path: KeyPath, got: str) -> tuple[str, str | None]:
    description = shape_at(path).description
    return f"{got} has not the form that is expected here", f"expected: {description}" if description else None


_SPECIAL: Mapping[str, Callable[[ErrorDetails, KeyPath, str], tuple[str, str | None]]] = {
    "missing": _missing,
    "literal_error": _choice,
    "enum": _choice,
    "too_short": _too_short,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _pattern,
}


def _mend(kind: str, value: Any) -> str | None:
    if kind == "string_type" and isinstance(value, (int, float)):
        return "put it in quotes"
    if kind == "tuple_type" and isinstance(value, Mapping):
        return "begin each entry with a dash"
    if kind == "tuple_type" and isinstance(value, str):
        return f"write [{shown(value, secret=False)}]"
    if kind in ("int_type", "float_type") and isinstance(value, str) and re.fullmatch(r"[-+.\d]+", value):
        return "write it without quotes"
    return None


def shown(value: Any, *, secret: bool) -> str:
    """A value as a message repeats it: short, and not at all where it may be a secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case str() if secret:
            return "a text"
        case str():
            return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")
        case int() | float():
            return "a number" if secret else str(value)
        case _:
            return f"a value of type {type(value).__name__}"
