from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.config.hashing import canonical, config_hash
from lattice.core.evaluation import Evaluation

DATA: dict[str, Any] = {
    "name": "A",
    "targets": [{"model": "sim/a", "params": {"stop": None, "temperature": 0.5}}],
    "inputs": {"path": "a.jsonl"},
    "scoring": {"judge": {"model": "sim/j", "scale": {"min": 0, "max": 2, "labels": {"1": "x"}}, "pass": ">= 1"}},
    "gates": ["mean > 0.5"],
}


def hash_of(data: Any) -> str:
    return config_hash(Evaluation.model_validate(data))


def test_the_order_of_keys_does_not_matter() -> None:
    assert hash_of(dict(reversed(DATA.items()))) == hash_of(DATA)


def test_defaults_spelled_out_do_not_matter() -> None:
    spelled = {
        **DATA,
        "type": "task_specific",
        "description": "",
        "run": {"timeout": 60, "retries": {"rate_limit": 3}, "budget": None},
        "providers": {},
        "targets": [{**DATA["targets"][0], "name": "a", "prompt": "{{ input }}", "system": None}],
    }
    assert hash_of(spelled) == hash_of(DATA)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "B"},
        {"run": {"repeats": 2}},
        {"gates": []},
        {"targets": [{"model": "sim/a", "params": {"temperature": 0.5}}]},
        {"inputs": {"path": "a.jsonl", "limit": 3}},
    ],
)
def test_any_change_matters(change: dict[str, Any]) -> None:
    assert hash_of({**DATA, **change}) != hash_of(DATA)


def test_inputs_in_place_are_no_part_of_it() -> None:
    one = Evaluation.model_validate({**DATA, "inputs": {"items": ["a", "b"]}})
    other = Evaluation.model_validate({**DATA, "inputs": {"items": ["c"]}})
    assert config_hash(one) == config_hash(other) != hash_of(DATA)
    assert canonical(one)["inputs"]["items"] == []


@pytest.mark.parametrize("inputs", [{"path": "a.jsonl", "sample": {"size": 5}}, {"items": ["a"]}])
def test_what_is_stored_can_be_read_again_and_has_the_same_hash(inputs: dict[str, Any]) -> None:
    evaluation = Evaluation.model_validate({**DATA, "inputs": inputs})
    stored = orjson.loads(orjson.dumps(canonical(evaluation)))
    again = Evaluation.model_validate(stored)
    assert config_hash(again) == config_hash(evaluation)
    assert again.targets == evaluation.targets
    assert again.scoring == evaluation.scoring


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text("abc"), _JSON, max_size=4))
def test_any_parameters_survive_the_store(params: dict[str, Any]) -> None:
    evaluation = Evaluation.model_validate({**DATA, "targets": [{"model": "sim/a", "params": params}]})
    again = Evaluation.model_validate(orjson.loads(orjson.dumps(canonical(evaluation))))
    assert again.targets[0].params == evaluation.targets[0].params
    assert config_hash(again) == config_hash(evaluation)


def test_the_templates_that_judges_are_asked_with_are_part_of_it() -> None:
    evaluation = Evaluation.model_validate(DATA)
    hashes = {config_hash(evaluation, prompts) for prompts in ((), ("one",), ("other",), ("one", "other"))}
    assert len(hashes) == 4
