"""How numbers, times and other people's text are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.reporting import formats

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(categories=None) | st.sampled_from("\x00\x1b\x9b\u202e\ud800=+-@\t\r\n漢e\u0301"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "--"),
        (0, "0s"),
        (0.9, "0s"),
        (59.99, "59s"),
        (60, "1m 00s"),
        (135, "2m 15s"),
        (450, "7m 30s"),
        (522.1, "8m 42s"),
        (3840, "1h 04m"),
        (86400 * 3 + 7200, "3d 02h"),
        (float("inf"), "--"),
        (-3, "0s"),
    ],
)
def test_durations_show_their_two_largest_units(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("part", "total", "text"),
    [
        (47, 200, "24%"),
        (89, 200, "44%"),
        (0, 200, "0%"),
        (200, 200, "100%"),
        (0, 0, "0%"),
        (1, 200, "0%"),
        (3, 200, "2%"),
    ],
)
def test_whole_percentages_round_halves_to_the_even_one(part: int, total: int, text: str) -> None:
    assert formats.whole_percent(part, total) == text


@pytest.mark.parametrize(
    ("part", "total", "text"),
    [(197, 200, "98.5%"), (3, 200, "1.5%"), (1, 3, "33.3%"), (200, 200, "100.0%"), (0, 0, "0.0%")],
)
def test_rates_have_one_decimal(part: int, total: int, text: str) -> None:
    assert formats.rate(part, total) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (0.72, "$0.72"),
        (1204.5, "$1,204.50"),
        (0.0004, "$0.0004"),
        (0.00996, "$0.01"),
        (0.000001, "<$0.0001"),
    ],
)
def test_money_is_never_zero_when_it_is_unknown_or_small(usd: float | None, text: str) -> None:
    assert formats.money(usd) == text


def test_scores_have_two_decimals_and_nothing_is_a_dash() -> None:
    assert [formats.score(value) for value in (0.7386, 0.0, -0.0, 1, None)] == ["0.74", "0.00", "0.00", "1.00", "-"]
    assert [formats.native(value) for value in (4.0, 4.5, 3.954, 10.0, None)] == ["4", "4.5", "3.95", "10", "-"]
    assert formats.interval(0.698976, 0.773385) == "[0.70, 0.77]"
    assert formats.count(48230) == "48,230"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0.352, "0.35s"), (9.999, "10.0s"), (12.44, "12.4s"), (135.2, "2m 15s")]
)
def test_latencies_are_as_exact_as_they_are_short(seconds: float | None, text: str) -> None:
    assert formats.latency(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (2, "just now"), (12, "12s ago"), (300, "5m ago"), (10800, "3h ago"), (200000, "2d ago")],
)
def test_times_are_told_as_how_long_ago(seconds: float, text: str) -> None:
    assert formats.ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_what_is_long_past_has_its_date() -> None:
    assert formats.ago(NOW - timedelta(days=59), NOW) == "2026-01-01"
    assert formats.ago(None, NOW) == "-"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\n and\ttabs", "two lines and tabs"),
        ("\x1b[31mred\x1b]0;title\x07", "␛[31mred␛]0;title␇"),
        ("nul \x00 and \x9b csi", "nul ␀ and � csi"),
        ("user\u202egnp.exe", "user�gnp.exe"),
        ("lone \ud800 surrogate", "lone � surrogate"),
        ("\u200b\ufeff\U000e0041", "���"),
        ("family 👩\u200d👩 and 漢字", "family 👩\u200d👩 and 漢字"),
    ],
)
def test_hostile_text_is_seen_and_not_obeyed(text: str, shown: str) -> None:
    assert formats.terminal_text(text) == shown


@given(ANY_TEXT, st.integers(0, 60))
def test_printed_text_fits_and_holds_nothing_a_terminal_acts_upon(text: str, limit: int) -> None:
    shown = formats.terminal_text(text, limit)
    assert formats.cells(shown) <= limit
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    shown.encode()


def test_a_megabyte_is_cut_before_it_is_looked_at() -> None:
    assert formats.terminal_text("x" * 1_000_000, 10) == "xxxxxxxxx…"


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert formats.cells("漢字e\u0301") == 5
    assert formats.fit("漢字漢字", 5) == "漢字…"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_would_start_a_formula_is_defused(text: str) -> None:
    assert formats.spreadsheet_text(text) == f"'{text}"


@given(ANY_TEXT)
def test_a_cell_can_be_written_and_starts_no_formula(text: str) -> None:
    cell = formats.spreadsheet_text(text)
    cell.encode()
    assert "\x00" not in cell
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text("ab 漢e\u0301", max_size=200), st.integers(2, 30), st.sampled_from(["", "  "]))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int, indent: str) -> None:
    lines = formats.wrapped(text, width + len(indent), indent)
    assert all(formats.cells(line) <= width + len(indent) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
