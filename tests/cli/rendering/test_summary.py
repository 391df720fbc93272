"""What is shown of a run that has ended, to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from tests.reporting.run_records import evaluation, example_rows, run, score_row

from lattice.cli.rendering.progress import shown_cells
from lattice.cli.rendering.summary import gates_lines, summary_block
from lattice.cli.rendering.terminal import PLAIN, Terminal
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import RoleSpending, Spending, Summary
from lattice.reporting.summary import Session, live_intervals_of, spending_of, summarise
from lattice.reporting.words.endings import cost_text
from lattice.store.records import ScoreRow

LIVE: dict[str, Any] = {
    "usage": {"target": [30000, 10000], "judge": [8000, 230]},
    "cost_usd": {"target": 0.6, "judge": 0.12},
    "targets": [{"interval": {"n": 80, "mean": 0.7, "lower": 0.6, "upper": 0.8, "level": 0.95, "method": "betting"}}],
}
COMPLETED = """\
Status: Completed
Progress: 200 / 200 (100%)
Duration: 8m 42s
Results Summary:
  Successful: 197 / 200 (98.5%)
  Failed: 3 / 200 (1.5%)
  Total Tokens: 48,230
  Estimated Cost: $0.72

| Metric       | Value | 95% CI       |
| Mean Score   | 0.74  | [0.70, 0.77] |      (3.95 of 5)
| Median Score | 0.75  | -            |
| Std Dev      | 0.26  | -            |
| Min          | 0.00  | -            |
| Max          | 1.00  | -            |
Mean 0.74 (n = 197 of 200); interval: adjusted_t

Score Distribution:
1 (0.00): 8 (4%)
2 (0.25): 12 (6%)
3 (0.50): 28 (14%)
4 (0.75): 82 (42%)
5 (1.00): 67 (34%)

Latency: p50 1.00s, p95 1.00s, p99 1.00s | 23.0 inputs/min"""


def summary(rows: list[ScoreRow], *, early: bool = False, **settings: Any) -> Summary:
    configured = evaluation(**settings)
    session = Session(
        total=200,
        elapsed=522.1,
        spending=spending_of(LIVE, configured),
        live_intervals=live_intervals_of(LIVE, configured) if early else None,
    )
    return summarise(rows, configured, session)


def block(record: RunRecord, numbers: Summary, terminal: Terminal = PLAIN, **more: Any) -> str:
    return "\n".join(summary_block(record, numbers, terminal, scale_maximum=5, **more))


def test_a_completed_run_is_shown_to_the_letter() -> None:
    assert block(run(), summary(example_rows())) == COMPLETED


def test_on_a_terminal_the_status_has_a_sign_and_a_colour_and_the_rest_is_the_same() -> None:
    plain = COMPLETED.replace("Status: Completed", "Status: ✔ Completed")
    assert block(run(), summary(example_rows()), Terminal(shapes=True)) == plain
    coloured = block(run(), summary(example_rows()), Terminal(shapes=True, colour=True))
    assert "Status: \x1b[32m✔\x1b[0m \x1b[32mCompleted\x1b[0m" in coloured


def test_a_cancelled_run_keeps_what_it_has() -> None:
    text = block(run(RunStatus.CANCELLED, done=89, failed=1), summary(example_rows(), early=True))
    assert text.startswith("""\
Status: Cancelled
Progress: 89 / 200 (44%)
Partial results are preserved.
Results Summary:
  Successful: 88 / 89 (98.9%)
  Failed: 1 / 89 (1.1%)
""")
    assert "| Mean Score   | 0.74  | [0.60, 0.80] |      (3.95 of 5)" in text
    assert "interval: betting (live: the run stopped early)" in text


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (run(RunStatus.CANCELLED, done=89, stopped="budget"), "Stopped: the budget is reached."),
        (
            run(RunStatus.COMPLETED, done=89, stopped="decided"),
            "Stopped early: every gate was decided. That saved 111 of 200 inputs and about\n$0.90.",
        ),
        (run(RunStatus.RUNNING, done=89, interrupted=True), "Interrupted: its process is gone."),
        (
            run(RunStatus.FAILED, done=1, failure={"kind": "auth", "message": "no\x1b key", "hint": "Set A_KEY"}),
            "Reason: no␛ key\nTo mend it: Set A_KEY",
        ),
    ],
)
def test_a_run_that_ended_early_says_why(record: RunRecord, words: str) -> None:
    assert words in block(record, summary(example_rows(), early=True))


def test_an_interrupted_run_is_failed_and_says_so() -> None:
    text = block(run(RunStatus.RUNNING, done=89, interrupted=True), summary(example_rows()), Terminal(shapes=True))
    assert text.startswith("Status: ✖ Failed (interrupted)")


def test_from_5_percent_of_failures_on_the_summary_warns() -> None:
    assert "Warning" not in block(run(failed=9), summary(example_rows()))
    assert "Warning: 5.0% of the inputs failed" in block(run(failed=10), summary(example_rows()))


def test_without_scores_there_is_no_number_and_no_distribution() -> None:
    text = block(run(done=2, failed=2), summary([score_row(1), score_row(2)]))
    assert "| Mean Score   | -     | -      |" in text
    assert "No scores (n = 0 of 2): no estimate." in text
    assert "Score Distribution" not in text


def test_one_score_has_no_interval() -> None:
    assert "Mean 0.75 (n = 1 of 1); interval: needs two scores" in block(
        run(done=1, failed=0), summary([score_row(1, 4)])
    )


def test_nothing_done_shows_no_results() -> None:
    text = block(run(RunStatus.CANCELLED, done=0, failed=0), summary([]))
    assert "Results Summary" not in text
    assert "Partial results" not in text


def test_a_pass_rate_has_its_row_with_the_condition_beside_it() -> None:
    text = block(run(), summary(example_rows(), passes=">= 4"))
    assert "| Pass Rate    | 0.76  | [0.69, 0.81] |      (>= 4)" in text


def test_criteria_have_a_row_each() -> None:
    names = ("score", "accuracy", "tone")
    rows = [score_row(place, 4, place % 5 + 1, 3, names=names) for place in range(20)]
    text = block(run(), summary(rows, criteria=[{"name": "accuracy"}, {"name": "tone"}]))
    assert (
        """\
| Criterion | Mean | 95% CI       | n        | Median | Std Dev |
| accuracy  | 0.50 | [0.33, 0.67] | 20 of 20 | 0.50   | 0.36    |
| tone      | 0.50 | [0.43, 0.57] | 20 of 20 | 0.50   | 0.00    |
Intervals: adjusted_t"""
        in text
    )


def test_several_targets_have_a_table_each_under_their_name() -> None:
    text = block(run(), summary([*example_rows(), *example_rows(1)], targets=2))
    assert text.count("| Mean Score   | 0.74  | [0.70, 0.77] |") == 2
    assert "\nProduction RAG Stack\n| Metric" in text
    assert "\nTarget 2\n| Metric" in text


def test_unknown_prices_are_named_and_never_zero() -> None:
    unknown = RoleSpending(cost_usd=None)
    judge = RoleSpending(cost_usd=0.12)
    models = ("local/smollm2",)
    assert cost_text(Spending(target=unknown, judge=unknown, unpriced_models=models)) == (
        "unknown (no price for local/smollm2)"
    )
    assert cost_text(Spending(target=unknown, judge=judge, unpriced_models=models)) == (
        "$0.12 + unknown (no price for local/smollm2)"
    )


def test_gates_show_verdict_and_reason() -> None:
    gates: list[dict[str, Any]] = [
        {"condition": "mean > 0.80", "verdict": "fail", "value": 0.74, "reason": "the mean is 0.74"},
        {"condition": "ci_lower > 0.75", "verdict": "not_evaluated", "value": None, "reason": "the run was cancelled"},
    ]
    assert gates_lines(gates, PLAIN) == [
        "",
        "Gates:",
        "  mean > 0.80: fail",
        "      the mean is 0.74",
        "  ci_lower > 0.75: not evaluated",
        "      the run was cancelled",
    ]
    assert gates_lines(gates, Terminal(shapes=True))[2] == "  ✖ mean > 0.80: fail"


@pytest.mark.parametrize("width", [80, 60, 40])
def test_every_line_fits_the_terminal(width: int) -> None:
    gates = [{"condition": "mean > 0.80", "verdict": "fail", "value": 0.74, "reason": "because of everything " * 9}]
    rows = [score_row(place, 4, 3, names=("score", "accuracy")) for place in range(20)]
    numbers = summary(rows, criteria=[{"name": "accuracy"}])
    record = run(RunStatus.FAILED, done=100, failed=20, failure={"message": "word " * 40, "hint": "more " * 40})
    for colour in (False, True):
        terminal = Terminal(width=width, shapes=True, colour=colour)
        lines = summary_block(record, numbers, terminal, gates=gates, scale_maximum=5)
        assert max(shown_cells(line) for line in lines) <= width


def test_doubts_about_the_judges_stand_above_the_numbers_and_only_where_there_are_some() -> None:
    text = block(run(), summary(example_rows()), doubts=["A is judged by its own model,\x1b[2J m"])
    assert "Warning: A is judged by its own model,␛[2J m\n\n| Metric" in text
    pending = run(RunStatus.CANCELLED, done=0, failed=0)
    assert "Warning" not in block(pending, summary([]), doubts=["A is judged by its own model"])
