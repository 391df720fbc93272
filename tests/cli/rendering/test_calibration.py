"""A calibration as it is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lattice.cli.rendering.calibration import calibration_lines
from lattice.cli.rendering.terminal import PLAIN, Colour, Terminal
from lattice.core.judging import ScaleSettings
from lattice.core.trials import TrialKey
from lattice.reporting.calibration import Calibration, Evidence, Rating, calibrate
from lattice.reporting.formats import cells
from lattice.scoring.scales import scale_of

HUMAN = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1] * 3
KIND = [2, 3, 4, 5, 5, 5, 5, 4, 3, 2] * 3


def found(text: str = "Why?", *, high: int = 5) -> Calibration:
    scale = scale_of(ScaleSettings(min=1, max=high))
    ratings = [
        Rating(key=TrialKey(place, 0, 0), id=f"q{place}", human=a, judge=b, text=text, reason="too kind")
        for place, (a, b) in enumerate(zip(HUMAN, KIND, strict=True), start=1)
    ]
    judged = {100 + place: [scale.to_score(native)] for place, native in enumerate(KIND)}
    judged.update({each.key.position: [scale.to_score(each.judge)] for each in ratings})
    return calibrate(Evidence(name="support#1", target="A", scale=scale, ratings=ratings, judged=judged))


def test_the_numbers_stand_with_their_intervals() -> None:
    lines = calibration_lines([found()], PLAIN)
    assert lines[:2] == [
        "Calibration: the judge of support#1 against a person",
        "30 results scored by both, 60 inputs scored by the judge (1–5)",
    ]
    text = "\n".join(lines)
    assert "| Weighted kappa  |" in text
    assert "6 of 30" in text
    assert "judge: +0.80 levels" in text
    assert "Means of these 30 inputs: person 0.50 (3 of 5), judge 0.70 (3.8 of 5)" in text
    assert "Corrected mean: " in text
    assert "(PPI++, the judge weighs 0." in " ".join(lines)
    assert "  #1  judge 2, person 1  Why?" in lines
    assert "      too kind" in lines


def test_the_table_of_levels_has_every_level_of_a_short_scale() -> None:
    lines = calibration_lines([found()], PLAIN)
    start = lines.index("Levels: the person's in rows, the judge's in columns")
    assert lines[start + 1 : start + 4] == ["     1  2  3  4  5", "  1  0  6  0  0  0", "  2  0  0  6  0  0"]


def test_the_table_of_a_long_scale_has_the_levels_that_were_given() -> None:
    lines = calibration_lines([found(high=100)], PLAIN)
    start = lines.index("Levels: the person's in rows, the judge's in columns")
    assert lines[start + 1].split() == ["1", "2", "3", "4", "5"]


def test_the_last_sentence_is_the_verdict_in_its_colour() -> None:
    result = found()
    colour = {"trusted": Colour.GREEN, "not_trusted": Colour.RED, "not_yet": Colour.YELLOW}[result.trust.value]
    assert calibration_lines([result], Terminal(colour=True))[-1].startswith(f"\x1b[{colour.value}m")


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = calibration_lines([found("A long question " * 20)], Terminal(width=width))
    assert max(cells(line) for line in lines) <= width


def test_nothing_that_somebody_wrote_acts_on_the_terminal() -> None:
    hostile = replace(found("\x1b[2J\u202eevil\r\n"), warnings=("\x1b[31mred",))
    text = "\n".join(calibration_lines([hostile], PLAIN))
    assert not set(text) & {"\x1b", "\u202e", "\r"}


def test_what_has_no_value_says_so() -> None:
    scale = scale_of("likert-5")
    rating = Rating(key=TrialKey(1, 0, 0), id="a", human=4, judge=4)
    lines = calibration_lines(
        [calibrate(Evidence(name="s#1", target="A", scale=scale, ratings=[rating], judged={1: [0.75]}))], PLAIN
    )
    assert [line.split("|")[2].strip() for line in lines if line.startswith("| ")] == ["Value", "-", "-", "1.00", "-"]
    assert "Corrected mean: none, since it takes at least 2 inputs that a person scored" in lines
