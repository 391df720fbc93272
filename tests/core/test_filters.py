"""The filter language: what it reads, and how it says what it cannot read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import UsageError
from lattice.core.filters import (
    AllOf,
    AnyOf,
    Compared,
    Ended,
    Ending,
    Field,
    Filter,
    FilterOperator,
    InvalidFilter,
    MetricCompared,
    Negated,
    Sort,
    parse_filter,
    parse_sort,
)

LOW = Compared(field=Field.SCORE, operator=FilterOperator.LESS, value=3.0)
FAILED = Ended(ending=Ending.FAILED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score < 3", LOW),
        ("score<3", LOW),
        ("  SCORE  <  3.0 ", LOW),
        ("failed", FAILED),
        ("unscored", Ended(ending=Ending.UNSCORED)),
        ("latency >= .5", Compared(field=Field.LATENCY, operator=FilterOperator.AT_LEAST, value=0.5)),
        ("score01 == 1", Compared(field=Field.SCORE01, operator=FilterOperator.EQUAL, value=1.0)),
        ("score != -2", Compared(field=Field.SCORE, operator=FilterOperator.UNEQUAL, value=-2.0)),
        ("kind = Timeout", Compared(field=Field.KIND, operator=FilterOperator.EQUAL, value="timeout")),
        ("input = #42", Compared(field=Field.INPUT, operator=FilterOperator.EQUAL, value=42.0)),
        ("input <= 42", Compared(field=Field.INPUT, operator=FilterOperator.AT_MOST, value=42.0)),
        ("id = 007", Compared(field=Field.ID, operator=FilterOperator.EQUAL, value="007")),
        (
            'target = "The RAG (v2)"',
            Compared(field=Field.TARGET, operator=FilterOperator.EQUAL, value="The RAG (v2)"),
        ),
        ("target ~ gpt-4o", Compared(field=Field.TARGET, operator=FilterOperator.CONTAINS, value="gpt-4o")),
        (
            r'text ~ "say \"no\""',
            Compared(field=Field.TEXT, operator=FilterOperator.CONTAINS, value='say "no"'),
        ),
        ("text ~ 'and'", Compared(field=Field.TEXT, operator=FilterOperator.CONTAINS, value="and")),
        ("accuracy < 3", MetricCompared(name="accuracy", operator=FilterOperator.LESS, value=3.0)),
        (
            '"cites a source" < 1',
            MetricCompared(name="cites a source", operator=FilterOperator.LESS, value=1.0),
        ),
        ('"latency" < 1', MetricCompared(name="latency", operator=FilterOperator.LESS, value=1.0)),
    ],
)
def test_a_condition_is_read(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    found = parse_filter("failed or not failed and score < 3")
    assert found == AnyOf(parts=(FAILED, AllOf(parts=(Negated(part=FAILED), LOW))))


def test_parentheses_group() -> None:
    assert parse_filter("not (failed OR score<3)") == Negated(part=AnyOf(parts=(FAILED, LOW)))


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a condition"),
        ("score <", 8, "expected a number to compare score with"),
        ("score < low", 9, "not low"),
        ("score < nan", 9, "not nan"),
        ("score 3", 7, "expected a comparison after score"),
        ("broken", 7, "alone stand only scored, failed, unscored"),
        ("failed failed", 8, "expected 'and' or 'or'"),
        ("failed and", 11, "expected a condition"),
        ("and failed", 1, "expected a condition"),
        ("(failed", 8, "expected ')'"),
        ("failed)", 7, "expected 'and' or 'or'"),
        ("text = 'x'", 6, "text takes ~, not ="),
        ("kind < timeout", 6, "kind takes = !=, not <"),
        ("kind = slow", 8, "there are rate_limit, timeout"),
        ("accuracy ~ 3", 10, "compared with a number"),
        ("text ~ 'open", 8, "a quote that is not closed"),
        ("score ! 3", 7, "unexpected '!'"),
        ("(" * 60 + "failed" + ")" * 60, 51, "nested more than 50 deep"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, column: int, problem: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)
    assert (caught.value.column, problem in caught.value.problem) == (column, True), caught.value
    if text:
        line, pointer = str(caught.value).splitlines()[-2:]
        assert (line.strip(), pointer.index("^")) == (text.strip(), column + 1)


def test_a_filter_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="longer than 4,000 characters"):
        parse_filter("failed or " * 1000)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        parse_filter(text)
    except InvalidFilter as refused:
        assert 1 <= refused.column <= len(text) + 1  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score", Sort(by=Field.SCORE)),
        ("-latency", Sort(by=Field.LATENCY, descending=True)),
        ("- cites a source", Sort(by="cites a source", descending=True)),
    ],
)
def test_an_order_is_read(text: str, expected: Sort) -> None:
    assert parse_sort(text) == expected


@pytest.mark.parametrize("text", ["", "-", "text", "-kind"])
def test_an_order_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="sort"):
        parse_sort(text)
