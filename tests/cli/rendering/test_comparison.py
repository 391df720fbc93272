"""A comparison as it is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.reporting.sides import side, stopped

from lattice.cli.rendering.comparison import comparison_lines
from lattice.cli.rendering.terminal import PLAIN, Terminal
from lattice.reporting.comparison import Report, compare

OLD, NEW = [5.0, 4.0, 4.0, 5.0, 3.0, 5.0], [4.0, 4.0, 5.0, 3.0, 3.0, 5.0]


def report(text: str = "How do I return it?") -> Report:
    found = compare([(side("support#1", OLD), side("support#2", NEW))])
    [only] = found.comparisons
    told = replace(
        only,
        worse=tuple(replace(each, text=text) for each in only.worse),
        better=tuple(replace(each, text=text) for each in only.better),
    )
    return replace(found, comparisons=(told,))


def test_the_numbers_stand_side_by_side() -> None:
    lines = comparison_lines(report(), PLAIN)
    assert lines[:6] == [
        "Comparison: support#2 with support#1 (baseline), input by input",
        "",
        "score",
        "  Run        Mean  95% CI        n",
        "  support#1  0.83  [0.45, 1.00]  6 of 6",
        "  support#2  0.75  [0.40, 0.98]  6 of 6",
    ]
    text = " ".join(" ".join(lines).split())
    assert "support#2 - support#1: -0.083, 95% CI [-0.354, +0.188] (t), p = 0.75 (signs flipped in all ways)" in text
    assert "1 win, 3 ties, 2 losses" in text
    assert "Latency and cost Run p50 p95 Cost per trial support#1 1.00s 1.00s $0.0060 $0.0010" in text
    assert "inputs that got worse most (score) #4 1.00 → 0.50 How do I return it?" in text


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    order = list(range(1, 7))
    long = "a-very-long-name-of-an-evaluation#1/And a target with a name as long"
    found = compare(
        [(side(long, OLD, order=order), stopped(f"{long} {n}", NEW, order=order, id=str(n))) for n in range(2)]
    )
    found = replace(found, left_out=(long,))
    lines = comparison_lines(found, Terminal(width=width))
    assert max(map(len, lines)) <= width


def test_warnings_stand_before_the_numbers_with_their_pair() -> None:
    base = side("support#1", OLD)
    found = compare([(base, side("support#2", NEW)), (base, side("support#3", NEW, inputs_hash="other"))])
    lines = comparison_lines(found, PLAIN)
    text = " ".join(lines)
    assert text.index("Warning: support#3: different inputs (6 and 6)") < text.index("Mean")
    assert "2 comparisons are made together; p-values are corrected for that (Holm)." in text
    assert "as two samples" in lines[0]


def test_other_peoples_text_is_made_safe() -> None:
    lines = comparison_lines(report("\x1b[2Jgone\nnext"), Terminal(unicode=False))
    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert any("1.00 -> 0.50  ␛[2Jgone next" in line for line in lines)


def test_what_cannot_be_concluded_has_no_numbers() -> None:
    found = compare([(side("support#1", [5.0, None]), side("support#2", [None, 4.0]))])
    text = " ".join(" ".join(comparison_lines(found, PLAIN)).split())
    assert "support#2 - support#1: -" in text
    assert "Nothing can be concluded about score: too few inputs have a score on both sides." in text
