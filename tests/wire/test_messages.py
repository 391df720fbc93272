from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.wire.messages import LONGEST, Scrubber, one_line, shortened

SECRETS = st.text(string.ascii_letters + string.digits + "-_/+ =\t", min_size=8, max_size=60).filter(
    lambda text: len(text.strip()) >= 8
)


@given(st.text())
def test_a_line_has_no_control_characters_and_no_breaks(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)
    line.encode()


def test_direction_marks_and_escapes_are_gone() -> None:
    assert one_line("a\x1b[31mred\u202e\r\n\tb\x00") == "a [31mred b"


@given(st.text(), st.integers(2, 400))
def test_a_shortened_text_is_no_longer_than_asked(text: str, longest: int) -> None:
    assert len(shortened(text, longest)) <= longest


@given(SECRETS, st.text(), st.text())
def test_a_known_secret_never_survives(secret: str, before: str, after: str) -> None:
    scrub = Scrubber([secret])
    text = before + secret.strip() + after
    assert secret.strip() not in scrub(text)
    assert secret.strip() not in scrub.message(text)


@given(SECRETS, st.integers(0, 2 * LONGEST))
def test_cutting_a_message_leaves_no_part_of_a_secret(secret: str, padding: int) -> None:
    secret = secret.strip()
    message = Scrubber([secret]).message("." * padding + secret + "." * 50)
    assert secret[: max(4, len(secret) // 2)] not in message


@pytest.mark.parametrize(
    "echo",
    [
        "Incorrect API key provided: sk-proj-abcDEF123456.",
        "Incorrect API key provided: my-secre********************key1",
        "invalid x-api-key sk-ant-api03-AAAABBBBCCCC",
        "Bearer eyJhbGciOiJIUzI1NiJ9.abc.def was refused",
        "API key not valid: AIzaSyA1234567890abcdef",
    ],
)
def test_what_looks_like_a_key_is_masked(echo: str) -> None:
    masked = Scrubber()(echo)
    assert "***" in masked
    for part in ("abcDEF", "secre", "AAAABBBB", "eyJhb", "SyA123"):
        assert part not in masked


def test_placeholders_are_no_secrets() -> None:
    assert Scrubber(["none", ""])("none of it worked") == "none of it worked"


def test_a_scrubber_does_not_show_what_it_knows() -> None:
    assert "hunter2hunter2" not in repr(Scrubber(["hunter2hunter2"]))


@pytest.mark.parametrize("piece", ["a", "sk-", "*", "Bearer ", "\u2028"])
def test_a_hostile_message_is_read_in_no_time(piece: str) -> None:
    assert len(Scrubber(["hunter2hunter2"]).message(piece * 50_000)) <= LONGEST
