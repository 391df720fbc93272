"""Evaluations of other types, and targets that are no models, as they are shown."""

from __future__ import annotations

from typing import Any

from tests.reporting.run_records import result, run, score_row

from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.summary import summary_block
from lattice.cli.rendering.tables import mean_cell, raw_lines
from lattice.cli.rendering.terminal import PLAIN
from lattice.core.evaluation import Evaluation
from lattice.core.models import ToolCall, Usage
from lattice.core.runs import Progress, RunStatus
from lattice.core.trials import Response
from lattice.reporting.figures import Spending, Summary
from lattice.reporting.headline import headline_of
from lattice.reporting.summary import Session, summarise
from lattice.store.records import ScoreRow

MODEL = {"name": "Model", "model": "sim/a"}


def evaluation(**parts: Any) -> Evaluation:
    return Evaluation.model_validate({"name": "A", "targets": [MODEL], "inputs": {"items": ["Q"]}, **parts})


def configuration(**parts: Any) -> list[str]:
    return configuration_block(evaluation(**parts), inputs=3, terminal=PLAIN)


def shown(configured: Evaluation, rows: list[ScoreRow]) -> list[str]:
    numbers = summarise(rows, configured, Session(total=len(rows), elapsed=2.0))
    record = run(
        RunStatus.COMPLETED,
        evaluation_type=configured.type.value,
        config=configured.model_dump(mode="json", by_alias=True),
        progress=Progress(total=len(rows), done=len(rows), successful=len(rows), failed=0),
    )
    return summary_block(record, numbers, PLAIN)


def row(position: int, **metrics: float) -> ScoreRow:
    scored = score_row(position, 1, names=("x",))
    return scored._replace(metrics={name: (score, None) for name, score in metrics.items()})


def test_what_is_called_stands_behind_a_targets_name() -> None:
    http = {"url": "https://rag.example.com:8443/ask?k=1", "method": "PUT"}
    lines = configuration(
        targets=[{"name": "Staging", "http": http}, {"name": "Mine", "python": "rag:answer"}, {"python": "rag:other"}],
        scoring={"python": "grading:right"},
        checks=[{"name": "cites", "regex": "x"}, {"name": "is JSON", "json_schema": {}}],
    )
    assert lines == [
        "Evaluation: A",
        "Type: Task-Specific",
        "Targets: 3",
        "  - Staging (PUT rag.example.com:8443)",
        "  - Mine (rag:answer)",
        "  - rag:other",
        "Test Inputs: 3",
        "Scoring: Python function (grading:right)",
        "Checks: cites (regular expression), is JSON (JSON schema)",
    ]


def test_without_scoring_that_is_said() -> None:
    assert configuration(type="operational")[-1] == "Scoring: None (latency, throughput, cost and errors are measured)"
    assert configuration(checks=[{"name": "a", "contains": "x"}])[-1] == "Checks: a (contains)"


def test_a_benchmark_of_right_and_wrong_shows_its_accuracy_first() -> None:
    configured = evaluation(
        type="benchmark", scoring={"exact_match": True}, checks=[{"name": "close", "similarity": True}]
    )
    lines = shown(configured, [row(n, score=float(n > 1), close=n / 5) for n in range(1, 5)])
    assert lines[9:18] == [
        "| Metric   | Value | 95% CI       |",
        "| Accuracy | 0.75  | [0.30, 0.95] |",
        "Correct: 3 / 4 (75.0%)",
        "Accuracy 0.75 (n = 4 of 4); interval: wilson",
        "",
        "| Check | Mean | 95% CI       | n      | Median | Std Dev |",
        "| close | 0.50 | [0.11, 0.89] | 4 of 4 | 0.50   | 0.26    |",
        "Intervals: adjusted_t",
        "",
    ]


def test_other_types_show_the_mean_of_what_is_computed() -> None:
    lines = shown(evaluation(scoring={"regex": "x"}), [row(n, score=float(n > 1)) for n in range(1, 5)])
    assert "| Mean Score   | 0.75  | [0.30, 0.95] |" in lines
    assert not any(line.startswith("Score Distribution") for line in lines)


def test_an_operational_run_shows_how_quick_reliable_and_dear_it_was() -> None:
    rows = [
        row(1)._replace(duration=4.0, target_usage=Usage(input_tokens=2_000, output_tokens=10), target_cost=0.5),
        row(2)._replace(duration=2.0, target_usage=Usage(input_tokens=1_000, output_tokens=30), target_cost=0.25),
        score_row(3, latency=None),
    ]
    assert shown(evaluation(type="operational"), rows)[9:] == [
        "| Metric          | p50   | p95   | p99   |",
        "| Latency         | 1.00s | 1.00s | 1.00s |",
        "| Time to Respond | 3.00s | 3.90s | 3.98s |",
        "Throughput: 1.5 inputs/s",
        "Error Rate: 1 / 3 (33.3%): 1 timeout",
        "Tokens per Input: 1,000 in, 13 out",
        "Cost per Input: $0.25",
    ]


def test_a_list_shows_the_first_metric_there_is() -> None:
    def cell(configured: Evaluation, rows: list[ScoreRow]) -> str:
        numbers = summarise(rows, configured, Session(total=len(rows), spending=Spending()))
        assert Summary.from_json(numbers.as_json()) == numbers
        return mean_cell(headline_of(run(summary={"summary": numbers.as_json(), "gates": []})))

    checks = evaluation(checks=[{"name": "a", "regex": "x"}, {"name": "b", "regex": "x"}])
    assert cell(checks, [row(1, a=1.0, b=0.0), row(2, a=1.0, b=0.0)]) == "1.00 [0.34, 1.00]"
    assert cell(evaluation(type="operational"), [row(1)]) == "-"


def test_raw_results_show_what_a_target_retrieved_and_which_tools_it_called() -> None:
    call = ToolCall(name="look\x1b", arguments='{"page": 3}')
    response = Response(text="Page 3.", latency=1.0, context=("one", "two"), tool_calls=(call,))
    lines = list(raw_lines([result(1, response=response)], PLAIN))
    retrieved = lines.index("  Retrieved:")
    assert lines[retrieved + 1 : retrieved + 4] == ["    one", "", "    two"]
    assert lines[retrieved + 4 : retrieved + 6] == ["  Tool calls:", '    look␛({"page": 3})']
