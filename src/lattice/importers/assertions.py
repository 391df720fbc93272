"""Assertions that differ from input to input: each input carries its own in the metadata, under ``assertions``.

`lattice import` wrote this file. An assertion is a mapping: ``test`` (``equals``, ``contains``, ``contains_any``,
``contains_all``, ``regex``, ``starts_with``, ``is_json``), ``value``, and if needed ``ignore_case``, ``negated``,
``weight``, and ``field``: which part of a response in JSON is meant, such as ``answer.label``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def share(input: Any, response: Any) -> float:
    """The weighted share of the input's assertions that hold; 1 where it has none."""
    assertions = input.metadata.get("assertions") or []
    weights = [float(assertion.get("weight", 1)) for assertion in assertions]
    if not sum(weights):
        return 1.0
    held = [weight for assertion, weight in zip(assertions, weights, strict=True) if holds(assertion, response.text)]
    return sum(held) / sum(weights)


def all_hold(input: Any, response: Any) -> bool:
    """Whether every assertion of the input holds."""
    return all(holds(assertion, response.text) for assertion in input.metadata.get("assertions") or [])


def holds(assertion: Mapping[str, Any], text: str) -> bool:
    """Whether one assertion holds of a response."""
    found = part(text, assertion["field"]) if "field" in assertion else text
    return (found is not None and _passes(assertion, found)) is not bool(assertion.get("negated", False))


def part(text: str, path: str) -> str | None:
    """What stands at a path of a response in JSON; None where nothing does."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    for name in path.split("."):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _passes(assertion: Mapping[str, Any], text: str) -> bool:
    value, folded = assertion.get("value", ""), bool(assertion.get("ignore_case", False))
    match assertion["test"]:
        case "equals":
            return _case(text, folded) == _case(value, folded)
        case "contains":
            return _case(value, folded) in _case(text, folded)
        case "contains_any":
            return any(_case(each, folded) in _case(text, folded) for each in value)
        case "contains_all":
            return all(_case(each, folded) in _case(text, folded) for each in value)
        case "starts_with":
            return _case(text, folded).startswith(_case(value, folded))
        case "regex":
            return re.search(value, text) is not None
        case "is_json":
            return _is_json(text)
        case other:
            raise ValueError(f"no such test: {other}")


def _case(text: str, folded: bool) -> str:
    return text.casefold() if folded else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
