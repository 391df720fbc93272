"""What shape of JSON a request wants: read from its schema, or from the words of its prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

USUAL_LEVELS = (1, 2, 3, 4, 5)
_SCANNED = 20_000
_CACHED = 256

Level = int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictForm:
    """The fields of a judge's answer.

    Parameters
    ----------
    score: levels from lowest to highest, empty where no score is wanted.
    criteria: levels by name of the criterion.
    winner: what may be said of two answers, empty where nothing is compared.
    reasoning: name of the field for it, None where there is none.
    """

    score: tuple[Level, ...] = ()
    criteria: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    winner: tuple[str, ...] = ()
    reasoning: str | None = "reasoning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A JSON schema, understood.

    Parameters
    ----------
    verdict: how to fill it as a judge, None where it is no verdict.
    loose: what strict structured output would complain about, None where nothing.
    """

    schema: Mapping[str, Any]
    verdict: VerdictForm | None
    loose: str | None


class Forms:
    """Schemas understood once and kept: a run sends the same few again and again."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Form] = {}

    def of(self, schema: Mapping[str, Any]) -> Form:
        """The form of a schema."""
        key = orjson.dumps(schema)
        form = self._kept.get(key)
        if form is None:
            if len(self._kept) >= _CACHED:
                self._kept.clear()
            form = Form(schema=schema, verdict=_verdict_of_schema(schema), loose=_looseness(schema, schema))
            self._kept[key] = form
        return form


def resolve(node: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a ``$ref`` within the schema; what is no schema becomes the empty one."""
    for _ in range(8):
        if not isinstance(node, Mapping):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        node = root
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return {}


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node.get("properties")
    return found if isinstance(found, Mapping) else {}


def _verdict_of_schema(schema: Mapping[str, Any]) -> VerdictForm | None:
    fields = _properties(schema)
    score = _levels(resolve(fields.get("score"), schema)) if "score" in fields else ()
    criteria = {
        str(name): _levels(resolve(node, schema)) or USUAL_LEVELS
        for name, node in _properties(resolve(fields.get("criteria"), schema)).items()
    }
    winner: tuple[str, ...] = ()
    if "winner" in fields:
        node = resolve(fields["winner"], schema)
        winner = tuple(str(value) for value in node.get("enum", ())) or ("A", "B", "tie")
    if not (score or criteria or winner):
        return None
    reasoning = next((name for name in ("reasoning", "explanation", "rationale") if name in fields), None)
    return VerdictForm(score=score, criteria=criteria, winner=winner, reasoning=reasoning)


def _levels(node: Mapping[str, Any]) -> tuple[Level, ...]:
    values = node.get("enum")
    if isinstance(values, list) and values:
        numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return tuple(sorted(numbers)) if len(numbers) == len(values) else tuple(str(value) for value in values)
    low, high = node.get("minimum"), node.get("maximum")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low < high <= low + 1000:
        if node.get("type") == "number" and high - low <= 1:
            return tuple(low + (high - low) * step / 10 for step in range(11))
        return tuple(range(int(low), int(high) + 1))
    return USUAL_LEVELS if node.get("type") in ("integer", "number") else ()


def _looseness(node: Any, root: Mapping[str, Any], path: tuple[str, ...] = ()) -> str | None:
    """What strict structured output of the OpenAI API would refuse: optional fields and open objects."""
    if not isinstance(node, Mapping):
        return None
    if node.get("type") == "object":
        if node.get("additionalProperties") is not False:
            return f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
        missing = [name for name in _properties(node) if name not in node.get("required", ())]
        if missing:
            return (
                f"In context={path}, 'required' is required to be supplied and to be an array including "
                f"every key in properties. Missing '{missing[0]}'."
            )
    children: list[tuple[tuple[str, ...], Any]] = [
        (("properties", name), child) for name, child in _properties(node).items()
    ]
    children += [(("items",), node.get("items"))]
    children += [(("$defs", name), child) for name, child in (node.get("$defs") or {}).items()]
    children += [(("anyOf", str(place)), child) for place, child in enumerate(node.get("anyOf") or ())]
    found = (_looseness(child, root, path + step) for step, child in children)
    return next((problem for problem in found if problem), None)


_KEY = re.compile(r'"(score|criteria|winner)"\s*:')
_RANGE = r"(-?\d{1,4})\s*(?:-|–|—|…|\.{2,3}|to|and|through)\s*(-?\d{1,4})"
_LISTED = re.compile(r"<(-?\d+(?:,\s*-?\d+)*,?\s+or\s+-?\d+)>")
_SCORE_RANGE = re.compile(rf'"score"\s*:[^\n]{{0,40}}?{_RANGE}')
_WORDED_RANGE = re.compile(rf"(?:from|between|scale(?: of)?|integer|number)\s+{_RANGE}", re.IGNORECASE)
_RUBRIC_LINE = re.compile(r"^[\s*-]*(-?\d{1,3})(?:\s*\([^)\n]*\))?\s*[:=–]", re.MULTILINE)
_CRITERIA_SHAPE = re.compile(r'"criteria"\s*:\s*\{([^{}]*)\}')
_CRITERION = re.compile(r'"([^"\n]+)"\s*:')


def verdict_of_text(text: str) -> VerdictForm | None:
    """The verdict that a prompt describes by the JSON it shows; None where it shows none."""
    scanned = text[:_SCANNED]
    keys = set(_KEY.findall(scanned))
    if not keys:
        return None
    levels = _levels_of_text(scanned)
    criteria: dict[str, tuple[Level, ...]] = {}
    shape = _CRITERIA_SHAPE.search(scanned) if "criteria" in keys else None
    if shape:
        criteria = dict.fromkeys(_CRITERION.findall(shape[1]), levels)
    winner = ("A", "B", "tie") if "winner" in keys else ()
    score = levels if "score" in keys or not (criteria or winner) else ()
    return VerdictForm(score=score, criteria=criteria, winner=winner)


def _levels_of_text(text: str) -> tuple[Level, ...]:
    if listed := _LISTED.search(text):
        return tuple(sorted({int(number) for number in re.findall(r"-?\d+", listed[1])}))
    for pattern in (_SCORE_RANGE, _WORDED_RANGE):
        for low, high in pattern.findall(text):
            if int(low) < int(high) <= int(low) + 1000:
                return tuple(range(int(low), int(high) + 1))
    lines = sorted({int(number) for number in _RUBRIC_LINE.findall(text)})
    if len(lines) >= 2 and lines[-1] - lines[0] <= 1000:
        return tuple(range(lines[0], lines[-1] + 1))
    return USUAL_LEVELS


def fill(node: Any, root: Mapping[str, Any], text: str, depth: int = 0) -> Any:
    """A value that fits a schema, with `text` wherever a text is wanted."""
    schema = resolve(node, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in (*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
        return fill(choice, root, text, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if (kind == "object" or _properties(schema)) and depth < 16:
        return {name: fill(child, root, text, depth + 1) for name, child in _properties(schema).items()}
    if kind == "array":
        count = int(schema.get("minItems", 1)) if depth < 16 else 0
        return [fill(schema.get("items"), root, text, depth + 1) for _ in range(min(count, 100))]
    plain = {"integer": int(schema.get("minimum", 0)), "number": float(schema.get("minimum", 0))}
    return {**plain, "boolean": True, "null": None}.get(str(kind), text)
