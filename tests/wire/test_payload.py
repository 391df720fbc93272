from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.wire.payload import decode, encode, well_formed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_encoded_is_decoded_again(value: object) -> None:
    assert decode(encode(value)) == value


@given(st.text(st.characters()))
def test_any_text_can_be_sent(text: str) -> None:
    assert decode(encode([text])) == [well_formed(text)]


def test_half_a_surrogate_pair_is_replaced_both_ways() -> None:
    assert decode(encode({"a": "x\ud83dy"})) == {"a": "x�y"}
    assert decode(b'{"a": "x\\ud83dy"}') == {"a": "x�y"}


def test_a_whole_pair_is_kept() -> None:
    assert decode(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'"\\u12"', b"\xff", b"[" * 100_000 + b'"\\ud83d"'])
def test_anything_else_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode(body)


def test_nan_is_not_sent() -> None:
    assert json.loads(encode(float("nan"))) is None
