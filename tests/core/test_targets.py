"""What a target may be, as an evaluation states it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lattice.config.hashing import canonical
from lattice.core.evaluation import Evaluation
from lattice.core.targets import HttpSettings, TargetSettings

ENDPOINT = {"url": "https://rag.example.com:8443/ask?k={{ metadata.k }}", "body": {"q": "{{ input }}"}}
SHOT = [{"role": "user", "content": "{{ input }}"}]


def refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TargetSettings.model_validate(settings)
    (error,) = caught.value.errors()
    return str(error["msg"])


@pytest.mark.parametrize(
    ("settings", "name", "source"),
    [
        ({"model": "openrouter/meta/llama-3"}, "meta/llama-3", "openrouter/meta/llama-3"),
        ({"http": ENDPOINT}, "rag.example.com:8443", "rag.example.com:8443"),
        ({"http": {"url": "${RAG_URL}/ask"}}, "HTTP", "HTTP"),
        ({"http": HttpSettings(url="http://a.example")}, "a.example", "a.example"),
        ({"python": "my_package.rag:answer"}, "my_package.rag:answer", "my_package.rag:answer"),
        ({"python": "rag:answer", "name": "Mine"}, "Mine", "Mine"),
    ],
)
def test_a_target_without_a_name_is_called_by_what_it_calls(settings: Any, name: str, source: str) -> None:
    target = TargetSettings.model_validate(settings)
    assert (target.name, target.source) == (name, source)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "none"}, "expected exactly one of model, http and python, got none of them"),
        ({"model": "sim/a", "http": ENDPOINT}, "got model and http"),
        ({"python": "a:b", "system": "Be brief."}, "belongs to a model, and this target is python"),
        ({"http": ENDPOINT, "messages": SHOT}, "belongs to a model, and this target is http"),
        ({"model": "sim/a", "messages": SHOT, "prompt": "x"}, "stands beside messages"),
    ],
)
def test_a_target_is_exactly_one_thing(settings: Any, words: str) -> None:
    assert words in refusal(**settings)


@pytest.mark.parametrize("settings", [{"model": "sim/a"}, {"model": "sim/a", "messages": SHOT}, {"http": ENDPOINT}])
def test_a_stored_target_reads_back_as_it_was(settings: Any) -> None:
    evaluation = Evaluation.model_validate(
        {"name": "A", "targets": [settings], "inputs": {"path": "i.jsonl"}, "type": "operational"}
    )
    stored = canonical(evaluation)
    assert Evaluation.model_validate(stored) == evaluation
    assert ("prompt" in stored["targets"][0]) is (set(settings) == {"model"})


def test_a_body_is_json() -> None:
    assert HttpSettings(url="https://a.example", body={"a": [None, 1]}).body == {"a": [None, 1]}
    with pytest.raises(ValidationError, match=r"a\.0: expected JSON data"):
        HttpSettings(url="https://a.example", body={"a": [object()]})
