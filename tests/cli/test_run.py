"""``lattice run`` over both wire formats: what it prints, stores and answers scripts with."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.command_line import CommandLine, Outcome, judged_by
from tests.cli.servers import simulator

from lattice.cli.commands import execution
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.server import SimulatorServer

INPUTS = 200
FAULTY = Behaviour(
    seed=5, faults={Fault.INVALID: 0.02, Fault.SERVER_ERROR: 0.02, Fault.MALFORMED: 0.01, Fault.INCOMPLETE: 0.01}
)
MODELS = {"openai": ("openai/gpt-4o-mini", "openai/gpt-4o"), "anthropic": ("anthropic/claude-3-haiku-20240307",) * 2}

SUMMARY = re.compile(
    r"""Status: Completed
Progress: 200 / 200 \(100%\)
Duration: \d+s
Results Summary:
  Successful: 200 / 200 \(100\.0%\)
  Failed: 0 / 200 \(0\.0%\)
  Total Tokens: \d\d,\d{3}
  Estimated Cost: \$0\.\d\d
(?:Warning: Assistant is judged by its own model,\n.*: models favour their own answers\n)?
\| Metric       \| Value \| 95% CI       \|
\| Mean Score   \| 0\.\d\d  \| \[0\.\d\d, 0\.\d\d\] \|      \(\d\.\d\d of 5\)
\| Median Score \| [01]\.\d\d  \| -            \|
\| Std Dev      \| 0\.\d\d  \| -            \|
\| Min          \| [01]\.\d\d  \| -            \|
\| Max          \| [01]\.\d\d  \| -            \|
Mean 0\.\d\d \(n = 200 of 200\); interval: adjusted_t

Score Distribution:
1 \(0\.00\): \d+ \(\d+%\)
2 \(0\.25\): \d+ \(\d+%\)
3 \(0\.50\): \d+ \(\d+%\)
4 \(0\.75\): \d+ \(\d+%\)
5 \(1\.00\): \d+ \(\d+%\)
"""
)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with simulator() as server:
        yield server


@pytest.fixture(scope="module")
def faulty() -> Iterator[SimulatorServer]:
    with simulator(FAULTY) as server:
        yield server


def connect(lattice: CommandLine, server: SimulatorServer) -> None:
    lattice.set(
        OPENAI_BASE_URL=server.openai_url,
        OPENAI_API_KEY="sk-dummy-openai",
        ANTHROPIC_BASE_URL=server.url,
        ANTHROPIC_API_KEY="sk-dummy-anthropic",
    )


def evaluation(lattice: CommandLine, wire: str, **changes: Any) -> None:
    target, judge = MODELS[wire]
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation(
        {
            "targets": [{"name": "Assistant", "model": target, "params": {"max_tokens": 200}}],
            "scoring": judged_by(judge),
            **changes,
        }
    )


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_two_hundred_inputs_complete_with_the_summary(lattice: CommandLine, server: SimulatorServer, wire: str) -> None:
    connect(lattice, server)
    evaluation(lattice, wire)
    asked = server.counters.requests

    ended = lattice("run", "evaluation.yaml")

    assert ended.code == 0
    assert ended.out == ""
    assert SUMMARY.search(ended.err), ended.err
    assert server.counters.requests == asked + 2 * INPUTS
    assert "Next:\n  lattice show support-answers#1\n  lattice export support-answers#1 -o results.csv" in ended.err
    counts = re.findall(r"^\d \(\d\.\d\d\): (\d+)", ended.err, re.MULTILINE)
    assert sum(map(int, counts)) == INPUTS


def test_the_configuration_is_shown_first(lattice: CommandLine, server: SimulatorServer) -> None:
    connect(lattice, server)
    evaluation(lattice, "anthropic")
    shown = lattice("run", "evaluation.yaml", "--limit", "2")
    assert shown.err.startswith(
        """Evaluation: Support Answers
Type: Task-Specific
Status: Pending
Targets: 1
  - Assistant (claude-3-haiku-20240307)
Test Inputs: 2
Scoring: LLM-as-Judge (Likert-5, Reference mode)
Judge: claude-3-haiku-20240307
"""
    )


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_the_document_stands_alone_on_stdout(lattice: CommandLine, faulty: SimulatorServer, wire: str) -> None:
    connect(lattice, faulty)
    evaluation(lattice, wire, run={"retries": {"server_error": 0}}, gates=["mean > 0.05", "failure_rate < 0.5"])

    ran = lattice("run", "evaluation.yaml", "--json", "--tag", "commit=3f2a1c")

    assert ran.code == 0, ran.err
    check_document(ran.document, target="Assistant")
    assert ran.document["tags"] == {"commit": "3f2a1c"}
    assert ran.document["trigger"] == "cli"
    assert len(ran.document["errors"]) > 1
    shown = lattice("show", "--json")
    assert shown.document == ran.document
    assert shown.err == ""


def check_document(document: dict[str, Any], *, target: str) -> None:
    """Every key of the published form, and its type."""
    assert list(document) == [
        *("id", "number", "status", "evaluation", "config_hash", "inputs_hash", "tags", "trigger", "stopped"),
        *("started_at", "finished_at", "duration_seconds", "failure", "progress", "usage", "cost", "metrics"),
        *("errors", "gates"),
    ]
    assert document["status"] == "completed"
    assert document["stopped"] is None
    assert document["failure"] is None
    assert document["number"] == 1
    assert document["duration_seconds"] > 0
    assert set(document["evaluation"]) == {"id", "name", "type"}
    assert document["evaluation"]["name"] == "Support Answers"
    assert document["evaluation"]["type"] == "task_specific"
    for name in ("id", "config_hash", "inputs_hash"):
        assert re.fullmatch(r"[0-9a-f]{8,64}", document[name])
    for name in ("started_at", "finished_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document[name])
    check_counts(document)
    check_metric(document["metrics"][0], document["progress"], target)
    for error in document["errors"]:
        check_error(error, target)
    for gate in document["gates"]:
        assert set(gate) == {"condition", "verdict", "value", "reason"}
        assert gate["verdict"] in ("pass", "fail", "inconclusive", "not_evaluated")
        assert isinstance(gate["value"], float)
        assert gate["reason"]


def check_counts(document: dict[str, Any]) -> None:
    progress, usage, cost = document["progress"], document["usage"], document["cost"]
    assert list(progress) == ["total", "done", "successful", "failed"]
    assert progress["total"] == progress["done"] == INPUTS
    assert progress["successful"] + progress["failed"] == INPUTS
    assert progress["failed"] == len(document["errors"])
    assert {"input_tokens", "output_tokens", "total_tokens", "target", "judge"} <= set(usage)
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]
    assert usage["target"]["total_tokens"] + usage["judge"]["total_tokens"] == usage["total_tokens"]
    assert set(cost) == {"usd", "unpriced_models"}
    assert cost["usd"] > 0
    assert cost["unpriced_models"] == []


def check_metric(metric: dict[str, Any], progress: dict[str, int], target: str) -> None:
    assert list(metric) == [
        *("target", "name", "n", "mean", "native_mean", "median", "std", "min", "max", "interval", "distribution")
    ]
    assert metric["target"] == target
    assert metric["name"] == "score"
    assert metric["n"] == progress["successful"]
    assert 0 <= metric["min"] <= metric["median"] <= metric["max"] <= 1
    assert metric["native_mean"] == pytest.approx(1 + 4 * metric["mean"])
    interval = metric["interval"]
    assert list(interval) == ["lower", "upper", "level", "method"]
    assert interval["lower"] < metric["mean"] < interval["upper"]
    assert (interval["level"], interval["method"]) == (0.95, "adjusted_t")
    assert [(level["value"], level["score"]) for level in metric["distribution"]] == [
        (1, 0.0),
        (2, 0.25),
        (3, 0.5),
        (4, 0.75),
        (5, 1.0),
    ]
    assert sum(level["count"] for level in metric["distribution"]) == metric["n"]


def check_error(error: dict[str, Any], target: str) -> None:
    assert list(error) == ["input", "id", "target", "step", "kind", "message", "attempts"]
    assert 1 <= error["input"] <= INPUTS
    assert error["id"] == str(error["input"])
    assert error["target"] == target
    assert error["step"] in ("target", "judge")
    assert error["kind"] in ("invalid_input", "server_error", "judge_parse")
    assert error["message"]
    assert error["attempts"] in (1, 2)


def test_errors_are_told_as_they_happen_and_again_by_show(lattice: CommandLine, faulty: SimulatorServer) -> None:
    connect(lattice, faulty)
    evaluation(lattice, "openai", run={"retries": {"server_error": 0}})
    ran = lattice("run", "evaluation.yaml", "--json")
    first = ran.document["errors"][0]
    line = f"Input #{first['input']}: "
    assert line in ran.err
    assert line in lattice("show").out


def test_a_filter_lists_those_and_only_those(lattice: CommandLine, server: SimulatorServer) -> None:
    connect(lattice, server)
    evaluation(lattice, "openai")
    lattice("run", "evaluation.yaml", "-o", "all.csv")
    natives = {int(row["position"]): float(row["native"]) for row in read_csv(lattice, "all.csv")}
    low = sorted(position for position, native in natives.items() if native < 3)

    shown = lattice("show", "latest", "--where", "score < 3")

    assert 0 < len(low) < INPUTS
    assert listed(shown) == low
    assert f"{len(low)} of {INPUTS} results" in shown.err


def listed(shown: Outcome) -> list[int]:
    return [int(place) for place in re.findall(r"^#(\d+) ", shown.out, re.MULTILINE)]


def read_csv(lattice: CommandLine, name: str) -> list[dict[str, str]]:
    with (lattice.folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_export_has_one_row_per_trial(lattice: CommandLine, faulty: SimulatorServer) -> None:
    connect(lattice, faulty)
    evaluation(
        lattice,
        "anthropic",
        targets=[{"model": "anthropic/claude-3-haiku-20240307"}, {"model": "openai/gpt-4o-mini"}],
        inputs={"path": "inputs.jsonl", "limit": 10},
    )
    ran = lattice("run", "evaluation.yaml", "--repeats", "2", "-o", "results.csv", "-o", "run.json")
    assert "Wrote results.csv\nWrote run.json" in ran.err
    trials = [(row["position"], row["target"], row["repeat"]) for row in read_csv(lattice, "results.csv")]
    assert trials == [
        (str(position), target, str(repeat))
        for position in range(1, 11)
        for target in ("claude-3-haiku-20240307", "gpt-4o-mini")
        for repeat in (1, 2)
    ]


def test_a_ctrl_c_at_the_summary_leaves_the_way_to_go_on(
    lattice: CommandLine, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> list[str]:
        raise KeyboardInterrupt

    connect(lattice, server)
    evaluation(lattice, "openai", run={"budget": {"tokens": 1}})
    monkeypatch.setattr(execution, "conclusion_lines", interrupted)
    ran = lattice("run", "evaluation.yaml")
    assert ran.code == 130
    assert "Stopped.\n\nRun: " in ran.err
    assert re.search(r"\n  lattice resume \S+#1 --budget-tokens \d+\n", ran.err)
