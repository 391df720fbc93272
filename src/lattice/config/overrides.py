"""``--set PATH=VALUE``: one key of an evaluation file, given on the command line instead."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from lattice.config.documents import SyntaxProblem
from lattice.config.places import KeyPath, dotted, split_dotted
from lattice.config.yaml_documents import parse_yaml
from lattice.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value that takes the place of the file's.

    Parameters
    ----------
    path: the key's parts; places in lists, counted from 0, as digits.
    value: JSON-like data.
    """

    path: tuple[str, ...]
    value: Any


def parse_override(text: str) -> Override:
    """Read ``PATH=VALUE``, such as ``targets.0.params.max_tokens=64``; VALUE is read as YAML.

    Raises
    ------
    UsageError: it has another form.
    """
    path, given, value = text.partition("=")
    if not given:
        raise UsageError(f"--set {text}: expected PATH=VALUE, such as run.max_concurrent=20")
    try:
        parts = split_dotted(path)
    except ValueError as error:
        raise UsageError(f"--set {text}: {error} in the path {path!r}") from None
    try:
        document = parse_yaml(value)
    except SyntaxProblem as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        raise UsageError(f"--set {path}: the value is {problem.message}{hint}") from None
    if document.flaws:
        raise UsageError(f"--set {path}: {document.flaws[0].message}")
    return Override(path=parts, value=document.data)


def apply(data: Any, override: Override) -> tuple[Any, KeyPath]:
    """`data` with the override in it, and the path under which it now stands.

    Raises
    ------
    ValueError: the path leads through something that has no parts, or to a place that a list does not have.
    """
    return _put(data, override.path, override.value, ())


def _put(data: Any, parts: tuple[str, ...], value: Any, above: KeyPath) -> tuple[Any, KeyPath]:
    if not parts:
        return value, above
    part, rest = parts[0], parts[1:]
    if isinstance(data, list):
        index = _index(data, part, above, last=not rest)
        inner, path = _put(data[index] if index < len(data) else None, rest, value, (*above, index))
        return [*data[:index], inner, *data[index + 1 :]], path
    if data is None or isinstance(data, dict):
        known = data or {}
        inner, path = _put(known.get(part), rest, value, (*above, part))
        return {**known, part: inner}, path
    raise ValueError(f"{dotted(above)} is a single value and has no part {part!r}")


def _index(data: list[Any], part: str, above: KeyPath, *, last: bool) -> int:
    """The place in a list; a last part may also name the place behind its end."""
    count = f"{len(data)} {'entry' if len(data) == 1 else 'entries'}"
    if not (part.isascii() and part.isdigit()):
        names = [str(entry["name"]) for entry in data if isinstance(entry, dict) and "name" in entry]
        near = difflib.get_close_matches(part, names, n=1)
        meant = f"; {near[0]!r} stands at {names.index(near[0])}" if near and len(names) == len(data) else ""
        raise ValueError(f"{dotted(above)} is a list of {count}: write a place from 0, not {part!r}{meant}")
    index = int(part)
    if index > len(data) or (index == len(data) and not last):
        raise ValueError(f"{dotted(above)} is a list of {count}, counted from 0: there is no {index}")
    return index
