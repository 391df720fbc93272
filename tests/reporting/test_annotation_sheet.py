"""Random samples for a person, and the sheets they are written to."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.run_records import result, score_row

from lattice.core.inputs import Input
from lattice.core.trials import Response
from lattice.reporting.annotation_sheet import SheetForm, draw, same_text, undefused, write_sheet
from lattice.reporting.formats import spreadsheet_text
from lattice.store.records import ResultRow, ScoreRow

PLAIN = SheetForm()


def scored(count: int, *, targets: int = 1, repeats: int = 1) -> list[ScoreRow]:
    return [
        score_row(position, 4, target=target, repeat=repeat)
        for position in range(1, count + 1)
        for target in range(targets)
        for repeat in range(repeats)
    ]


def written(rows: Sequence[ResultRow], form: SheetForm = PLAIN) -> str:
    stream = io.BytesIO()
    write_sheet(rows, form, stream)
    return stream.getvalue().decode()


def cells(rows: Sequence[ResultRow], form: SheetForm = PLAIN) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written(rows, form), newline="")))


@given(st.integers(0, 2000), st.integers(1, 60), st.integers(0, 2**40))
def test_a_larger_sample_begins_with_the_smaller_one(count: int, size: int, seed: int) -> None:
    rows = scored(count)
    small, large = draw(rows, size, seed), draw(rows, size + 7, seed)
    assert len(small.keys) == min(size, count)
    assert small.available == count
    assert large.keys[: len(small.keys)] == small.keys
    assert len(set(large.keys)) == len(large.keys)


def test_every_input_has_the_same_chance() -> None:
    drawn = Counter(key.position for seed in range(2000) for key in draw(scored(10), 3, seed).keys)
    assert sum(drawn.values()) == 6000
    # Each is drawn 600 times give or take 20.5; six of those are more than chance ever gives.
    assert all(abs(drawn[position] - 600) < 6 * 20.5 for position in range(1, 11))


def test_other_seeds_draw_others() -> None:
    assert draw(scored(500), 30, 1).keys != draw(scored(500), 30, 2).keys


def test_results_without_a_score_are_never_drawn() -> None:
    rows = [score_row(1, 4), score_row(2), score_row(3, 4)]
    drawn = draw(rows, 10, 0)
    assert sorted(key.position for key in drawn.keys) == [1, 3]
    assert drawn.available == 2


def test_targets_are_drawn_on_the_same_inputs_and_mixed() -> None:
    drawn = draw(scored(100, targets=2), 20, 5)
    by_target = [[key.position for key in drawn.keys if key.target == target] for target in (0, 1)]
    assert len(by_target[0]) == 20
    assert sorted(by_target[0]) == sorted(by_target[1])
    assert [key.target for key in drawn.keys] != sorted(key.target for key in drawn.keys)
    only = draw(scored(100, targets=2), 20, 5, target=1)
    assert {key.target for key in only.keys} == {1}
    assert only.available == 100


def test_one_repeat_of_an_input_is_drawn() -> None:
    drawn = draw(scored(50, repeats=3), 50, 2)
    assert sorted(key.position for key in drawn.keys) == list(range(1, 51))
    assert {key.repeat for key in drawn.keys} == {0, 1, 2}


def test_a_sheet_does_not_show_what_the_judge_said() -> None:
    header, row = cells([result(1, 4)])
    assert header == ["id", "input", "reference", "response", "score", "reason"]
    assert row == ["q1", "How do I return it?", "By post.", "Send it back.", "", ""]
    assert "Mostly right." not in written([result(1, 4)])


def test_a_sheet_tells_targets_by_number_and_repeats_where_there_are_several() -> None:
    header, row = cells([result(1, 4)], SheetForm(targets=True, repeats=True))
    assert header[:3] == ["id", "target", "repeat"]
    assert row[:3] == ["q1", "1", "1"]


def test_formulas_are_defused() -> None:
    hostile = result(
        1, 4, input=Input(position=1, id="=id", input="@SUM(1)"), response=Response(text="=cmd|'/c calc'!A1", latency=1)
    )
    assert [cell[:1] for cell in cells([hostile])[1][:4]] == ["'", "'", "", "'"]


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_an_id_is_found_again_behind_its_apostrophe(text: str) -> None:
    assert undefused(spreadsheet_text(text)) in (text, spreadsheet_text(text))
    if not text.startswith("'"):
        assert undefused(spreadsheet_text(text)) == text


@given(st.text())
def test_a_text_is_the_same_after_a_spreadsheet(text: str) -> None:
    defused = spreadsheet_text(text)
    assert same_text(defused, text)
    assert same_text(defused.replace("\n", "\r\n") + "\n", text)
    assert not same_text(f"{defused} and more", text)


@pytest.mark.parametrize(("written", "text"), [("=1", "'=1"), ("a  b", "a b"), ("'=1+1", "=1+1")])
def test_what_spreadsheets_change_makes_no_other_text(written: str, text: str) -> None:
    assert same_text(written, text)
