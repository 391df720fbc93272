"""Shapes of JSON: from schemas and from words."""

from __future__ import annotations

from typing import Any

import pytest

from lattice.providers.simulated.forms import Forms, VerdictForm, fill, verdict_of_text

SCORE: dict[str, Any] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "score": {"type": "integer", "enum": [1, 2, 3]}},
    "required": ["reasoning", "score"],
    "additionalProperties": False,
}


def test_a_score_with_listed_levels() -> None:
    assert Forms().of(SCORE).verdict == VerdictForm(score=(1, 2, 3))


def test_a_score_within_bounds() -> None:
    schema = {"type": "object", "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 7}}}
    assert Forms().of(schema).verdict == VerdictForm(score=(1, 2, 3, 4, 5, 6, 7), reasoning=None)


def test_criteria_behind_a_reference() -> None:
    schema = {
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "criteria": {"$ref": "#/$defs/Criteria"}},
        "$defs": {
            "Criteria": {
                "type": "object",
                "properties": {"accuracy": {"$ref": "#/$defs/Level"}, "tone": {"$ref": "#/$defs/Level"}},
            },
            "Level": {"type": "integer", "enum": [0, 1]},
        },
    }
    assert Forms().of(schema).verdict == VerdictForm(criteria={"accuracy": (0, 1), "tone": (0, 1)})


def test_a_winner() -> None:
    schema = {"type": "object", "properties": {"winner": {"type": "string", "enum": ["A", "B", "tie"]}}}
    assert Forms().of(schema).verdict == VerdictForm(winner=("A", "B", "tie"), reasoning=None)


def test_other_json_is_no_verdict() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    assert Forms().of(schema).verdict is None


def test_strictness_wants_closed_objects_with_every_key_required() -> None:
    assert Forms().of(SCORE).loose is None
    open_object = {"type": "object", "properties": {"inner": {"type": "object", "properties": {}}}}
    closed_outside = {**open_object, "additionalProperties": False, "required": ["inner"]}
    optional = {**SCORE, "required": ["score"]}
    assert "additionalProperties" in (Forms().of(open_object).loose or "")
    assert "('properties', 'inner')" in (Forms().of(closed_outside).loose or "")
    assert "Missing 'reasoning'" in (Forms().of(optional).loose or "")


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ('Answer with {"reasoning": "<why>", "score": <1, 2, 3, 4 or 5>}', (1, 2, 3, 4, 5)),
        ('Answer with {"score": <0 or 1>}', (0, 1)),
        ('Answer with {"score": <whole number from 0 to 20>}', tuple(range(21))),
        ('Answer with {"score": <integer 1-7>}', (1, 2, 3, 4, 5, 6, 7)),
        ('Rate it from 1 to 10. Answer with {"score": <number>}', tuple(range(1, 11))),
        ('3: good\n2: fair\n1: bad\nAnswer with {"score": …}', (1, 2, 3)),
        ('Answer with {"score": …}', (1, 2, 3, 4, 5)),
    ],
)
def test_a_scale_in_words(text: str, levels: tuple[int, ...]) -> None:
    assert verdict_of_text(text) == VerdictForm(score=levels)


def test_criteria_and_winner_in_words() -> None:
    criteria = 'Answer with {"reasoning": "…", "criteria": {"accuracy": <0 or 1>, "tone": <0 or 1>}}'
    assert verdict_of_text(criteria) == VerdictForm(criteria={"accuracy": (0, 1), "tone": (0, 1)})
    assert verdict_of_text('{"reasoning": "…", "winner": "A"}') == VerdictForm(winner=("A", "B", "tie"))


def test_plain_text_asks_for_no_verdict() -> None:
    assert verdict_of_text("What is the score of the match?") is None


def test_any_schema_is_filled() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "kind": {"const": "reply"},
            "mood": {"enum": ["calm", "cross"]},
            "age": {"type": ["integer", "null"], "minimum": 3},
            "weight": {"type": "number"},
            "sure": {"type": "boolean"},
            "nothing": {"type": "null"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
    }
    assert fill(schema, schema, "text") == {
        "name": "text",
        "kind": "reply",
        "mood": "calm",
        "age": 3,
        "weight": 0.0,
        "sure": True,
        "nothing": None,
        "tags": ["text", "text"],
        "either": 0,
    }


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    fill(schema, schema, "text")
    assert Forms().of({"$ref": "#"}).verdict is None
