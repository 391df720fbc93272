"""CSV as those who read it see it: Python's csv, pandas, LibreOffice."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reporting.exports.sources import HARD_TEXT, as_utf8, source, written
from tests.reporting.run_records import result

from lattice.core.inputs import Input
from lattice.core.trials import Metric, Response
from lattice.store.records import ResultRow

_GUARD = re.compile("^'(?='*[=+\\-@\t\r\n＝＋－＠])")

Texts = tuple[str, str, str]


def rows_with(texts: list[Texts]) -> list[ResultRow]:
    """Results with an input, a response and a reasoning each."""
    return [
        result(
            place,
            input=Input(position=place, id=f"q{place}", input=asked),
            response=Response(text=answered, latency=1.0),
            reasoning=reasoned,
        )
        for place, (asked, answered, reasoned) in enumerate(texts, start=1)
    ]


def as_documented(texts: list[Texts]) -> list[Texts]:
    """What a reader gets back: NUL and halves of surrogate pairs cannot be written."""
    return [(_readable(asked), _readable(answered), _readable(reasoned)) for asked, answered, reasoned in texts]


def _readable(text: str) -> str:
    return as_utf8(text).replace("\x00", "\ufffd")


def without_guard(text: str) -> str:
    """A cell as the documentation says that it is to be read."""
    return _GUARD.sub("", text)


def by_libreoffice(text: str) -> list[list[str]]:
    """Cells as LibreOffice reads a file in UTF-8 with commas and quotes: whatever ends a line ends it as LF."""
    lines = re.sub("\r\n|\r", "\n", text)
    rows: list[list[str]] = [[]]
    field, quoted, place = "", False, 0
    while place < len(lines):
        character = lines[place]
        if quoted and lines.startswith('""', place):
            field, place = field + '"', place + 1
        elif character == '"' and (quoted or not field):
            quoted = not quoted
        elif character in ",\n" and not quoted:
            rows[-1].append(field)
            field = ""
            if character == "\n":
                rows.append([])
        else:
            field += character
        place += 1
    assert rows.pop() == []
    return rows


SOME_TEXTS = st.lists(st.tuples(HARD_TEXT, HARD_TEXT, HARD_TEXT), min_size=1, max_size=4)


@given(SOME_TEXTS)
def test_the_csv_module_gives_the_stored_texts_back(texts: list[Texts]) -> None:
    table = csv.DictReader(io.StringIO(written("csv", source(rows_with(texts))).decode(), newline=""), strict=True)
    found = [tuple(without_guard(row[name]) for name in ("input", "response", "reasoning")) for row in table]
    assert found == as_documented(texts)


@given(SOME_TEXTS)
@settings(deadline=None)
def test_pandas_gives_the_stored_texts_back(texts: list[Texts]) -> None:
    stream = io.BytesIO(written("csv", source(rows_with(texts))))
    table = pd.read_csv(stream, dtype=str, keep_default_na=False)
    found = [tuple(map(without_guard, row)) for row in zip(table.input, table.response, table.reasoning, strict=True)]
    assert found == as_documented(texts)


@given(SOME_TEXTS)
def test_libreoffice_gives_the_stored_texts_back_with_its_own_line_ends(texts: list[Texts]) -> None:
    head, *rows = by_libreoffice(written("csv", source(rows_with(texts))).decode())
    places = [head.index(name) for name in ("input", "response", "reasoning")]
    found = [tuple(without_guard(row[place]) for place in places) for row in rows]
    assert found == [tuple(re.sub("\r\n|\r", "\n", text) for text in each) for each in as_documented(texts)]


@given(HARD_TEXT)
def test_no_cell_starts_a_formula(text: str) -> None:
    content = written("csv", source([result(1, reasoning=text)])).decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert not row["reasoning"].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    ("text", "cell"), [("=1", "'=1"), ("'=1", "''=1"), ("''+1", "'''+1"), ("'tis", "'tis"), ("'", "'"), ("a=1", "a=1")]
)
def test_an_apostrophe_of_the_text_is_told_from_the_one_that_defuses(text: str, cell: str) -> None:
    content = written("csv", source([result(1, reasoning=text)])).decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["reasoning"] == cell
    assert without_guard(cell) == text


def test_texts_stand_in_quotes_and_numbers_and_nothing_do_not() -> None:
    answered = result(1, response=Response(text="007", latency=1.0), reasoning="")
    empty = result(2, response=Response(text="", latency=1.0))
    silent = result(3, None)
    lines = written("csv", source([answered, empty, silent])).decode().splitlines()
    assert lines[1].startswith('1,"q1","Production RAG Stack",1,"scored",0.75,4,,,,2,')
    assert ',"By post.","007",,,' in lines[1]
    assert ',"By post.","",' in lines[2]
    assert ',"By post.",,' in lines[3]


def test_a_criterion_may_have_any_name() -> None:
    name = 'says "why", =and\nhow'
    metrics = {"score": Metric(score=0.75, native=4.0), name: Metric(score=0.5, native=3.0)}
    content = written("csv", source([result(1, metrics=metrics)], criteria=[{"name": name}])).decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row[f"metrics.{name}"] == "0.5"
