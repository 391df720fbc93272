"""Logs of Inspect."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.importers.examples import (
    INSPECT,
    check_import,
    evaluation_of,
    imported,
    inspect_log,
    notes_of,
    places_in,
    spoiled,
    written_json,
)

from lattice.core.runs import RunStatus
from lattice.importers import Imported, ImportProblem, read_import


def with_scores(folder: Path, *values: Any) -> Imported:
    """A log whose samples have these values from one scorer."""
    log = inspect_log()
    first = log["samples"][0]
    log["samples"] = [{**first, "id": n, "scores": {"s": {"value": value}}} for n, value in enumerate(values, start=1)]
    log["eval"]["config"] = {}
    return imported(written_json(folder, log))


def scores_of(found: Imported) -> list[float | None]:
    verdicts = [trial.result.verdict for trial in found.runs[0].trials]
    return [None if verdict is None else verdict.metrics["score"].score for verdict in verdicts]


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        (["C", "I", "P", "N"], [1, 0, 0.5, 0]),
        ([True, False], [1, 0]),
        ([0.25, 1, "0.5"], [0.25, 1, 0.5]),
        (["yes", "No"], [1, 0]),
        (["C", float("nan"), None], [1, None, None]),
    ],
)
def test_values_count_as_inspect_counts_them(tmp_path: Path, values: list[Any], scores: list[float | None]) -> None:
    assert scores_of(with_scores(tmp_path, *values)) == scores


def test_numbers_of_an_unknown_scale_are_listed_and_not_guessed_at(tmp_path: Path) -> None:
    found = with_scores(tmp_path, 3, 7)
    assert any("scorer 's': not carried over: its values go from 3 to 7" in note for note in notes_of(found))
    assert found.runs[0].config["type"] == "operational"


def test_several_values_of_a_scorer_are_metrics_of_their_own(tmp_path: Path) -> None:
    found = with_scores(tmp_path, {"helpful": 1, "short": 0.5})
    verdict = found.runs[0].trials[0].result.verdict
    assert verdict is not None
    assert {name: metric.score for name, metric in verdict.metrics.items()} == {"s helpful": 1, "s short": 0.5}


def test_epochs_are_repeats_and_usage_is_told_apart_by_model() -> None:
    run = imported(INSPECT).runs[0]
    assert run.config["run"] == {"repeats": 2}
    assert sorted({trial.result.key.repeat for trial in run.trials}) == [0, 1]
    first = run.trials[0]
    assert first.response is not None
    assert (first.response.usage.input_tokens, first.response.usage.output_tokens) == (31, 3)
    assert (first.result.usage.input_tokens, first.result.usage.output_tokens) == (140, 25)
    assert first.response.latency == 0.62


def test_attachments_are_put_back_into_their_places() -> None:
    assert [row["input"] for row in imported(INSPECT).inputs][3] == "What is the capital of Iceland?"


@pytest.mark.parametrize(
    ("status", "kept"),
    [("success", "completed"), ("error", "failed"), ("cancelled", "cancelled"), ("started", "cancelled")],
)
def test_the_status_is_kept(tmp_path: Path, status: str, kept: str) -> None:
    log = inspect_log()
    log["status"] = status
    log["error"] = {"message": "out of memory", "traceback": "", "traceback_ansi": ""} if status == "error" else None
    run = imported(written_json(tmp_path, log)).runs[0]
    assert run.status is RunStatus(kept)
    assert run.failure == ("out of memory" if status == "error" else None)


def test_the_evaluation_goes_on_with_model_prompt_and_scorers() -> None:
    evaluation = evaluation_of(imported(INSPECT))
    [target] = evaluation.targets
    assert (target.model, target.system) == ("openai/gpt-4.1-nano", "Answer with the name of the city alone.")
    assert target.params == {"max_tokens": 64, "temperature": 0.0}
    assert evaluation.metric_names == ("score", "includes")
    assert evaluation.run.repeats == 2


def test_solvers_that_are_no_prompt_are_listed() -> None:
    assert any("plan.steps[1] solver 'self_critique': not carried over" in note for note in notes_of(imported(INSPECT)))


def with_scorer(folder: Path, name: str, **options: Any) -> Imported:
    log = inspect_log()
    log["eval"]["scorers"] = [{"name": name, "options": options}]
    return imported(written_json(folder, log))


@pytest.mark.parametrize(
    ("name", "options", "method"),
    [
        ("includes", {"ignore_case": False}, {"contains": True}),
        ("match", {"location": "any"}, {"contains": {"ignore_case": True}}),
        ("match", {"numeric": True}, {"numeric": True}),
        ("inspect_ai/exact", {}, {"exact_match": {"ignore_case": True}}),
    ],
)
def test_scorers_become_checks(tmp_path: Path, name: str, options: dict[str, Any], method: dict[str, Any]) -> None:
    assert with_scorer(tmp_path, name, **options).drafts[0].data["scoring"] == method


def test_a_choice_is_looked_for_behind_the_word_answer(tmp_path: Path) -> None:
    found = with_scorer(tmp_path, "choice")
    [assertion] = found.inputs[0]["metadata"]["assertions"]
    assert assertion["test"] == "regex"
    assert "Paris" in assertion["value"]
    assert evaluation_of(found).metric_names == ("assertions",)


def test_a_scorer_without_counterpart_is_listed(tmp_path: Path) -> None:
    found = with_scorer(tmp_path, "own/f1")
    assert any("eval.scorers[0] scorer 'own/f1': not carried over" in note for note in notes_of(found))
    evaluation_of(found)


def test_a_model_of_another_provider_is_called_through_the_library(tmp_path: Path) -> None:
    log = inspect_log()
    log["eval"]["model"] = "google/gemini-2.5-flash"
    found = imported(written_json(tmp_path, log))
    assert found.drafts[0].data["targets"][0]["model"] == "litellm/gemini/gemini-2.5-flash"
    assert found.runs[0].config["targets"][0]["model"] == "google/gemini-2.5-flash"


def test_a_log_without_samples_is_refused(tmp_path: Path) -> None:
    log = inspect_log()
    log["samples"] = None
    with pytest.raises(ImportProblem, match="the log holds no samples"):
        read_import(written_json(tmp_path, log))


def archive(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ImportProblem, match=r"log.eval: not a readable archive"):
        read_import(path)


def test_a_compression_that_cannot_be_undone_is_told_with_a_way_out(tmp_path: Path) -> None:
    path = archive(tmp_path, {"header.json": "{}"})
    content = bytearray(path.read_bytes())
    # The method in the local header and in the central directory: 93, Zstandard.
    content[8:10] = (93).to_bytes(2, "little")
    directory = content.index(b"PK\x01\x02")
    content[directory + 10 : directory + 12] = (93).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(ImportProblem, match="convert it with: inspect log convert --to json"):
        read_import(path)


def test_an_archive_without_a_header_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match=r"there is no header.json in it"):
        read_import(archive(tmp_path, {"samples/1.json": "{}"}))


def test_a_broken_sample_is_told_with_its_name(tmp_path: Path) -> None:
    log = inspect_log()
    del log["samples"]
    path = archive(tmp_path, {"header.json": json.dumps(log), "samples/1_epoch_1.json": '{"id": '})
    with pytest.raises(ImportProblem, match=r"log.eval/samples/1_epoch_1.json: not valid JSON"):
        read_import(path)


VALUES: list[Any] = [None, ..., "", "x", 5, -1, 1e300, True, [], {}, [1], {"a": 1}, "attachment://0f3c", "a" * 300]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(places_in(inspect_log()))), otherwise=st.sampled_from(VALUES))
def test_whatever_is_wrong_gives_one_message_or_a_valid_evaluation(
    tmp_path: Path, place: tuple[str | int, ...], otherwise: Any
) -> None:
    check_import(written_json(tmp_path, spoiled(inspect_log(), place, otherwise)))
