"""What the parts of a configuration are made of: their base, kinds of values, and checks across keys."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError

_TEXT_OR_FILE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"file": {"type": "string", "description": "path from the evaluation file's folder"}},
            "required": ["file"],
            "additionalProperties": False,
        },
    ]
}

TextOrFile = Annotated[str, WithJsonSchema(_TEXT_OR_FILE)]

Whole = Annotated[int, Strict()]
"""A whole number; `true` and `"10"` are none."""

Number = Annotated[float, Strict()]
"""A finite number; `true` and `"0.5"` are none."""

_WHOLE_64_BIT = range(-(2**63), 2**64)


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a name, got nothing but spaces")
    return text


Name = Annotated[str, AfterValidator(_named)]


def _json_data(value: Any) -> Any:
    """What is sent or stored as JSON must be JSON."""
    for path, leaf in _leaves(value, ()):
        if problem := _not_json(leaf):
            raise ValueError(": ".join(part for part in (".".join(path), problem) if part))
    return value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, "key"), key if isinstance(key, str) else object()
            yield from _leaves(item, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield path, value


def _not_json(leaf: Any) -> str | None:
    match leaf:
        case None | bool():
            return None
        case str():
            whole = leaf.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in leaf)
            return None if whole else "expected a text, got one with half of a surrogate pair"
        case int():
            return None if leaf in _WHOLE_64_BIT else "expected a whole number of at most 64 bits"
        case float():
            return None if math.isfinite(leaf) else "expected a finite number"
        case _:
            return "expected JSON data: texts, numbers, true, false, null, lists and mappings with texts as keys"


JsonMapping = Annotated[dict[str, Any], AfterValidator(_json_data)]
"""A mapping that can be written as JSON as it is."""

JsonData = Annotated[Any, AfterValidator(_json_data)]
"""Anything that can be written as JSON as it is."""


class Settings(BaseModel):
    """Base of all parts of a configuration. A key with nothing behind it counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or None not in data.values():
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()} | cls.model_fields.keys()
        return {key: value for key, value in data.items() if value is not None or key not in known}


NONE_GIVEN = "none_given"
"""The type of the error when none of several keys is there of which one must be."""


def exactly_one(names: Sequence[str]) -> ConfigDict:
    """Configuration of a part that has exactly one of some keys, so that editors know it too."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in names]})


def the_one_given(part: Settings, names: Sequence[str]) -> str:
    """Which of several keys a part has.

    Raises
    ------
    PydanticCustomError: it has none of them, or more than one.
    """
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) == 1:
        return given[0]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    kind, what = (NONE_GIVEN, "none of them") if not given else ("several_given", " and ".join(given))
    raise PydanticCustomError(kind, "{text}", {"text": f"expected exactly one of {listed}, got {what}"})


class Written:
    """Shorter ways to write a part of a configuration, for its JSON schema; a validator turns them into it.

    Parameters
    ----------
    forms: a JSON schema for each.
    """

    def __init__(self, *forms: dict[str, Any]) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [*self._forms, handler(schema)]}


def raise_found(found: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
    """Raise what a check across several keys found; ``ctx["found"]`` tells the place of each."""
    if found:
        text = "; ".join(message for _, message in found)
        raise PydanticCustomError("found", "{text}", {"text": text, "found": tuple(found)})


def repeated(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Index and name of each name that has stood before."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index, name
        seen.add(name)
