"""What may stand where in an evaluation file, read from the settings' JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lattice.config.places import KeyPath
from lattice.core.evaluation import Evaluation

_Schema = Mapping[str, Any]


@cache
def _root() -> _Schema:
    return Evaluation.model_json_schema(by_alias=True)


@dataclass(frozen=True, slots=True)
class Shape:
    """The forms that one value may have.

    Parameters
    ----------
    forms: JSON schemas without references and unions; none at all means that anything may stand here.
    description: what the value is, in words.
    """

    forms: tuple[_Schema, ...] = ()
    description: str | None = None

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The keys that a mapping may have here; None where it may have any, or where none is expected."""
        named = [form["properties"] for form in self.forms if "properties" in form and not _is_file(form)]
        return tuple(key for properties in named for key in properties) if named else None

    @property
    def takes_file(self) -> bool:
        """Whether ``{file: PATH}`` may stand here for a text."""
        return any(_is_file(form) for form in self.forms)

    def child(self, part: str | int) -> Shape:
        """The shape of what stands under a key, or of a list's entry."""
        for form in self.forms:
            if isinstance(part, int):
                inner = form.get("items")
            elif "properties" in form:
                inner = form["properties"].get(part)
            else:
                inner = form.get("additionalProperties")
            if isinstance(inner, Mapping):
                return _shape(inner)
        return Shape()


def root_shape() -> Shape:
    """The shape of a whole evaluation."""
    return _shape(_root())


def shape_at(path: KeyPath) -> Shape:
    """The shape of what stands at `path`."""
    shape = root_shape()
    for part in path:
        shape = shape.child(part)
    return shape


def walk(data: Any) -> Iterator[tuple[KeyPath, Any, Shape]]:
    """Every value of a configuration with its shape, outermost first."""
    yield from _walk((), data, root_shape())


def _walk(path: KeyPath, value: Any, shape: Shape) -> Iterator[tuple[KeyPath, Any, Shape]]:
    yield path, value, shape
    if not shape.forms:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk((*path, key), inner, shape.child(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk((*path, index), inner, shape.child(index))


def _shape(schema: _Schema) -> Shape:
    return Shape(tuple(_forms(schema)), schema.get("description"))


def _forms(schema: _Schema) -> Iterator[_Schema]:
    if "$ref" in schema:
        yield from _forms(_root()["$defs"][schema["$ref"].rpartition("/")[2]])
        return
    unions = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if not unions or "properties" in schema:
        # A union within a mapping only says which of its keys go together.
        yield schema
        return
    for part in unions:
        yield from _forms(part)


def _is_file(form: _Schema) -> bool:
    return set(form.get("properties", ())) == {"file"}
