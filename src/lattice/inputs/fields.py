"""Which field of a row is what."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lattice.core.evaluation import InputFields
from lattice.inputs.rows import RowProblem

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "input": ("input", "question", "query", "prompt"),
    "reference": ("reference", "answer", "expected", "expected_output", "ideal", "ground_truth"),
    "context": ("context", "contexts", "retrieval_context"),
    "metadata": ("metadata",),
    "cluster": ("cluster",),
}
_METADATA_COLUMN = "metadata."


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field within a field, such as ``data.question``."""

    parts: tuple[str, ...]

    def get(self, row: Mapping[str, Any]) -> Any:
        """What stands there, None where nothing does."""
        value: Any = row
        for part in self.parts:
            if not isinstance(value, Mapping):
                return None
            value = value.get(part)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a row with certain fields has what; a field is a key of the row, or a path into it.

    Parameters
    ----------
    input: always there.
    extras: further fields, with their names in the metadata.
    used: paths into further fields that are not metadata, since they have been used.
    """

    input: str | FieldPath
    id: str | FieldPath | None = None
    reference: str | FieldPath | None = None
    context: str | FieldPath | None = None
    metadata: str | FieldPath | None = None
    cluster: str | FieldPath | None = None
    extras: tuple[tuple[str, str], ...] = ()
    used: tuple[FieldPath, ...] = ()


def layout_of(names: Collection[str], fields: InputFields) -> Layout:
    """The layout of rows with these fields.

    Raises
    ------
    RowProblem: there is no input among them, or more than one field may be the same thing.
    """
    if not all(isinstance(name, str) for name in names):
        raise RowProblem("the names of fields must be texts", shared=True)
    places = {role: _place(role, names, getattr(fields, role)) for role in ALIASES}
    if places["input"] is None:
        raise _no_input(names, fields)
    taken = {place for place in places.values() if isinstance(place, str)}
    extras = tuple((name, name.removeprefix(_METADATA_COLUMN)) for name in names if name not in taken)
    used = tuple(place for place in places.values() if isinstance(place, FieldPath))
    return Layout(**places, extras=extras, used=used)  # type: ignore[arg-type]  # the input is there


def _place(role: str, names: Collection[str], given: str | None) -> str | FieldPath | None:
    if given is not None:
        if given in names:
            return given
        parts = tuple(given.split("."))
        return FieldPath(parts) if len(parts) > 1 and parts[0] in names else None
    found = [alias for alias in ALIASES[role] if alias in names]
    if len(found) > 1:
        raise RowProblem(
            f"both {found[0]!r} and {found[1]!r} may be the {role}",
            f"say which one with inputs.fields.{role}",
            shared=True,
        )
    return found[0] if found else None


def _no_input(names: Collection[str], fields: InputFields) -> RowProblem:
    there = f"this row has {', '.join(names)}" if names else "this row is empty"
    if fields.input is not None:
        near = difflib.get_close_matches(fields.input, list(names), n=1)
        return RowProblem(
            f"no field {fields.input!r} for the input; {there}",
            f"did you mean {near[0]}?" if near else "correct inputs.fields.input",
            shared=True,
        )
    return RowProblem(
        f"no input: expected one of {', '.join(ALIASES['input'])}; {there}",
        "name the field with inputs.fields.input",
        shared=True,
    )


def without(row: Mapping[str, Any], paths: Collection[FieldPath]) -> Mapping[str, Any]:
    """`row` less what stands at `paths`."""
    for path in paths:
        row = _less(row, path.parts)
    return row


def _less(value: Mapping[str, Any], parts: tuple[str, ...]) -> Mapping[str, Any]:
    first, rest = parts[0], parts[1:]
    inner = value.get(first)
    if rest and isinstance(inner, Mapping):
        return {**value, first: _less(inner, rest)}
    return value if rest else {name: kept for name, kept in value.items() if name != first}
