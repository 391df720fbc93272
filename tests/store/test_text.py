"""Any text and any data comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.store.text import (
    canonical_json,
    decode_json,
    decode_text,
    encode_json,
    encode_text,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(ANY_TEXT)
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    assert decode_text(encode_text(text)) == text


@given(ANY_TEXT)
def test_what_is_stored_is_utf8_without_nul(text: str) -> None:
    assert b"\x00" not in encode_text(text).encode()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "\x1b[31mred"),
        ("naïve 😀", "naïve 😀"),
        ("a\x00b", "a\ufdd00000b"),
        ("\ud800", "\ufdd0d800"),
        ("\ufdd00000", "\ufdd0fdd00000"),
    ],
)
def test_only_what_a_database_cannot_keep_is_written_differently(text: str, stored: str) -> None:
    assert encode_text(text) == stored


@given(ANY_DATA)
def test_data_is_read_back_as_it_was(data: object) -> None:
    stored = encode_json(data)
    assert decode_json(stored) == data
    assert b"\x00" not in stored.encode()


def test_what_json_has_no_form_for_is_kept_as_text() -> None:
    assert decode_json(encode_json({"path": {1}})) == {"path": "{1}"}


@given(st.dictionaries(ANY_TEXT, ANY_DATA, max_size=4))
def test_equal_data_has_one_canonical_form(data: dict[str, object]) -> None:
    turned = dict(reversed(data.items()))
    assert canonical_json(data) == canonical_json(turned)
