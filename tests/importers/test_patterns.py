"""Patterns that say *not*."""

from __future__ import annotations

import regex
from hypothesis import given
from hypothesis import strategies as st

from lattice.importers import patterns

TEXTS = st.text("aAbB .*\n(\\", max_size=6)
SOME = st.lists(TEXTS.filter(bool), min_size=1, max_size=3)


def found(method: dict[str, object], text: str) -> bool:
    flags = regex.IGNORECASE if method.get("ignore_case") else 0
    return regex.search(str(method["pattern"]), text, flags) is not None


@given(SOME, TEXTS, st.booleans())
def test_contains_none(texts: list[str], response: str, ignore_case: bool) -> None:
    folded = str.lower if ignore_case else str
    there = any(folded(text) in folded(response) for text in texts)
    assert found(patterns.contains_none(texts, ignore_case=ignore_case), response) is not there


@given(SOME, TEXTS)
def test_contains_not_all(texts: list[str], response: str) -> None:
    there = all(text in response for text in texts)
    assert found(patterns.contains_not_all(texts, ignore_case=False), response) is not there


@given(TEXTS, TEXTS)
def test_equals_not_leaves_white_space_around_aside(text: str, response: str) -> None:
    assert found(patterns.equals_not(text), response) is (response.strip() != text.strip())


@given(TEXTS, TEXTS)
def test_starts_with(text: str, response: str) -> None:
    assert found(patterns.starts_with(text), response) is response.startswith(text)


def test_matches_not_finds_the_pattern_nowhere() -> None:
    method = patterns.matches_not("a+$") or {}
    assert [found(method, text) for text in ("b\naa", "aab", "")] == [False, True, True]


def test_what_cannot_be_turned_round_is_none() -> None:
    assert patterns.matches_not("(") is None
    assert patterns.matches_not("(?i)a") is None
