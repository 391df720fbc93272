from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.config.slug import slug


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RAG Pipeline Quality Assessment", "rag-pipeline-quality-assessment"),
        ("  Support: bot (v2.1)  ", "support-bot-v2-1"),
        ("snake_case_name", "snake-case-name"),
        ("Größe & Qualité", "grosse-qualite"),
        ("質問応答", "質問応答"),
        ("パスワード", "パスワード"),
    ],
)
def test_words_are_joined_by_dashes(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_a_name_without_letters_still_gets_one_of_its_own() -> None:
    assert slug("!!!").startswith("evaluation-")
    assert slug("!!!") != slug("???")


def test_long_names_stay_apart() -> None:
    assert slug("a" * 200) != slug("a" * 199)
    assert len(slug("a" * 200)) <= 80


@given(st.text(min_size=1, max_size=200))
def test_every_name_gives_a_slug_that_is_its_own_slug(name: str) -> None:
    text = slug(name)
    assert text
    assert re.fullmatch(r"[^\W_]+(-[^\W_]+)*", text)
    assert slug(text) == text
