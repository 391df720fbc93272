"""How a status looks: a sign, a word and a colour, each of which is enough by itself."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.runs import RunStatus
from lattice.reporting.words.status import status_word

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
ASCII_SPINNER = "|/-\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Sign and colour of a status; `ascii` stands in for the sign where the encoding lacks it."""

    sign: str
    ascii: str
    colour: Colour

    def draw(self, terminal: Terminal) -> str:
        """The sign in its colour."""
        return terminal.paint(terminal.sign(self.sign, self.ascii), self.colour)


_INDICATORS = {
    RunStatus.PENDING: Indicator(sign="●", ascii="o", colour=Colour.GRAY),
    RunStatus.RUNNING: Indicator(sign="⠿", ascii="*", colour=Colour.BLUE),
    RunStatus.COMPLETED: Indicator(sign="✔", ascii="+", colour=Colour.GREEN),
    RunStatus.FAILED: Indicator(sign="✖", ascii="x", colour=Colour.RED),
    RunStatus.CANCELLED: Indicator(sign="–", ascii="-", colour=Colour.YELLOW),
}


def indicator_of(status: RunStatus) -> Indicator:
    """The indicator of a status; an interrupted run's is that of `FAILED`."""
    return _INDICATORS[status]


def spinner(terminal: Terminal, frame: int) -> str:
    """The indicator of a run that executes, at the `frame`-th drawing."""
    frames = SPINNER if terminal.unicode else ASCII_SPINNER
    return terminal.paint(frames[frame % len(frames)], Colour.BLUE)


def status_line(terminal: Terminal, status: RunStatus, *, interrupted: bool = False, draining: bool = False) -> str:
    """``Status: Completed``, on a terminal with its indicator before the word."""
    word = status_word(status, interrupted=interrupted, draining=draining)
    if not terminal.shapes:
        return f"Status: {word}"
    indicator = indicator_of(RunStatus.FAILED if interrupted else status)
    return f"Status: {indicator.draw(terminal)} {terminal.paint(word, indicator.colour)}"
