"""The log of a run: ids and kinds, one line an event, and nothing that was asked or answered."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from tests.cli.command_line import CommandLine, judged_by

SECRET_INPUT = "Where is the treasure?"


@pytest.fixture
def ready(lattice: CommandLine) -> CommandLine:
    lattice.write("inputs.jsonl", "".join(json.dumps({"input": f"{SECRET_INPUT} {n}"}) + "\n" for n in range(4)))
    lattice.write_evaluation({"scoring": judged_by("sim/judge", mode="single")})
    return lattice


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_is_logged_as_json_lines_alone(ready: CommandLine) -> None:
    ended = ready("run", "evaluation.yaml", "--log-format", "json", "--json")
    assert ended.code == 0
    logged = events(ended.err)
    names = [each["event"] for each in logged]
    assert (names[0], names[-1], names.count("trial.ended")) == ("run.began", "run.ended", 4)
    assert {each["run"] for each in logged} == {ended.document["id"]}
    assert {each["input"] for each in logged if each["event"] == "trial.ended"} == {1, 2, 3, 4}
    assert logged[-1]["status"] == "completed"


def test_nothing_of_the_contents_is_logged(ready: CommandLine) -> None:
    faults = {"targets": [{"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"500": 0.5}}}]}
    ready.write_evaluation({"scoring": judged_by("sim/judge", mode="single"), **faults})
    ended = ready("run", "evaluation.yaml", "--log-format", "json", "--log-level", "debug", "--json")
    run = ended.document["id"]
    raw = ready("export", run, "-o", "-", "--format", "json").document
    assert "treasure" not in ended.err
    for result in raw["results"]:
        for text in (result.get("response"), result.get("reasoning")):
            assert not text or text not in ended.err
    failed = [each for each in events(ended.err) if each["event"] == "attempt.failed"]
    assert failed
    assert {(each["level"], each["step"], each["kind"]) for each in failed} == {("warning", "target", "server_error")}
    assert all(not {"message", "text"} & set(each) for each in failed)


def test_a_level_leaves_out_what_is_less_grave(ready: CommandLine) -> None:
    assert ready("run", "evaluation.yaml", "--log-format", "json", "--log-level", "error").err == ""


def test_text_lines_stand_beside_what_is_said(ready: CommandLine) -> None:
    ended = ready("run", "evaluation.yaml", "--log-format", "text")
    assert " info    run.began run=" in ended.err
    assert "Results Summary:" in ended.err


def test_a_file_takes_the_log_of_several_commands(ready: CommandLine) -> None:
    ready.set(LATTICE_LOG_FORMAT="json", LATTICE_LOG_FILE="lattice.log")
    first, second = ready("run", "evaluation.yaml"), ready("rerun", "latest")
    assert "Results Summary:" in first.err
    assert second.code == 0
    logged = events((ready.folder / "lattice.log").read_text())
    assert [each["name"] for each in logged if each["event"] == "run.ended"] == [
        "support-answers#1",
        "support-answers#2",
    ]


def test_nothing_is_logged_unless_it_is_asked_for(ready: CommandLine) -> None:
    ended = ready("run", "evaluation.yaml")
    assert "run.began" not in ended.err
    assert logging.getLogger("lattice").level == logging.NOTSET


def test_a_command_that_fails_is_logged_and_says_so(ready: CommandLine) -> None:
    failed = ready("run", "missing.yaml", "--log-format", "json")
    assert failed.code == 2
    first, *rest = failed.err.splitlines()
    assert json.loads(first)["event"] == "command.failed"
    assert rest[0].startswith("Error: ")


def test_traces_need_somewhere_to_go(ready: CommandLine) -> None:
    refused = ready("run", "evaluation.yaml", "--traces")
    assert refused.code == 2
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4318" in refused.err
    assert not (ready.folder / ".lattice").exists()
