"""Markdown as a page that shows it reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tests.reporting.exports.sources import HARD_TEXT, as_utf8, source, written
from tests.reporting.run_records import evaluation, result, run

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.runs import RunStatus
from lattice.core.trials import Failure, Response, Step
from lattice.reporting.exports import ExportSource
from lattice.reporting.exports.markdown_text import code, words
from lattice.reporting.formats import terminal_text

GATES: list[dict[str, Any]] = [
    {"condition": "mean > 0.80", "verdict": "fail", "value": 0.7386, "reason": "0.7386 is not above 0.8"},
    {"condition": "failure_rate < 0.05", "verdict": "pass", "value": 0.015, "reason": "0.015 is below 0.05"},
]
_HARMLESS = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}


def text_of(of: ExportSource, name: str = "markdown") -> str:
    return written(name, of).decode()


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def inline(found: list[Token]) -> Iterator[Token]:
    for token in found:
        yield from token.children or ()


def tables(text: str) -> list[list[list[str]]]:
    """Tables as rows of cells, with the text that each cell shows."""
    found: list[list[list[str]]] = []
    for token in tokens(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1][-1].append("".join(child.content for child in token.children or ()))
    return found


def test_it_sums_the_run_up() -> None:
    text = text_of(source(gates=GATES))
    assert text.startswith("## RAG Pipeline Quality Assessment · run 3\n\n**Gates: ❌ fail**\n\n✅ **Completed**")
    assert "✅ **Completed**: 200 / 200 (100%) in 8m 42s\n" in text
    counts, gates, metrics, distribution, errors, latency = tables(text)
    assert counts[1][:2] == ["197 / 200 (98.5%)", "3 / 200 (1.5%)"]
    assert gates[1:] == [
        ["mean > 0.80", "❌ fail", "0.7386 is not above 0.8"],
        ["failure_rate < 0.05", "✅ pass", "0.015 is below 0.05"],
    ]
    assert metrics[0] == ["Metric", "Interval by", "n", "Mean", "95% CI", "On its scale", *metrics[0][6:]]
    assert metrics[1][:6] == ["score", "adjusted_t", "197 of 200", "0.74", "[0.70, 0.77]", "3.95 of 5"]
    assert [row[:2] for row in distribution[1:]] == [
        ["1 (0.00)", "8 (4%) ▇"],
        ["2 (0.25)", "12 (6%) ▇"],
        ["3 (0.50)", "28 (14%) ▇▇▇"],
        ["4 (0.75)", "82 (42%) ▇▇▇▇▇▇▇▇"],
        ["5 (1.00)", "67 (34%) ▇▇▇▇▇▇▇"],
    ]
    assert errors[1:] == [["timeout", "3", "1.5%"]]
    assert latency[1] == ["Production RAG Stack", "1.00s", "1.00s", "1.00s"]
    assert "### Gates: ❌ fail" in text
    assert "- Judge: `anthropic/claude-3-5-haiku-20241022` (reference mode)" in text


def test_several_targets_stand_side_by_side() -> None:
    _, metrics, distribution, errors, _ = tables(text_of(source(targets=2)))
    assert [row[0] for row in metrics] == ["Target", "Production RAG Stack", "Target 2"]
    assert distribution[0] == ["Score", "Production RAG Stack", "Target 2"]
    assert errors[1:] == [["Production RAG Stack", "timeout", "3", "1.5%"], ["Target 2", "timeout", "3", "1.5%"]]


def test_many_failures_are_told() -> None:
    config = evaluation().model_dump(mode="json", by_alias=True)
    text = text_of(source(record=run(failed=10, config=config)))
    assert "5.0% of the inputs failed (5% or more)" in text
    assert "or more" not in text_of(source())


def test_a_judge_that_grades_its_own_model_is_told_of() -> None:
    own = evaluation(model="anthropic/claude-3-5-sonnet-20241022").model_dump(mode="json", by_alias=True)
    said = "⚠️ Production RAG Stack is judged by its own model, anthropic/claude-3-5-sonnet-20241022: models favour"
    assert said in text_of(source(record=run(config=own)))
    assert "own model" not in text_of(source())


@pytest.mark.parametrize(
    ("status", "changes", "said"),
    [
        (RunStatus.CANCELLED, {"done": 89}, "➖ **Cancelled**: 89 / 200 (44%)"),
        (RunStatus.CANCELLED, {"done": 89, "stopped": "budget"}, "Stopped: the budget is reached."),
        (RunStatus.RUNNING, {"done": 47}, "🔵 **Running**: 47 / 200 (24%)"),
        (RunStatus.RUNNING, {"done": 47, "interrupted": True}, "❌ **Failed (interrupted)**"),
        (
            RunStatus.FAILED,
            {"failure": {"kind": "auth", "message": "wrong key", "hint": "set it"}},
            "wrong key (set it)",
        ),
        (RunStatus.PENDING, {"done": 0, "failed": 0, "started_at": None}, "⚪ **Pending**: 0 / 200 (0%)"),
    ],
)
def test_it_says_how_the_run_stands(status: RunStatus, changes: dict[str, Any], said: str) -> None:
    config = evaluation().model_dump(mode="json", by_alias=True)
    assert said in text_of(source(record=run(status, config=config, **changes)))


def test_results_are_listed_if_asked() -> None:
    rows = [result(1), result(2, None)]
    assert "### Results" not in text_of(source(rows))
    text = text_of(source(rows), "markdown-inputs")
    *_, results = tables(text)
    assert results == [
        ["Input", "Score", "Text", "Response", "Reasoning"],
        ["1", "4 (0.75)", "How do I return it?", "Send it back.", "Mostly right."],
        ["2", "failed", "How do I return it?", "-", "Timeout after 60s"],
    ]
    assert text.endswith("\n2 of 200 results\n")


@given(HARD_TEXT, HARD_TEXT, HARD_TEXT)
@settings(deadline=None, max_examples=50)
def test_no_text_is_taken_for_markdown(one: str, other: str, third: str) -> None:
    failure = Failure(step=Step.TARGET, kind=ErrorKind.SERVER_ERROR, message=third)
    rows = [
        result(1, input=Input(position=1, id="a", input=one), response=Response(text=other, latency=1), target=third),
        result(2, None, failure=failure),
    ]
    config = evaluation().model_dump(mode="json", by_alias=True)
    config["targets"][0]["name"] = f"T{as_utf8(other)[:199]}"
    failed = {"kind": "auth", "message": one, "hint": third}
    record = run(RunStatus.FAILED, failure=failed, tags={one: other}, evaluation_name=third, config=config)
    gates = [{"condition": one, "verdict": "fail", "value": None, "reason": other}]
    text = text_of(source(rows, record=record, gates=gates), "markdown-inputs")
    assert {token.type for token in inline(tokens(text))} <= _HARMLESS
    assert not any(token.type.startswith(("html", "fence", "code_block", "blockquote", "hr")) for token in tokens(text))
    assert [sum(token.tag == "h2" for token in tokens(text)), text.count("### Results")] == [2, 1]
    *_, results = tables(text)
    assert [len(row) for row in results] == [5, 5, 5]


@given(HARD_TEXT)
def test_a_code_span_in_a_table_shows_the_text(text: str) -> None:
    (shown,) = tables(f"| a | b |\n| --- | --- |\n| {code(text)} | x |\n")[0][1:]
    assert len(shown) == 2
    expected = terminal_text(text) or "-"
    assert shown[0].replace("⧵", "\\") == expected.replace("⧵", "\\")


@given(HARD_TEXT)
def test_words_are_what_they_are_or_code(text: str) -> None:
    children = list(inline(tokens(f"## {words(text)}")))
    assert {child.type for child in children} <= {"text", "code_inline"}
    shown = "".join(child.content for child in children).replace("\\|", "|").replace("⧵", "\\")
    assert shown == (terminal_text(text).replace("⧵", "\\") or "-")


@pytest.mark.parametrize(
    "text", ["0.7386 is not above 0.8", "the 95% interval [0.51, 0.89] (adjusted_t) has 0.75 inside", "RAG stack, v2"]
)
def test_plain_words_stay_plain(text: str) -> None:
    assert words(text) == text


@pytest.mark.parametrize(
    "text",
    ["@everyone", "see #12", "www.example.com", "https://x.y", "a@b.c", "*bold*", "_it_", "<b>", "$x$", ":smile:"],
)
def test_what_a_page_might_act_upon_is_code(text: str) -> None:
    assert words(text) == f"`{text}`"
