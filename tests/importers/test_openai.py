"""Evals of the hosted service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.examples import (
    DAY,
    OPENAI,
    check_import,
    evaluation_of,
    imported,
    notes_of,
    openai_objects,
    places_in,
    spoiled,
    written_json,
    written_lines,
)

from lattice.core.runs import RunStatus
from lattice.core.trials import Step
from lattice.importers import Imported, ImportProblem, files_of, read_import

RESPONSE, CATEGORY = "{{ sample.output_text }}", "{{ item.category }}"


def with_criteria(folder: Path, *criteria: dict[str, Any]) -> Imported:
    """The example's eval with other graders, and without results."""
    objects = openai_objects()[:2]
    objects[0]["testing_criteria"] = list(criteria)
    return imported(written_lines(folder, objects))


def string_check(operation: str, reference: str, input: str = RESPONSE) -> dict[str, Any]:
    return {"type": "string_check", "name": "A", "operation": operation, "input": input, "reference": reference}


@pytest.mark.parametrize(
    ("operation", "reference", "method"),
    [
        ("eq", CATEGORY, {"exact_match": True}),
        ("like", CATEGORY, {"contains": True}),
        ("ilike", CATEGORY, {"contains": {"ignore_case": True}}),
        ("eq", "Billing", {"exact_match": {"value": "Billing"}}),
        ("like", "Billing", {"contains": "Billing"}),
        ("ilike", "Billing", {"contains": {"all": ["Billing"], "ignore_case": True}}),
    ],
)
def test_a_string_check_alone_becomes_the_scoring(
    tmp_path: Path, operation: str, reference: str, method: dict[str, Any]
) -> None:
    found = with_criteria(tmp_path, string_check(operation, reference))
    assert found.drafts[0].data["scoring"] == method
    assert evaluation_of(found).type.value == "benchmark"


def test_not_equal_to_a_text_becomes_a_pattern_that_says_so(tmp_path: Path) -> None:
    found = with_criteria(tmp_path, string_check("ne", "No. (Sorry)"))
    pattern = found.drafts[0].data["scoring"]["regex"]["pattern"]
    assert [bool(re.search(pattern, text)) for text in ("No. (Sorry)", " No. (Sorry)\n", "No. (Sorry)!", "")] == [
        False,
        False,
        True,
        True,
    ]


def test_other_fields_and_parts_of_json_are_carried_by_each_input(tmp_path: Path) -> None:
    found = with_criteria(
        tmp_path,
        string_check("eq", CATEGORY),
        string_check("ne", "{{ item.policy }}", "{{ sample.output_json.reason.text }}"),
    )
    assert evaluation_of(found).metric_names == ("A", "assertions")
    [carried] = found.inputs[0]["metadata"]["assertions"]
    assert carried == {
        "name": "A",
        "test": "equals",
        "value": "Money goes to Billing.",
        "field": "reason.text",
        "negated": True,
    }
    assert "assertions.py" in files_of(found, DAY)


@pytest.mark.parametrize("metric", ["bleu", "gleu", "meteor", "rouge_1", "rouge_l"])
def test_metrics_that_have_no_counterpart_are_listed(tmp_path: Path, metric: str) -> None:
    grader = {
        "type": "text_similarity",
        "name": "B",
        "input": RESPONSE,
        "reference": CATEGORY,
        "evaluation_metric": metric,
        "pass_threshold": 0.5,
    }
    found = with_criteria(tmp_path, grader)
    left = f"testing_criteria[0] text_similarity grader 'B': not carried over: there is no '{metric}'"
    assert any(note.startswith(left) for note in notes_of(found))
    assert evaluation_of(found).type.value == "operational"


def test_cosine_is_similarity_in_meaning(tmp_path: Path) -> None:
    grader = {
        "type": "text_similarity",
        "name": "B",
        "input": RESPONSE,
        "reference": CATEGORY,
        "evaluation_metric": "cosine",
        "pass_threshold": 0.8,
    }
    assert with_criteria(tmp_path, grader).drafts[0].data["scoring"] == {
        "similarity": {"embeddings": True, "at_least": 0.8}
    }


def score_model(**settings: Any) -> dict[str, Any]:
    message = {"role": "user", "content": f"Grade {RESPONSE} by {CATEGORY}."}
    return {"type": "score_model", "name": "S", "model": "gpt-4.1", "input": [message], **settings}


@pytest.mark.parametrize(
    ("given_", "scale", "passes"),
    [
        ({"range": [1, 5], "pass_threshold": 4}, "likert-5", ">= 4"),
        ({"range": [0, 100], "pass_threshold": 60}, {"min": 0, "max": 100}, ">= 60"),
        ({"pass_threshold": 0.75}, {"min": 0, "max": 10}, ">= 7.5"),
        ({"range": [-1, 0.5], "pass_threshold": 0.2}, {"min": 0, "max": 10}, ">= 8"),
        ({"range": [1, 7]}, "likert-7", None),
    ],
)
def test_a_range_becomes_a_scale(tmp_path: Path, given_: dict[str, Any], scale: Any, passes: str | None) -> None:
    judge = with_criteria(tmp_path, score_model(**given_)).drafts[0].data["scoring"]["judge"]
    assert (judge["scale"], judge.get("pass")) == (scale, passes)
    assert "Grade (the RESPONSE) by (category, in the CONTEXT)." in judge["rubric"]


def test_a_judge_that_is_shown_what_others_compare_with_sees_the_reference(tmp_path: Path) -> None:
    found = with_criteria(tmp_path, score_model(), string_check("eq", CATEGORY))
    judge = found.drafts[0].data["scoring"]["judge"]
    assert judge["mode"] == "reference"
    assert "Grade (the RESPONSE) by (the REFERENCE)." in judge["rubric"]


def test_an_empty_range_is_listed(tmp_path: Path) -> None:
    assert any("is empty" in note for note in notes_of(with_criteria(tmp_path, score_model(range=[3, 3]))))


def test_what_a_model_grader_is_shown_beside_becomes_the_context() -> None:
    found = imported(OPENAI)
    assert found.inputs[0]["context"] == ["policy: Money goes to Billing."]
    assert "(policy, in the CONTEXT)" in found.drafts[0].data["scoring"]["judge"]["rubric"]


def test_graders_within_a_multi_grader_stand_beside_each_other(tmp_path: Path) -> None:
    multi = {
        "type": "multi",
        "name": "M",
        "calculate_output": "0.5 * a + 0.5 * b",
        "graders": {"a": string_check("eq", CATEGORY), "b": string_check("like", "x")},
    }
    found = with_criteria(tmp_path, multi)
    assert evaluation_of(found).metric_names == ("A", "A 2")
    assert any(
        "testing_criteria[0] multi grader 'M': not carried over: the formula" in each for each in notes_of(found)
    )


def test_targets_are_the_different_models_and_prompts_of_the_runs() -> None:
    targets = evaluation_of(imported(OPENAI)).targets
    assert [target.model for target in targets] == ["openai/gpt-4.1-nano", "openai/gpt-4.1-mini"]
    assert targets[0].system == "You route tickets. Answer with one word: Billing, Technical or Account."
    assert targets[0].params == {"temperature": 0.2, "max_completion_tokens": 16, "seed": 42, "top_p": 1.0}


def test_other_messages_become_a_conversation_and_other_fields_metadata(tmp_path: Path) -> None:
    objects = openai_objects()[:2]
    objects[1]["data_source"]["input_messages"]["template"] = [
        {"role": "user", "content": "Example {%: {{ item.policy }}"},
        {"role": "assistant", "content": "Billing"},
        {"role": "user", "content": {"type": "input_text", "text": "{{ item.ticket }}"}},
        {"role": "user", "content": [{"type": "input_image", "image_url": "http://example.com/x.png"}]},
    ]
    found = imported(written_lines(tmp_path, objects))
    messages = evaluation_of(found).targets[0].messages or ()
    assert [message.content for message in messages] == [
        'Example {{ "{%" }}: {{ metadata.policy }}',
        "Billing",
        "{{ input }}",
    ]
    assert any("template[3] user message: not carried over: images" in note for note in notes_of(found))


def test_a_conversation_in_the_items_is_the_input(tmp_path: Path) -> None:
    objects = openai_objects()[:2]
    source = objects[1]["data_source"]
    source["input_messages"] = {"type": "item_reference", "item_reference": "item.chat"}
    chat = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    source["source"]["content"] = [{"item": {"chat": chat, "category": "Billing", "policy": "p"}}]
    found = imported(written_lines(tmp_path, objects))
    assert found.inputs[0]["input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    assert evaluation_of(found).targets[0].prompt == "{{ input }}"


def test_an_eval_without_runs_gets_an_example_of_its_fields(tmp_path: Path) -> None:
    found = imported(written_json(tmp_path, openai_objects()[0]))
    assert [row["input"] for row in found.inputs] == ["an example of ticket"]
    assert any(note.startswith("targets: needs you") for note in notes_of(found))
    evaluation_of(found)


def test_the_body_of_a_request_is_read_as_well(tmp_path: Path) -> None:
    body = openai_objects()[0]
    for key in ("object", "id", "created_at"):
        del body[key]
    schema = body["data_source_config"].pop("schema")
    body["data_source_config"]["item_schema"] = schema["properties"]["item"]
    assert imported(written_json(tmp_path, body)).name == "Ticket routing"


def test_items_of_a_saved_file_are_found_by_its_identifier(tmp_path: Path) -> None:
    objects = openai_objects()[:2]
    objects[1]["data_source"]["source"] = {"type": "file_id", "id": "file-7"}
    written_lines(tmp_path, objects, "eval.jsonl")
    written_lines(tmp_path, [{"item": {"ticket": "t", "category": "c", "policy": "p"}}], "file-7.jsonl")
    [found] = read_import(tmp_path)
    assert [row["input"] for row in found.inputs] == ["t"]


def test_items_that_no_file_holds_are_told(tmp_path: Path) -> None:
    objects = openai_objects()[:2]
    objects[1]["data_source"]["source"] = {"type": "stored_completions", "metadata": {"usecase": "x"}}
    found = imported(written_lines(tmp_path, objects))
    assert any("takes its items from stored completions, which no file holds" in note for note in notes_of(found))


def test_runs_and_items_of_nothing_that_is_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="not the eval that they belong to"):
        read_import(written_lines(tmp_path, openai_objects()[1:]))
    objects = openai_objects()
    with pytest.raises(ImportProblem, match=r"import.jsonl:3: run_id: there is no run 'evalrun_first' in these files"):
        read_import(written_lines(tmp_path, [objects[0], *objects[2:]]))


def test_equal_items_of_several_runs_are_one_input_with_one_identifier() -> None:
    found = imported(OPENAI)
    first, second = found.runs
    assert [each.id for each in first.inputs] == [each.id for each in second.inputs] == ["1", "2", "3", "4"]
    assert len(found.inputs) == 4


def test_an_item_in_error_is_a_failed_trial(tmp_path: Path) -> None:
    objects = openai_objects()
    objects[3]["sample"]["error"] = {"code": "rate_limit_exceeded", "message": "Rate limit reached"}
    objects[3]["results"] = []
    failure = imported(written_lines(tmp_path, objects)).runs[0].trials[0].result.failure
    assert failure is not None
    assert (failure.step, failure.kind.value, failure.message) == (Step.TARGET, "rate_limit", "Rate limit reached")


def test_a_missing_score_is_missing_and_never_zero(tmp_path: Path) -> None:
    objects = openai_objects()
    objects[3]["results"] = [each for each in objects[3]["results"] if "policy" not in each["name"]]
    trial = imported(written_lines(tmp_path, objects)).runs[0].trials[0]
    assert trial.result.verdict is None
    assert trial.result.failure is not None
    assert trial.result.failure.step is Step.JUDGE
    assert trial.response is not None
    assert trial.response.text == "Billing"


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        ("completed", RunStatus.COMPLETED),
        ("failed", RunStatus.FAILED),
        ("canceled", RunStatus.CANCELLED),
        ("in_progress", RunStatus.CANCELLED),
    ],
)
def test_the_status_of_a_run_is_kept(tmp_path: Path, status: str, kept: RunStatus) -> None:
    objects = openai_objects()
    objects[1]["status"] = status
    assert imported(written_lines(tmp_path, objects)).runs[0].status is kept


VALUES: list[Any] = [None, ..., "", "x", 5, -1, 1e300, True, [], {}, [1], {"a": 1}, "{{ item.x }}{% for %}", "a" * 300]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places_in(openai_objects()))), otherwise=st.sampled_from(VALUES))
def test_whatever_is_wrong_gives_one_message_or_a_valid_evaluation(
    tmp_path: Path, place: tuple[str | int, ...], otherwise: Any
) -> None:
    check_import(written_json(tmp_path, spoiled(openai_objects(), place, otherwise)))
