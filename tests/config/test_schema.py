from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from lattice.config.schema import json_schema
from lattice.core.conditions import parse_condition


def definition(name: str) -> Any:
    return json_schema()["$defs"][name]


def test_it_is_json_and_names_its_draft() -> None:
    schema = json_schema()
    assert orjson.loads(orjson.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["name", "targets", "inputs"]
    assert schema["additionalProperties"] is False


def test_texts_may_stand_in_files() -> None:
    for name, key in (("TargetSettings", "prompt"), ("TargetSettings", "system"), ("JudgeSettings", "rubric")):
        forms = definition(name)["properties"][key]["anyOf"]
        assert any(form.get("properties", {}).keys() == {"file"} for form in forms)


def test_pass_is_called_as_in_the_file() -> None:
    assert "pass" in definition("JudgeSettings")["properties"]
    assert "passes" not in definition("JudgeSettings")["properties"]


def test_every_key_says_what_it_is() -> None:
    schema = json_schema()
    for block in (schema, *schema["$defs"].values()):
        for name, key in block.get("properties", {}).items():
            assert key.get("description"), name


@pytest.mark.parametrize(
    "gate",
    [
        "mean > 0.80",
        "accuracy.ci_lower >= 3.5 on native scale",
        "RAG / v2/mean<1",
        "x",
        "meen > 1",
        "mean > x",
        "mean >",
    ],
)
def test_the_pattern_of_gates_accepts_what_the_parser_accepts(gate: str) -> None:
    pattern = json_schema()["properties"]["gates"]["items"]["pattern"]
    try:
        parse_condition(gate)
    except ValueError:
        assert not re.search(pattern, gate)
    else:
        assert re.search(pattern, gate)


def test_what_goes_together_is_part_of_it() -> None:
    validator = Draft202012Validator(json_schema())
    whole = {
        "name": "A",
        "targets": [{"http": {"url": "https://a.example/ask", "body": {"q": "{{ input }}"}}}, {"python": "a:b"}],
        "inputs": {"items": ["x"]},
        "checks": [{"name": "cites", "regex": "x"}, {"name": "right", "exact_match": True}],
    }
    assert validator.is_valid(whole)
    assert validator.is_valid({**whole, "scoring": {"contains": ["a", "b"]}})
    assert validator.is_valid({**{key: whole[key] for key in whole if key != "checks"}, "type": "operational"})
    for wrong in (
        {key: whole[key] for key in whole if key != "checks"},
        {**whole, "targets": [{"name": "nothing"}]},
        {**whole, "targets": [{"model": "sim/a", "python": "a:b"}]},
        {**whole, "scoring": {"judge": {"model": "sim/j"}, "regex": "x"}},
        {**whole, "checks": [{"name": "none"}]},
    ):
        assert not validator.is_valid(wrong)
