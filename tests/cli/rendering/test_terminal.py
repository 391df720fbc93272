"""What a stream can show."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from lattice.cli.rendering.terminal import terminal_of


@pytest.fixture
def tty() -> Iterator[TextIO]:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


def file(encoding: str = "utf-8") -> TextIO:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def test_a_terminal_has_colours_signs_and_can_be_redrawn(tty: TextIO) -> None:
    terminal = terminal_of(tty, {"TERM": "xterm-256color"})
    assert (terminal.colour, terminal.shapes, terminal.live, terminal.unicode) == (True, True, True, True)


def test_no_color_takes_colours_away_and_leaves_signs(tty: TextIO) -> None:
    terminal = terminal_of(tty, {"TERM": "xterm", "NO_COLOR": "1"})
    assert (terminal.colour, terminal.shapes, terminal.live) == (False, True, True)


def test_a_dumb_terminal_is_only_appended_to(tty: TextIO) -> None:
    terminal = terminal_of(tty, {"TERM": "dumb"})
    assert (terminal.colour, terminal.live) == (False, False)


def test_a_file_gets_plain_text_of_80_columns() -> None:
    terminal = terminal_of(file(), {"TERM": "xterm"})
    assert (terminal.colour, terminal.shapes, terminal.live, terminal.width) == (False, False, False, 80)


def test_colours_and_columns_can_be_asked_for() -> None:
    terminal = terminal_of(file(), {"FORCE_COLOR": "1", "COLUMNS": "120"})
    assert (terminal.colour, terminal.width, terminal.live) == (True, 120, False)
    assert terminal_of(file(), {"COLUMNS": "wide"}).width == 80
    assert terminal_of(file(), {"COLUMNS": "5"}).width == 40


def test_an_encoding_without_the_signs_is_noticed() -> None:
    assert not terminal_of(file("ascii"), {}).unicode
    assert not terminal_of(file("latin-1"), {}).unicode
