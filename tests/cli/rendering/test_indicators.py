"""How a status looks."""

from __future__ import annotations

import pytest

from lattice.cli.rendering.indicators import spinner, status_line
from lattice.cli.rendering.terminal import Terminal
from lattice.core.runs import RunStatus


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (RunStatus.PENDING, "Status: \x1b[90m●\x1b[0m \x1b[90mPending\x1b[0m"),
        (RunStatus.RUNNING, "Status: \x1b[34m⠿\x1b[0m \x1b[34mRunning\x1b[0m"),
        (RunStatus.COMPLETED, "Status: \x1b[32m✔\x1b[0m \x1b[32mCompleted\x1b[0m"),
        (RunStatus.FAILED, "Status: \x1b[31m✖\x1b[0m \x1b[31mFailed\x1b[0m"),
        (RunStatus.CANCELLED, "Status: \x1b[33m–\x1b[0m \x1b[33mCancelled\x1b[0m"),
    ],
)
def test_each_status_has_its_sign_and_colour(status: RunStatus, line: str) -> None:
    assert status_line(Terminal(shapes=True, colour=True), status) == line


def test_signs_and_words_differ_without_colour_and_without_unicode() -> None:
    for terminal in (Terminal(shapes=True), Terminal(shapes=True, unicode=False)):
        lines = {status_line(terminal, status) for status in RunStatus}
        assert len({line.split()[1] for line in lines}) == len(RunStatus)
    assert all(status_line(Terminal(shapes=True, unicode=False), status).isascii() for status in RunStatus)


def test_words_alone_are_enough() -> None:
    assert status_line(Terminal(), RunStatus.RUNNING, draining=True) == "Status: Running (draining)"
    assert status_line(Terminal(), RunStatus.RUNNING, interrupted=True) == "Status: Failed (interrupted)"


def test_the_spinner_turns() -> None:
    assert len({spinner(Terminal(), frame) for frame in range(10)}) == 10
    assert spinner(Terminal(unicode=False), 1) == "/"
