from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.config.documents import SyntaxProblem
from lattice.config.json_documents import parse_json
from lattice.config.yaml_documents import parse_yaml

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(_DATA, st.sampled_from([None, 1, 2]))
def test_json_is_read_as_the_standard_library_reads_it(data: Any, indent: int | None) -> None:
    assert parse_json(json.dumps(data, indent=indent)).data == data


@given(st.dictionaries(st.text("abc", min_size=1), st.lists(st.integers(), max_size=3), max_size=5))
def test_both_notations_put_keys_on_the_same_lines(data: dict[str, list[int]]) -> None:
    text = json.dumps(data, indent=2)
    assert parse_yaml(text).data == parse_json(text).data == data
    assert parse_yaml(text).lines == parse_json(text).lines


def test_lines_are_those_of_keys_and_entries() -> None:
    document = parse_yaml("a: 1\nb:\n  - x\n  - c:\n      d\n")
    assert document.lines == {(): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}


def test_a_block_begins_behind_its_mark_and_other_texts_where_they_stand() -> None:
    document = parse_yaml("a: |\n  one\n  two\nb: 'x'\nc: >-\n  y\n")
    assert document.text_lines == {("a",): 2, ("b",): 4, ("c",): 6}


def test_pairs_of_surrogates_are_joined_and_halves_told() -> None:
    assert parse_json('{"a": "\\uD83D\\uDE00"}').data == {"a": "\U0001f600"}
    assert "half of a surrogate pair" in parse_json('{"a": "\\uD83D"}').flaws[0].message
    for text in ('a: "\\uD83D"', "a: \ud83d"):
        with pytest.raises(SyntaxProblem):
            parse_yaml(text)


def test_a_key_that_stands_twice_in_json_is_told_with_its_line() -> None:
    (flaw,) = parse_json('{"a": 1,\n "a": 2}').flaws
    assert (flaw.path, flaw.line) == (("a",), 2)


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a" 1}', "[1,]", "", '{"a": "\n"}', "[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        parse_json(text)


def test_a_tag_has_no_meaning() -> None:
    (flaw,) = parse_yaml("a: !secret x").flaws
    assert "has no meaning here" in flaw.message


@pytest.mark.parametrize("text", ["[" * 5_000, "- " * 5_000, "a: !!int x", "{a: b"])
def test_what_is_no_yaml_is_said_to_be_none(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        parse_yaml(text)


@given(st.text(max_size=40))
def test_any_text_is_a_document_or_a_syntax_problem(text: str) -> None:
    for parse in (parse_yaml, parse_json):
        with contextlib.suppress(SyntaxProblem):
            assert () in parse(text).lines or parse(text).data is None
