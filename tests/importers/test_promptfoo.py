"""Configurations of promptfoo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.examples import (
    PROMPTFOO,
    check_import,
    evaluation_of,
    everything_in,
    imported,
    notes_of,
    places_in,
    promptfoo_configuration,
    spoiled,
    written_json,
)

from lattice.core.judging import JudgeMode
from lattice.importers import Imported, ImportProblem
from lattice.importers.promptfoo.cases import expected

SECRET = "sk-proj-abcdefghijklmnop1234567890"
BASE: dict[str, Any] = {
    "prompts": ["Answer: {{question}}"],
    "providers": ["openai:gpt-4.1-mini"],
    "tests": [{"vars": {"question": "Why?"}}, {"vars": {"question": "How?"}}],
}


def configured(folder: Path, **changes: Any) -> Imported:
    return imported(written_json(folder, {**BASE, **changes}, "promptfooconfig.json"))


def shared(folder: Path, *assertions: dict[str, Any]) -> Imported:
    return configured(folder, defaultTest={"assert": list(assertions)})


@pytest.mark.parametrize(
    ("assertion", "method"),
    [
        ({"type": "equals", "value": "x"}, {"exact_match": {"value": "x"}}),
        ({"type": "contains", "value": "x"}, {"contains": {"all": ["x"]}}),
        ({"type": "icontains", "value": "x"}, {"contains": {"all": ["x"], "ignore_case": True}}),
        ({"type": "contains-any", "value": ["x", "y"]}, {"contains": {"any": ["x", "y"]}}),
        ({"type": "icontains-all", "value": "x, y"}, {"contains": {"all": ["x", "y"], "ignore_case": True}}),
        ({"type": "regex", "value": r"\d+"}, {"regex": {"pattern": r"\d+"}}),
        ({"type": "starts-with", "value": "x"}, {"regex": {"pattern": r"\Ax"}}),
        ({"type": "is-json"}, {"json_schema": {}}),
        ({"type": "is-json", "value": {"type": "object"}}, {"json_schema": {"type": "object"}}),
        ({"type": "not-contains", "value": "x"}, {"regex": {"pattern": r"(?s)\A(?!.*(?:x))"}}),
        ({"type": "not-equals", "value": "x"}, {"regex": {"pattern": r"\A(?!\s*x\s*\Z)"}}),
        ({"type": "not-regex", "value": "x"}, {"regex": {"pattern": r"\A(?!(?s:.*)(?:x))"}}),
    ],
)
def test_an_assertion_of_all_tests_becomes_a_check(
    tmp_path: Path, assertion: dict[str, Any], method: dict[str, Any]
) -> None:
    found = shared(tmp_path, assertion)
    assert found.drafts[0].data["scoring"] == method
    evaluation_of(found)


@pytest.mark.parametrize(
    "kind", ["javascript", "python", "webhook", "cost", "latency", "levenshtein", "perplexity", "not-is-json", "regex"]
)
def test_assertions_that_have_no_counterpart_are_listed_by_name_and_place(tmp_path: Path, kind: str) -> None:
    found = shared(tmp_path, {"type": kind, "value": "("})
    assert any(note.startswith(f"defaultTest.assert[0] {kind} '(': not carried over: ") for note in notes_of(found))
    evaluation_of(found)


def test_weights_are_listed(tmp_path: Path) -> None:
    found = shared(tmp_path, {"type": "contains", "value": "x", "weight": 2})
    assert any(note.startswith("defaultTest.assert[0].weight 2: not carried over") for note in notes_of(found))


def test_one_exact_answer_in_every_test_becomes_the_reference(tmp_path: Path) -> None:
    tests = [
        {"vars": {"question": "2+2?"}, "assert": [{"type": "equals", "value": "4"}]},
        {"vars": {"question": "3+3?"}, "assert": [{"type": "equals", "value": "6"}]},
    ]
    found = configured(tmp_path, tests=tests)
    assert found.drafts[0].data["scoring"] == {"exact_match": True}
    assert [row["reference"] for row in found.inputs] == ["4", "6"]


def test_a_variable_that_all_compare_with_becomes_the_reference(tmp_path: Path) -> None:
    tests = [{"vars": {"question": "2+2?", "sum": "4"}}, {"vars": {"question": "3+3?", "sum": "6"}}]
    found = configured(tmp_path, tests=tests, defaultTest={"assert": [{"type": "icontains", "value": "{{sum}}"}]})
    assert found.drafts[0].data["scoring"] == {"contains": {"ignore_case": True}}
    assert [row["reference"] for row in found.inputs] == ["4", "6"]


def test_what_differs_from_test_to_test_is_carried_by_each_input(tmp_path: Path) -> None:
    tests = [
        {"vars": {"question": "a", "n": 3}, "assert": [{"type": "contains", "value": "{{n}} b", "weight": 2}]},
        {"vars": {"question": "c"}, "assert": [{"type": "not-icontains-any", "value": ["d", "e"]}]},
    ]
    found = configured(tmp_path, tests=tests)
    carried = [row["metadata"]["assertions"] for row in found.inputs]
    assert carried == [
        [{"test": "contains", "value": "3 b", "weight": 2.0}],
        [{"test": "contains_any", "value": ["d", "e"], "ignore_case": True, "negated": True}],
    ]
    assert evaluation_of(found).metric_names == ("assertions",)


def test_a_rubric_of_all_tests_is_the_judges(tmp_path: Path) -> None:
    judge = evaluation_of(shared(tmp_path, {"type": "llm-rubric", "value": "is polite to {{question}}"})).judge
    assert judge is not None
    assert (judge.mode, judge.scale) == (JudgeMode.SINGLE, "binary")
    assert judge.rubric is not None
    assert judge.rubric.startswith("is polite to (the INPUT)")


def test_several_rubrics_are_criteria(tmp_path: Path) -> None:
    rubrics = [{"type": "llm-rubric", "value": "is polite", "weight": 3, "metric": "tone"}]
    judge = evaluation_of(shared(tmp_path, *rubrics, {"type": "llm-rubric", "value": "is short"})).judge
    assert judge is not None
    assert [(each.name, each.weight) for each in judge.criteria] == [("tone", 3.0), ("rubric 2", 1.0)]


def test_rubrics_of_single_tests_stand_in_the_references(tmp_path: Path) -> None:
    tests = [
        {"vars": {"question": "a"}, "assert": [{"type": "factuality", "value": "it is b"}]},
        {"vars": {"question": "c"}},
    ]
    found = configured(tmp_path, tests=tests)
    assert [row["reference"] for row in found.inputs] == [
        "It agrees in its facts with: it is b",
        "Anything that answers the input.",
    ]
    assert any("1 of 2 inputs have none of their own" in note for note in notes_of(found))
    assert (judge := evaluation_of(found).judge) is not None
    assert judge.mode is JudgeMode.REFERENCE


def test_the_best_of_several_is_a_comparison_in_pairs(tmp_path: Path) -> None:
    best = {"defaultTest": {"assert": [{"type": "select-best", "value": "the kindest"}]}}
    found = configured(tmp_path, providers=["openai:gpt-4.1-mini", "openai:gpt-4.1-nano"], **best)
    evaluation = evaluation_of(found)
    assert evaluation.is_pairwise
    assert evaluation.type.value == "comparison"
    alone = configured(tmp_path, **best)
    assert any("there is but one target" in note for note in notes_of(alone))


@pytest.mark.parametrize(
    ("given_", "model"),
    [
        ("openai:gpt-4.1-mini", "openai/gpt-4.1-mini"),
        ("openai:chat:ft:gpt-4.1-mini:org:x", "openai/ft:gpt-4.1-mini:org:x"),
        ("openai:responses:gpt-4.1-mini", "openai/gpt-4.1-mini"),
        ("anthropic:messages:claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("google:gemini-2.5-flash", "litellm/gemini/gemini-2.5-flash"),
        ("openrouter:meta-llama/llama-4-scout", "litellm/openrouter/meta-llama/llama-4-scout"),
        ("ollama:chat:qwen3:8b", "ollama/qwen3:8b"),
        ("echo", "sim/echo"),
    ],
)
def test_providers_become_models(tmp_path: Path, given_: str, model: str) -> None:
    assert evaluation_of(configured(tmp_path, providers=[given_])).targets[0].model == model


@pytest.mark.parametrize(
    "given_", ["file://own.py", "python:own.py", "exec:./run.sh", "openai:embedding:x", "what:ever"]
)
def test_other_providers_are_listed(tmp_path: Path, given_: str) -> None:
    found = configured(tmp_path, providers=[given_, "echo"])
    assert any(note.startswith(f"providers[0] '{given_}': not carried over") for note in notes_of(found))
    assert len(evaluation_of(found).targets) == 1


def test_an_address_of_ones_own_becomes_a_provider(tmp_path: Path) -> None:
    config = {"apiBaseUrl": "http://localhost:8000/v1", "apiKeyEnvar": "MY_KEY", "temperature": 0}
    found = configured(tmp_path, providers=[{"id": "openai:chat:qwen", "config": config}])
    [target] = evaluation_of(found).targets
    assert target.model == "openai-localhost-8000/qwen"
    assert target.params == {"temperature": 0}
    assert found.drafts[0].data["providers"] == {
        "openai-localhost-8000": {"base_url": "http://localhost:8000/v1", "api_key_env": "MY_KEY"}
    }


def test_an_endpoint_becomes_an_http_target() -> None:
    found = imported(PROMPTFOO)
    http = next(target.http for target in evaluation_of(found).targets if target.http)
    assert http.output == "$.answer.text"
    assert http.headers["Authorization"] == "Bearer ${GUIDE_TOKEN}"
    assert http.body["question"].endswith("{{ input }}")


def test_no_secret_is_written_or_said(tmp_path: Path) -> None:
    providers = [
        {"id": "openai:gpt-4.1-mini", "config": {"apiKey": SECRET}},
        {
            "id": f"https://user:{SECRET}@example.com/ask?api_key={SECRET}&q=1",
            "config": {
                "method": "POST",
                "headers": {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Accept": "text/plain"},
                "body": {"question": "{{prompt}}", "auth": {"token": SECRET}},
            },
        },
    ]
    found = configured(tmp_path, providers=providers, env={"OPENAI_API_KEY": SECRET})
    assert SECRET not in everything_in(found)
    http = evaluation_of(found).targets[1].http
    assert http is not None
    assert http.headers == {
        "Authorization": "Bearer ${AUTHORIZATION}",
        "X-Api-Key": "${X_API_KEY}",
        "Accept": "text/plain",
    }
    assert http.url == "https://user:${URL_PASSWORD}@example.com/ask?api_key=${API_KEY}&q=1"
    assert any("set X_API_KEY to it" in note for note in notes_of(found))
    assert any(note.startswith("env.OPENAI_API_KEY: needs you") for note in notes_of(found))


@pytest.mark.parametrize(
    "reference",
    ["file:///etc/passwd", "file://../secret.txt", "file://%2e%2e/secret.txt", "file://link.txt", "file://~/x"],
)
def test_nothing_outside_the_configurations_folder_is_read(tmp_path: Path, reference: str) -> None:
    (tmp_path / "secret.txt").write_text("TOP SECRET root:x:0:0", encoding="utf-8")
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    found = configured(
        folder,
        prompts=[reference, "{{question}}"],
        tests=[{"vars": {"question": "a", "x": reference}, "assert": [{"type": "contains", "value": reference}]}],
        defaultTest={"assert": [{"type": "llm-rubric", "value": reference}]},
    )
    said = everything_in(found)
    assert "TOP SECRET" not in said
    assert "root:x:0" not in said
    assert any("only files in the configuration's own folder are read" in note for note in notes_of(found))
    assert sum("not carried over" in note and "file://" in note for note in notes_of(found)) >= 4


def test_chat_messages_and_templates_are_translated() -> None:
    targets = evaluation_of(imported(PROMPTFOO)).targets
    assert targets[0].prompt == "You are a travel guide. Answer in {{ metadata.language }}.\n\n{{ input }}"
    assert targets[1].system == "You are a travel guide who answers in {{ metadata.language }}."


def test_several_prompts_may_stand_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("A {{question}}\n---\nB {{question}}\n", encoding="utf-8")
    found = configured(tmp_path, prompts=["file://two.txt"])
    assert [target.prompt for target in evaluation_of(found).targets] == ["A {{input}}", "B {{input}}"]


def test_lists_of_values_are_a_test_each(tmp_path: Path) -> None:
    found = configured(tmp_path, tests=[{"vars": {"question": ["a", "b"], "tone": ["c", "d"]}}])
    assert [(row["input"], row["metadata"]["tone"]) for row in found.inputs] == [
        ("a", "c"),
        ("a", "d"),
        ("b", "c"),
        ("b", "d"),
    ]


def test_lists_that_multiply_without_end_are_refused(tmp_path: Path) -> None:
    variables = {f"v{number}": list(range(100)) for number in range(6)}
    with pytest.raises(ImportProblem, match="lists of values multiply"):
        configured(tmp_path, tests=[{"vars": variables}])


def test_tests_are_read_from_files_of_every_kind(tmp_path: Path) -> None:
    rows = [{"vars": {"question": "a"}}, {"vars": {"question": "b"}}]
    (tmp_path / "t.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "t.yaml").write_text("- vars: {question: a}\n- vars: {question: b}\n", encoding="utf-8")
    (tmp_path / "t.csv").write_text("question\na\nb\n", encoding="utf-8")
    for name in ("t.json", "t.jsonl", "t.yaml", "t.csv"):
        assert [row["input"] for row in configured(tmp_path, tests=f"file://{name}").inputs] == ["a", "b"]


def test_a_broken_file_of_tests_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("[{", encoding="utf-8")
    with pytest.raises(ImportProblem, match=r"^tests: t.json: cannot be read: "):
        configured(tmp_path, tests="file://t.json")


@pytest.mark.parametrize(
    ("cell", "assertion"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("Note: this is no type", {"type": "equals", "value": "Note: this is no type"}),
        ("contains: Paris", {"type": "contains", "value": "Paris"}),
        ("not-icontains-any:a, b", {"type": "not-icontains-any", "value": ["a", "b"]}),
        ("similar(0.8): hello: you", {"type": "similar", "value": "hello: you", "threshold": 0.8}),
        ("grade: is kind", {"type": "llm-rubric", "value": "is kind"}),
        ("fn:output.length", {"type": "javascript", "value": "output.length"}),
        ("is-json", {"type": "is-json"}),
    ],
)
def test_a_cell_of_expected_is_an_assertion(cell: str, assertion: dict[str, Any]) -> None:
    assert expected(cell) == assertion


def test_scenarios_are_tests_for_each_set_of_variables(tmp_path: Path) -> None:
    scenario = {
        "config": [{"vars": {"tone": "kind"}}, {"vars": {"tone": "rude"}}],
        "tests": [{"vars": {"question": "a"}}],
    }
    found = configured(tmp_path, tests=None, scenarios=[scenario])
    assert [row["metadata"]["tone"] for row in found.inputs] == ["kind", "rude"]


def test_unknown_keys_are_listed(tmp_path: Path) -> None:
    found = configured(tmp_path, redteam={"plugins": []}, extensions=["file://x.js"])
    assert {"redteam: not carried over: there is nothing of this kind"} <= set(notes_of(found))


def test_results_give_their_configuration_alone(tmp_path: Path) -> None:
    path = written_json(tmp_path, {"evalId": "x", "results": {"version": 3, "results": []}, "config": BASE})
    found = imported(path)
    assert len(found.inputs) == 2
    assert any(note.startswith("results: not carried over") for note in notes_of(found))


VALUES: list[Any] = [None, ..., "", "x", 5, -1, 1e300, True, [], {}, [1], {"a": 1}, "{{ x }}{% for %}", "file://../x"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places_in(promptfoo_configuration()))), otherwise=st.sampled_from(VALUES))
def test_whatever_is_wrong_gives_one_message_or_a_valid_evaluation(
    tmp_path: Path, place: tuple[str | int, ...], otherwise: Any
) -> None:
    check_import(written_json(tmp_path, spoiled(promptfoo_configuration(), place, otherwise)))
