"""From a row to an `Input`: no validation library here, since it happens a million times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from lattice.core.evaluation import InputFields
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.inputs.fields import FieldPath, Layout, layout_of, without
from lattice.inputs.rows import RowProblem, Rows

_ROLES = frozenset({"system", "user", "assistant"})
# Rows of one file have few sets of fields; one with a new set each time must not fill the memory.
_MOST_LAYOUTS = 1000


class InputBuilder:
    """Makes inputs of rows; what it works out for one set of fields serves all rows that have it."""

    def __init__(self, fields: InputFields, rows: Rows) -> None:
        self._fields = fields
        self._rows = rows
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._unseen = {role for role, name in fields.model_dump().items() if name is not None}

    @property
    def unseen(self) -> frozenset[str]:
        """What the configuration names a field for, and no row so far has had that field."""
        return frozenset(self._unseen)

    def build(self, position: int, row: Any, raw: Any) -> Input:
        """The input that stands at `position`.

        Parameters
        ----------
        raw: what reads the row again, see `Rows.literal`.

        Raises
        ------
        RowProblem: it is none.
        """
        if type(row) is not dict:
            return self._build_other(position, row, raw)
        names = tuple(row)
        layout = self._layouts.get(names) or self._layout(names)
        if self._unseen:
            self._note_seen(layout, row)
        value = _get(row, layout.input)
        if self._rows.cells:
            value = _written_conversation(value)
        input_ = value if type(value) is str and value and not value.isspace() else _input(value)
        return Input(
            position=position,
            id=self._text("id", row, layout.id, raw) or str(position),
            input=input_,
            reference=self._reference(row, layout.reference, raw),
            context=self._context(_get(row, layout.context)) if layout.context is not None else (),
            metadata=self._metadata(row, layout) if layout.extras or layout.metadata is not None else {},
            cluster=self._text("cluster", row, layout.cluster, raw) or None,
        )

    def _build_other(self, position: int, row: Any, raw: Any) -> Input:
        match row:
            case RowProblem():
                raise row
            case str():
                return Input(position=position, id=str(position), input=_input(row))
            case Mapping():
                return self.build(position, dict(row), raw)
            case _:
                raise RowProblem(f"expected a mapping or a text, got {_kind(row)}")

    def _layout(self, names: tuple[str, ...]) -> Layout:
        layout = layout_of(names, self._fields)
        if len(self._layouts) >= _MOST_LAYOUTS:
            self._layouts.clear()
        self._layouts[names] = layout
        return layout

    def _note_seen(self, layout: Layout, row: Mapping[str, Any]) -> None:
        for role in tuple(self._unseen):
            if _get(row, getattr(layout, role)) is not None:
                self._unseen.discard(role)

    def _text(self, role: str, row: Mapping[str, Any], place: str | FieldPath | None, raw: Any) -> str | None:
        """An id or a cluster."""
        if place is None:
            return None
        value = _get(row, place)
        if value is None or type(value) is str:
            return value
        if type(value) in (int, float):
            return self._number(value, place, raw)
        raise RowProblem(f"the {role} must be a text or a number, got {_kind(value)}")

    def _reference(self, row: Mapping[str, Any], place: str | FieldPath | None, raw: Any) -> str | None:
        if place is None:
            return None
        value = _get(row, place)
        if value is None or type(value) is str:
            return value or None
        if type(value) in (int, float):
            return self._number(value, place, raw)
        return _json_text(value)

    def _number(self, value: float, place: str | FieldPath, raw: Any) -> str:
        """A number as it was written: 1.10 stays 1.10."""
        if self._rows.literal is None or type(value) not in self._rows.lossy:
            return str(value) if type(value) is int else _json_text(value)
        return str(_get(self._rows.literal(raw), place))

    def _context(self, value: Any) -> tuple[str, ...]:
        if self._rows.cells:
            value = _parsed(value, only="[")
        if value is None or value == "":
            return ()
        if type(value) is str:
            return (value,)
        if isinstance(value, (list, tuple)) and all(type(passage) is str for passage in value):
            return tuple(value)
        raise RowProblem(f"the context must be a text or a list of texts, got {_kind(value)}")

    def _metadata(self, row: Mapping[str, Any], layout: Layout) -> dict[str, Any]:
        rest = without(row, layout.used) if layout.used else row
        found = {name: rest[key] for key, name in layout.extras if key in rest}
        value = _get(row, layout.metadata)
        if self._rows.cells:
            value = _parsed(value, only="{")
        if isinstance(value, Mapping):
            return {**found, **value}
        if value is None or value == "":
            return found
        raise RowProblem(f"the metadata must be a mapping, got {_kind(value)}")


def _get(row: Mapping[str, Any], place: str | FieldPath | None) -> Any:
    if type(place) is str:
        return row[place]
    return None if place is None else place.get(row)  # type: ignore[union-attr]  # a path, not a key


def _input(value: Any) -> str | tuple[Message, ...]:
    match value:
        case None:
            raise RowProblem("the input is missing")
        case str() if value.strip():
            return value
        case str() | [] | ():
            raise RowProblem("the input is empty")
        case list() | tuple():
            return _conversation(value)
        case _:
            raise RowProblem(f"the input must be a text or a list of chat messages, got {_kind(value)}")


def _parsed(cell: Any, *, only: str) -> Any:
    """What a cell holds as JSON if it begins like it, else the cell."""
    if not isinstance(cell, str) or not cell.lstrip().startswith(only):
        return cell
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


def _written_conversation(cell: str) -> Any:
    """A cell's chat messages if it holds nothing else, else the cell as it is."""
    value = _parsed(cell, only="[")
    return value if isinstance(value, list) and value and all(map(_is_message, value)) else cell


def _is_message(item: Any) -> bool:
    return isinstance(item, Mapping) and "role" in item and "content" in item


def _conversation(items: Any) -> tuple[Message, ...]:
    messages = tuple(_message(number, item) for number, item in enumerate(items, start=1))
    if not any(message.content.strip() for message in messages):
        raise RowProblem("the input is empty: no message has any content")
    return messages


def _message(number: int, item: Any) -> Message:
    if not _is_message(item):
        raise RowProblem(f"message {number} of the input must be a mapping with role and content, got {_kind(item)}")
    role, content = item["role"], item["content"]
    if role not in _ROLES:
        raise RowProblem(f"message {number} of the input has the role {role!r}; expected system, user or assistant")
    if not isinstance(content, str):
        raise RowProblem(f"the content of message {number} must be a text, got {_kind(content)}")
    return Message(role=role, content=content)


def _json_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        raise RowProblem(f"the reference must be JSON data, got {_kind(value)}") from None


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text"
        case int() | float():
            return f"the number {value}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a value of type {type(value).__name__}"
