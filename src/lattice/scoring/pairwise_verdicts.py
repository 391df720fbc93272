"""Reading which of two responses a judge prefers: exactly one winner, or an error that says what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lattice.scoring.answers import AnswerForm, Unreadable, shown


class Winner(StrEnum):
    """What a judge says of a pair, by the letters under which the two were shown."""

    FIRST = "A"
    SECOND = "B"
    TIE = "tie"

    @property
    def exchanged(self) -> Winner:
        """The same said of the two in the other order."""
        return _EXCHANGED[self]


_EXCHANGED = {Winner.FIRST: Winner.SECOND, Winner.SECOND: Winner.FIRST, Winner.TIE: Winner.TIE}
_BY_WORD = {winner.value.lower(): winner for winner in Winner}


class WinnerForm:
    """What a valid verdict on a pair looks like: ``{"reasoning": "…", "winner": "A"}``."""

    __slots__ = ("_answer",)

    def __init__(self) -> None:
        self._answer = AnswerForm("winner", (), _winner)

    def read(self, answer: str) -> tuple[Winner, str]:
        """The one verdict in a judge's answer: who is better, and why.

        Raises
        ------
        CallError: of kind ``judge_parse``; there is no verdict, it is none of the three, or there are two that
            differ.
        """
        return self._answer.read(answer)


def _winner(record: Mapping[str, Any]) -> Winner:
    """``A``, ``B`` or ``tie``, in any case and with space around it, and nothing else."""
    value = record["winner"]
    found = _BY_WORD.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"'winner' is {shown(value)}, which is none of 'A', 'B' and 'tie'")
    return found
