"""Evaluations, runs and results in rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.reporting.run_records import NAME, NOW, SLUG, evaluation, example_rows, result, run

from lattice.cli.rendering.progress import shown_cells
from lattice.cli.rendering.tables import error_lines, evaluations_table, raw_lines, result_lines, runs_table
from lattice.cli.rendering.terminal import PLAIN, Terminal
from lattice.core.runs import RunStatus
from lattice.reporting.document import errors_of
from lattice.reporting.summary import Session, spending_of, summarise
from lattice.store.records import EvaluationRow

LIVE: dict[str, Any] = {"cost_usd": {"target": 0.6, "judge": 0.12}}
SUMMARY = summarise(example_rows(), evaluation(), Session(total=200, spending=spending_of(LIVE, evaluation())))
GATES = [{"condition": "mean > 0", "verdict": "pass"}, {"condition": "min > 0", "verdict": "fail"}]
STORED = {"summary": SUMMARY.as_json(), "gates": GATES}
LATER = NOW + timedelta(hours=3)
WIDE = Terminal(width=140)


def listed(run_: Any = None) -> EvaluationRow:
    return EvaluationRow(
        id="e1",
        slug=SLUG,
        name=NAME,
        type="task_specific",
        created_at=NOW,
        archived=False,
        versions=1,
        runs=0 if run_ is None else 3,
        last_run=run_,
    )


def test_runs_are_listed_with_their_numbers() -> None:
    assert runs_table([run(summary=STORED)], LATER, WIDE) == [
        "           Run                                Progress        Mean [95% CI]      Gates  Cost   When",
        "Completed  rag-pipeline-quality-assessment#3  200/200 (100%)  0.74 [0.70, 0.77]  fail   $0.72  3h ago",
    ]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (100, "✔ Completed  rag-pipeline-quality-assessment#3  200/200 (100%)  0.74 [0.70, 0.77]  $0.72  3h ago"),
        (80, "✔ Completed  rag-pipeline-quality-assessment#3  200/200 (100%)  0.74"),
        (50, "✔ Completed  rag-pipeline…#3  200/200 (100%)  0.74"),
    ],
)
def test_narrow_terminals_lose_columns_first_then_the_interval_and_never_a_runs_number(width: int, line: str) -> None:
    lines = runs_table([run(summary=STORED)], LATER, Terminal(width=width, shapes=True))
    assert max(len(line) for line in lines) <= width
    assert lines[1] == line


def test_on_a_terminal_the_indicator_stands_before() -> None:
    rows = [run(summary=STORED), run(RunStatus.RUNNING, done=50, interrupted=True)]
    _, completed, interrupted = runs_table(rows, LATER, Terminal(width=140, shapes=True))
    assert completed.startswith("✔ Completed")
    assert interrupted.startswith("✖ Failed (interrupted)")


def test_a_running_run_shows_its_mean_so_far() -> None:
    look = {"n": 45, "mean": 0.7, "lower": 0.6, "upper": 0.8, "level": 0.95, "method": "betting"}
    live = {**LIVE, "targets": [{"done": 50, "metrics": {"score": {"n": 47}}, "interval": look}]}
    (_, line) = runs_table([run(RunStatus.RUNNING, done=50, live=live, summary=STORED)], LATER, WIDE)
    assert "0.70 [0.60, 0.80]" in line


def test_a_run_without_anything_shows_dashes() -> None:
    (_, line) = runs_table([run(RunStatus.FAILED, done=0, failed=0)], LATER, WIDE)
    assert line.split()[2:] == ["0/200", "(0%)", "-", "-", "-", "3h", "ago"]


def test_evaluations_are_listed_with_their_last_run_and_without() -> None:
    lines = evaluations_table([listed(run(summary=STORED)), listed()], LATER, WIDE)
    assert lines[1].split("  ")[0] == "Completed"
    assert f"{NAME}  #3" in lines[1]
    assert lines[2].startswith("Pending")


def test_an_empty_workspace_says_what_to_do() -> None:
    assert "lattice init" in evaluations_table([], NOW, PLAIN)[0]
    assert "lattice run" in runs_table([], NOW, PLAIN)[0]


def test_results_show_input_score_and_reasoning() -> None:
    assert list(result_lines([result(12), result(13, None)], PLAIN)) == [
        "#12  4 (0.75)  How do I return it?",
        "    Mostly right.",
        "#13  failed  How do I return it?",
        "    Timeout after 60s",
    ]


@pytest.mark.parametrize("width", [80, 40])
def test_hostile_results_fit_and_do_no_harm(width: int) -> None:
    hostile = "\x1b[2J\x00\ud800</script>\u202e" + "漢" * 1_000
    rows = [result(1, reasoning=hostile, raw=hostile), result(2, None)]
    terminal = Terminal(width=width)
    for lines in (list(result_lines(rows, terminal, several_targets=True)), list(raw_lines(rows, terminal))):
        assert max(shown_cells(line) for line in lines) <= width
        assert "\x1b" not in "".join(lines)
        "".join(lines).encode()


def test_raw_results_show_everything() -> None:
    text = "\n".join(raw_lines([result(12, raw='{"score": 4}')], PLAIN))
    assert (
        text
        == """\
#12  4 (0.75)  Production RAG Stack
  Input:
    How do I return it?
  Reference:
    By post.
  Response:
    Send it back.
  Reasoning:
    Mostly right.
  Judge:
    {"score": 4}
  2 calls | latency 1.25s | 150 tokens | $0.0012
"""
    )


def test_errors_are_listed() -> None:
    errors = list(errors_of([result(42, None)]))
    assert error_lines(errors, PLAIN) == ["Input #42: Timeout after 60s"]
    assert error_lines(errors, PLAIN, several_targets=True) == ["Input #42 (Production RAG Stack): Timeout after 60s"]
