"""Evaluation files as data, with the line of each key: what YAML and JSON have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lattice.config.places import KeyPath


class SyntaxProblem(Exception):
    """A text that is no YAML or no JSON.

    Parameters
    ----------
    message: what was expected.
    line: 1-based.
    hint: the usual cause.
    """

    def __init__(self, message: str, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong with one key that leaves the rest of the document readable."""

    path: KeyPath
    line: int
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One parsed text.

    Parameters
    ----------
    data: mappings with texts as keys, lists, texts, numbers, booleans and None.
    lines: 1-based line of each key and each list entry.
    text_lines: 1-based line on which the content of each text begins.
    flaws: what is wrong with it all the same.
    """

    data: Any
    lines: Mapping[KeyPath, int]
    text_lines: Mapping[KeyPath, int]
    flaws: tuple[Flaw, ...] = field(default=())


def has_half_a_pair(text: str) -> bool:
    """Whether half of a surrogate pair stands in `text`, which no file can hold."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


HALF_A_PAIR = "expected a text, got one with half of a surrogate pair"
