"""JSON that loses nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.reporting.snapshots.encoding import EXACTLY, decode_exactly, encode_exactly

_TEXTS = st.text(st.characters(categories=None))
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_TEXTS, _DATA, max_size=4).filter(lambda each: EXACTLY not in each))
def test_every_record_comes_back(record: dict[str, Any]) -> None:
    line = encode_exactly(record)
    assert b"\n" not in line
    assert decode_exactly(line) == record


def test_any_reader_takes_it_and_sees_what_utf8_can_hold() -> None:
    record = {"text": "lone \ud83d half", "pair": "\U0001f600", "number": 2**70}
    line = encode_exactly(record)
    assert json.loads(line)["text"] == orjson.loads(line)["text"] == "lone � half"
    assert decode_exactly(line) == record
    assert EXACTLY not in json.loads(encode_exactly({"number": 2**70, "pair": "\U0001f600"}))


@pytest.mark.parametrize("text", ["\ud83d\ude00", "\ufdd0d83d\ud83d", "\ufdd0", "\\ud83d\ud83d", '\ud83d"\x00\n'])
def test_two_halves_in_a_row_stay_two(text: str) -> None:
    assert decode_exactly(encode_exactly({"text": text, text: [text]})) == {"text": text, text: [text]}


def test_a_record_that_contradicts_itself_is_refused() -> None:
    line = encode_exactly({"text": "\ud83d", "score": 1}).replace(b'"score":1', b'"score":5', 1)
    with pytest.raises(ValueError, match="'exactly' says something else"):
        decode_exactly(line)


@pytest.mark.parametrize("text", ["\ud800", "a"])
def test_what_json_has_no_form_for_is_null(text: str) -> None:
    written = encode_exactly({"a": [math.nan, {"b": math.inf}], "t": text})
    assert decode_exactly(written) == {"a": [None, {"b": None}], "t": text}


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"[123456789012345678," + b"[" * 100_000, b"\xff"])
def test_what_is_no_json_says_so(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_exactly(text)
