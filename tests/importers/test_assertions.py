"""The file that is put beside evaluations whose inputs carry assertions of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lattice.importers.assertions import all_hold, holds, share


@pytest.mark.parametrize(
    ("assertion", "text", "held"),
    [
        ({"test": "equals", "value": "A"}, "A", True),
        ({"test": "equals", "value": "A"}, "a", False),
        ({"test": "equals", "value": "A", "ignore_case": True}, "a", True),
        ({"test": "contains", "value": "b", "negated": True}, "abc", False),
        ({"test": "contains_any", "value": ["x", "b"]}, "abc", True),
        ({"test": "contains_all", "value": ["x", "b"]}, "abc", False),
        ({"test": "starts_with", "value": "ab"}, "abc", True),
        ({"test": "regex", "value": "^a.c$"}, "abc", True),
        ({"test": "is_json"}, "{}", True),
        ({"test": "is_json", "negated": True}, "{", True),
        ({"test": "equals", "value": "x", "field": "a.0.b"}, '{"a": [{"b": "x"}]}', True),
        ({"test": "equals", "value": "3", "field": "a"}, '{"a": 3}', True),
        ({"test": "equals", "value": "x", "field": "a"}, "no JSON", False),
        ({"test": "equals", "value": "x", "field": "a", "negated": True}, "{}", True),
    ],
)
def test_an_assertion_holds_or_not(assertion: dict[str, Any], text: str, held: bool) -> None:
    assert holds(assertion, text) is held


def test_the_share_is_weighted() -> None:
    assertions = [{"test": "contains", "value": "a", "weight": 3}, {"test": "contains", "value": "b"}]
    input, response = SimpleNamespace(metadata={"assertions": assertions}), SimpleNamespace(text="a")
    assert share(input, response) == 0.75
    assert all_hold(input, response) is False


def test_an_input_without_any_fulfils_them() -> None:
    input, response = SimpleNamespace(metadata={}), SimpleNamespace(text="")
    assert share(input, response) == 1
    assert all_hold(input, response) is True


def test_a_test_that_there_is_not_is_an_error_and_no_zero() -> None:
    with pytest.raises(ValueError, match="no such test: sounds_like"):
        holds({"test": "sounds_like"}, "x")
