"""The difference from a baseline in a summary for a pull request."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt
from tests.reporting.exports.sources import source, written
from tests.reporting.sides import side

from lattice.reporting.comparison import Report, compare
from lattice.reporting.exports.markdown import MOST_BYTES
from lattice.reporting.exports.markdown_difference import MOST_COMPARED, difference_lines

HOSTILE = "</details><script>alert(1)</script> [x](javascript:1) @team #1 | `` ` a\nb <img src=x onerror=1>"


def report(texts: str = "Where is my order?") -> Report:
    """Two hundred inputs, of which thirty got worse and three better."""
    before = [5] * 100 + [3] * 100
    after = [3] * 30 + [5] * 70 + [5] * 3 + [3] * 97
    found = compare([(side("support#1", before), side("support#2", after))])
    [each] = found.comparisons
    told = replace(each, worse=tuple(replace(moved, text=texts) for moved in each.worse))
    return replace(found, comparisons=(told,))


def test_it_says_what_may_be_concluded_and_by_how_much() -> None:
    text = "\n".join(difference_lines(report()))
    assert "is worse than" in text.splitlines()[0]
    row = next(line for line in text.splitlines() if line.startswith("| score"))
    assert "▼ worse" in row
    assert "200 of 200" in row
    assert "95%" in row
    assert row.endswith("| 3 | 30 | 167 |")
    assert "<summary>The 10 inputs that got worse most</summary>" in text
    assert "| 1 | 1.00 | 0.50 | `Where is my order?` |" in text


def test_what_inputs_say_is_neither_markdown_nor_html() -> None:
    text = "\n".join(difference_lines(report(HOSTILE)))
    assert text.count("<details>") == text.count("</details>\n") + text.endswith("</details>") == 1
    shown = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "<a " not in shown
    assert shown.count("<tr>") == 1 + len(report().comparisons) + 1 + 10


def test_a_summary_fits_into_a_comment_whatever_there_is_to_say() -> None:
    one = report()
    [each] = one.comparisons
    many = replace(one, comparisons=(each,) * 500)
    lines = list(difference_lines(many))
    assert sum(line.startswith("| score") for line in lines) == MOST_COMPARED
    assert f"and {500 - MOST_COMPARED} more comparisons" in lines
    gates = [
        {"condition": f"mean > 0.{n}", "verdict": "fail", "value": 0.1, "reason": "r" * 500} for n in range(1, 1000)
    ]
    whole = written("markdown", replace(source(gates=gates), compared=lambda: many))
    assert len(whole) < MOST_BYTES + 1000
    text = whole.decode()
    assert "### Gates: ❌ fail left out" in text
    assert "▼ worse" in text
    assert "**Gates: ❌ fail**" in text


def test_without_a_baseline_there_is_no_such_section() -> None:
    assert "Against" not in written("markdown", source()).decode()
    assert "### Against `support#1`" in written("markdown", replace(source(), compared=report)).decode()
