from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lattice.core.evaluation import ProviderSettings
from lattice.providers import check_model

KEYS = {"OPENAI_API_KEY": "sk-one", "ANTHROPIC_API_KEY": "sk-two"}
OWN = {
    "vllm": ProviderSettings(base_url="http://localhost:8000/v1", api_key_env="VLLM_KEY"),
    "gateway": ProviderSettings(base_url="http://gateway", headers={"X-Token": "${TOKEN}"}),
    "broken": ProviderSettings(base_url="localhost:8000"),
    "claude": ProviderSettings(protocol="anthropic", base_url="http://localhost:1"),
}


def check(spec: str, params: Mapping[str, object] | None = None, environ: Mapping[str, str] = KEYS) -> list[str]:
    return [str(problem) for problem in check_model(spec, params or {}, OWN, environ)]


@pytest.mark.parametrize("spec", ["openai/gpt-4o-mini", "anthropic/x", "sim/assistant", "claude/x"])
def test_a_model_that_can_be_called_has_no_problems(spec: str) -> None:
    assert check(spec, {"max_tokens": 5}) == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("opnai/gpt", "did you mean 'openai'?"),
        ("vlm/x", "did you mean 'vllm'?"),
        ("zzz/x", "anthropic, broken, claude, gateway, litellm, local, openai, sim, vllm"),
        ("gpt-4o-mini", "names no provider"),
        ("openai/", "names no model"),
        ("vllm/x", "VLLM_KEY is not set"),
        ("gateway/x", "TOKEN"),
        ("broken/x", "base URL of 'broken'"),
        ("local/llama", "there are: smollm2"),
    ],
)
def test_what_is_wrong_is_said(spec: str, words: str) -> None:
    problems = check(spec)
    assert len(problems) == 1
    assert words in problems[0]


@pytest.mark.parametrize(("spec", "variable"), [("openai/x", "OPENAI_API_KEY"), ("anthropic/x", "ANTHROPIC_API_KEY")])
def test_a_missing_variable_is_named(spec: str, variable: str) -> None:
    assert variable in check(spec, environ={variable: "  "})[0]


def test_every_problem_is_told_at_once() -> None:
    assert len(check("openai/x", {"stream": True, "messages": []}, environ={})) == 3


def test_an_anthropic_model_takes_its_system_message_from_the_prompt_alone() -> None:
    assert "params.system" in check("claude/x", {"system": "x"})[0]


def test_local_weights_that_are_missing_come_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    problems = check("local/smollm2", environ={"LATTICE_CACHE": str(tmp_path)})
    assert "lattice models pull smollm2" in problems[-1]
