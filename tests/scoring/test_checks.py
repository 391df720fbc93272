from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.checks import CheckSettings
from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.trials import Response
from lattice.scoring.checks import build_check
from lattice.scoring.numbers import numbers_in

SCHEMA = {
    "type": "object",
    "properties": {"code": {"type": "string", "pattern": "^(a+)+$"}, "n": {"type": "integer"}},
    "required": ["n"],
}
EVIL = "a" * 60 + "!"


def no_functions(reference: str) -> Callable[..., Any]:
    raise AssertionError(reference)


def score(text: str, reference: str | None = None, **method: Any) -> float:
    check = build_check(CheckSettings(name="check", **method), no_functions)
    assert check.name == "check"
    input = Input(position=1, id="1", input="Q", reference=reference)
    return asyncio.run(check.measure(input, Response(text=text, latency=0.1))).score


@pytest.mark.parametrize(
    ("method", "text", "reference", "expected"),
    [
        ({"exact_match": True}, " Paris\n", "Paris", 1),
        ({"exact_match": True}, "paris", "Paris", 0),
        ({"exact_match": {"ignore_case": True}}, "PARIS", "Paris", 1),
        ({"exact_match": {"ignore_space": True}}, "a\n b", "a b", 1),
        ({"exact_match": {"value": "yes"}}, "yes", None, 1),
        ({"contains": "sun"}, "the sun", None, 1),
        ({"contains": ["sun", "moon"]}, "the sun", None, 0),
        ({"contains": {"any": ["sun", "moon"]}}, "the sun", None, 1),
        ({"contains": {"any": ["moon"], "all": ["sun"]}}, "the sun", None, 0),
        ({"contains": {"all": ["SUN"], "ignore_case": True}}, "the sun", None, 1),
        ({"contains": True}, "It is Paris.", "Paris", 1),
        ({"regex": r"\[\d+\]"}, "as in [12]", None, 1),
        ({"regex": r"\[\d+\]"}, "as in 12", None, 0),
        ({"regex": {"pattern": "a+", "whole": True}}, "aab", None, 0),
        ({"regex": {"pattern": "YES", "ignore_case": True}}, "yes", None, 1),
        ({"numeric": True}, "First 3, so it is 1,234.50.", "1234.5", 1),
        ({"numeric": True}, "It is −5", "-5", 1),
        ({"numeric": True}, "no number", "5", 0),
        ({"numeric": {"tolerance": 0.1}}, "1.1", "1.0", 1),
        ({"numeric": {"tolerance": 0.1}}, "1.11", "1.0", 0),
        ({"numeric": {"relative": 0.01}}, "101", "100", 1),
        ({"numeric": {"value": 4, "which": "first"}}, "4 of 5", None, 1),
        ({"numeric": True}, "9" * 100_000, "5", 0),
        ({"numeric": True}, "1e999", "5", 0),
        ({"json_schema": SCHEMA}, '{"n": 1, "code": "aaa"}', None, 1),
        ({"json_schema": SCHEMA}, '{"n": "1"}', None, 0),
        ({"json_schema": SCHEMA}, "not JSON", None, 0),
        ({"json_schema": {"patternProperties": {"^x": {"type": "integer"}}}}, '{"xa": "1"}', None, 0),
        ({"similarity": True}, "kitten", "sitting", 1 - 3 / 7),
        ({"similarity": {"ignore_case": True}}, "ABC", "abc", 1),
        ({"similarity": {"at_least": 0.5}}, "kitten", "sitting", 1),
        ({"similarity": {"at_least": 0.6}}, "kitten", "sitting", 0),
    ],
)
def test_what_each_check_gives(method: dict[str, Any], text: str, reference: str | None, expected: float) -> None:
    assert score(text, reference, **method) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("method", "text", "reference", "kind", "words"),
    [
        ({"exact_match": True}, "x", None, ErrorKind.INVALID_INPUT, "has none"),
        ({"contains": True}, "x", None, ErrorKind.INVALID_INPUT, "has none"),
        ({"similarity": True}, "x", None, ErrorKind.INVALID_INPUT, "has none"),
        ({"numeric": True}, "5", "five", ErrorKind.INVALID_INPUT, "no number"),
        ({"numeric": True}, "5", "5 or 6", ErrorKind.INVALID_INPUT, "2 numbers"),
        ({"similarity": True}, "x" * 100_000, "y" * 100_000, ErrorKind.TARGET_RESPONSE, "too long"),
        ({"json_schema": {"$ref": "https://example.com/s"}}, "1", None, ErrorKind.TARGET_RESPONSE, "not in it"),
        ({"json_schema": {}}, '"' + "x" * 3_000_000 + '"', None, ErrorKind.TARGET_RESPONSE, "longer than"),
    ],
)
def test_what_cannot_be_computed_is_an_error_and_no_zero(
    method: dict[str, Any], text: str, reference: str | None, kind: ErrorKind, words: str
) -> None:
    with pytest.raises(CallError) as caught:
        score(text, reference, **method)
    assert caught.value.kind is kind
    assert words in caught.value.message


@pytest.mark.parametrize("method", [{"regex": r"^(a|aa)+$"}, {"json_schema": {"pattern": r"^(a|aa)+$"}}])
def test_a_pattern_that_backtracks_for_ever_is_given_up(method: dict[str, Any]) -> None:
    text = EVIL if "regex" in method else f'"{EVIL}"'
    with pytest.raises(CallError, match=r"took longer than 0\.25s"):
        score(text, **method)


@pytest.mark.parametrize(
    "method",
    [
        {},
        {"regex": "a", "contains": "b"},
        {"exact_match": False},
        {"python": "no module"},
        {"numeric": {"tolerance": -1}},
        {"contains": []},
    ],
)
def test_settings_that_make_no_sense_are_refused(method: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CheckSettings(name="check", **method)


@pytest.mark.parametrize("method", [{"regex": "(["}, {"json_schema": {"type": "nonsense"}}])
def test_what_cannot_be_compiled_is_said_when_the_check_is_built(method: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no regular expression|not a JSON schema"):
        score("x", **method)


@pytest.mark.parametrize(("given", "expected"), [(True, 1), (False, 0), (0.25, 0.25), (1, 1)])
def test_a_python_check_gives_a_bool_or_a_score(given: Any, expected: float) -> None:
    assert python_score(lambda input, response: given if (input.input, response.text) == ("Q", "A") else 2) == expected


@pytest.mark.parametrize("given", [None, 2, -0.1, float("nan"), "1"])
def test_anything_else_from_a_python_check_is_an_error(given: Any) -> None:
    with pytest.raises(CallError, match="not a bool or a number") as caught:
        python_score(lambda *_: given)
    assert caught.value.kind is ErrorKind.TARGET_ERROR


def python_score(function: Callable[..., Any]) -> float:
    async def called(input: Input, response: Response) -> Any:
        return function(input, response)

    check = build_check(CheckSettings(name="own", python="mine:check"), {"mine:check": called}.__getitem__)
    return asyncio.run(check.measure(Input(position=1, id="1", input="Q"), Response(text="A", latency=0))).score


@given(number=st.decimals(-(10**12), 10**12, places=3))
def test_a_number_is_found_as_it_was_written(number: object) -> None:
    assert [float(found) for found in numbers_in(f"It is {number}, I think")] == [float(str(number))]
    assert [float(found) for found in numbers_in(f"({number:,})")] == [float(str(number))]
