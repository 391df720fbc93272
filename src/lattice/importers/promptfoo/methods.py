"""Assertions as methods of checks, and as assertions that each input carries.

What they mean: https://www.promptfoo.dev/docs/configuration/expected-outputs/deterministic/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from lattice.importers import patterns
from lattice.importers.promptfoo.cases import Assertion
from lattice.importers.records import Notes
from lattice.wire.yaml_dialect import YamlLoader

AGAINST_REFERENCE: Mapping[str, Mapping[str, Any]] = {
    "equals": {"exact_match": True},
    "contains": {"contains": True},
    "icontains": {"contains": {"ignore_case": True}},
}
"""Assertions with one text that can be compared with each input's reference."""

JUDGED = frozenset({"llm-rubric", "factuality", "model-graded-closedqa"})
BEST = "select-best"
_TESTS = {
    "equals": "equals",
    "contains": "contains",
    "icontains": "contains",
    "contains-any": "contains_any",
    "icontains-any": "contains_any",
    "contains-all": "contains_all",
    "icontains-all": "contains_all",
    "starts-with": "starts_with",
    "regex": "regex",
    "is-json": "is_json",
}
_USUAL_SIMILARITY = 0.75
_REASONS = {
    "javascript": "code; write it as a check in Python: def NAME(input, response)",
    "python": "its code expects (output, context); write it as a check: def NAME(input, response)",
    "webhook": "a service of one's own; write a check in Python that calls it",
    "latency": "a gate could be: latency_p95 < SECONDS",
    "cost": "a gate could be: cost_usd < USD, for the whole run",
    "levenshtein": "counts letters; closest is similarity, which is a share",
}


def texts_of(value: Any) -> list[str]:
    """The texts of a value: a list's, those between commas, or itself."""
    if isinstance(value, list):
        return [text_of(each) for each in value if text_of(each)]
    return [part.strip() for part in text_of(value).split(",") if part.strip()]


def text_of(value: Any) -> str:
    """A value as the text that a response is compared with."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def method_of(assertion: Assertion, notes: Notes) -> dict[str, Any] | None:
    """A check's method for an assertion that is the same for all inputs; None where it was noted as left."""
    _note_extras(assertion, notes)
    kind, value = assertion.type, assertion.value
    folded = kind.startswith("i") and kind != "is-json"
    plain = kind.removeprefix("i") if folded else kind
    cased: dict[str, Any] = {"ignore_case": True} if folded else {}
    match plain:
        case "equals" if text_of(value):
            return (
                {"regex": patterns.equals_not(text_of(value))}
                if assertion.negated
                else {"exact_match": {"value": text_of(value)}}
            )
        case "contains" if text_of(value):
            return _containing("all", [text_of(value)], assertion.negated, cased)
        case "contains-any" | "contains-all" if texts_of(value):
            return _containing(plain.removeprefix("contains-"), texts_of(value), assertion.negated, cased)
        case "starts-with" if text_of(value) and not assertion.negated:
            return {"regex": patterns.starts_with(text_of(value))}
        case "regex" if patterns.is_pattern(text_of(value)) and text_of(value):
            pattern = patterns.matches_not(text_of(value)) if assertion.negated else {"pattern": text_of(value)}
            return {"regex": pattern} if pattern else _left(assertion, "it cannot be turned round", notes)
        case "regex":
            return _left(assertion, "no regular expression in Python's syntax", notes)
        case "is-json" if not assertion.negated:
            return _json(assertion, notes)
        case "similar" if text_of(value) and not assertion.negated:
            return {"similarity": {"value": text_of(value), **similarity(assertion, notes)}}
        case _:
            return _left(assertion, _reason(assertion), notes)


def similarity(assertion: Assertion, notes: Notes) -> dict[str, Any]:
    """Settings of a similarity by meaning."""
    notes.changed(
        assertion.place, assertion.what, "another embedding model, so other numbers; needs the extra 'embeddings'"
    )
    threshold = _USUAL_SIMILARITY if assertion.threshold is None else min(1.0, assertion.threshold)
    return {"embeddings": True, "at_least": threshold}


def carried_assertion(assertion: Assertion, notes: Notes) -> dict[str, Any] | None:
    """What one input carries for an assertion of its own; None where it was noted as left."""
    test = _TESTS.get(assertion.type)
    if test is None:
        reason = "tests differ in it, and only a reference that all of them have is compared by meaning"
        _left(assertion, reason if assertion.type == "similar" else _reason(assertion), notes)
        return None
    value: Any = texts_of(assertion.value) if test in ("contains_any", "contains_all") else text_of(assertion.value)
    if test == "regex" and not patterns.is_pattern(text_of(value)):
        _left(assertion, "no regular expression in Python's syntax", notes)
        return None
    if test == "is_json" and value:
        notes.left(f"{assertion.place}.value", "schema", "each input's own schema; only whether it is JSON is checked")
    carried: dict[str, Any] = {"test": test, "value": value} if test != "is_json" else {"test": test}
    if assertion.type.startswith("i") and assertion.type != "is-json":
        carried["ignore_case"] = True
    if assertion.negated:
        carried["negated"] = True
    if assertion.weight != 1:
        carried["weight"] = assertion.weight
    return carried


def _containing(which: str, texts: Sequence[str], negated: bool, cased: Mapping[str, Any]) -> dict[str, Any]:
    if not negated:
        return {"contains": {which: list(texts), **cased}}
    turned = patterns.contains_none if which == "any" or len(texts) == 1 else patterns.contains_not_all
    return {"regex": turned(texts, ignore_case=bool(cased))}


def _json(assertion: Assertion, notes: Notes) -> dict[str, Any] | None:
    schema: Any = assertion.value
    if isinstance(schema, str):
        try:
            schema = yaml.load(schema, YamlLoader)
        except (yaml.YAMLError, RecursionError):
            schema = None
        if schema is None:
            return _left(assertion, "its schema cannot be read", notes)
    if schema is not None and not isinstance(schema, dict):
        return _left(assertion, "its schema is no mapping", notes)
    return {"json_schema": schema or {}}


def _note_extras(assertion: Assertion, notes: Notes) -> None:
    if assertion.weight != 1:
        reason = "checks stand beside each other, each with its own number"
        notes.left(f"{assertion.place}.weight", f"{assertion.weight:g}", reason)


def _reason(assertion: Assertion) -> str:
    if assertion.negated and assertion.type not in _TESTS:
        return "there is no such assertion the other way round"
    if assertion.type in _TESTS and assertion.type != "is-json" and not text_of(assertion.value):
        return "it has no value"
    return _REASONS.get(assertion.type, "there is nothing of this kind")


def _left(assertion: Assertion, reason: str, notes: Notes) -> dict[str, Any] | None:
    """Note an assertion as left, which leaves it without a method."""
    notes.left(assertion.place, assertion.what, reason)
    return None
