"""JSON texts with the line of each key."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, NoReturn

from lattice.config.documents import HALF_A_PAIR, Document, Flaw, SyntaxProblem, has_half_a_pair
from lattice.config.places import KeyPath

_SPACE = re.compile(r"[ \t\n\r]*")


def parse_json(text: str) -> Document:
    """Read one JSON document.

    Raises
    ------
    SyntaxProblem: it is no JSON; what was expected, and where.
    """
    try:
        json.loads(text, parse_constant=_no_constant)
        reader = _Reader(text)
        data, _ = reader.value(reader.after_space(0), ())
    except json.JSONDecodeError as error:
        expected = error.msg[:1].lower() + error.msg[1:]
        raise SyntaxProblem(f"not valid JSON: {expected} (column {error.colno})", error.lineno) from None
    except RecursionError:
        raise SyntaxProblem("nested too deeply") from None
    except ValueError as error:
        raise SyntaxProblem(f"not valid JSON: {error}") from None
    return Document(data=data, lines=reader.lines, text_lines=reader.text_lines, flaws=tuple(reader.flaws))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _Reader:
    """Walks over a text that is known to be valid, and notes where everything stands."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.text_lines: dict[KeyPath, int] = {}
        self.flaws: list[Flaw] = []
        self._text = text
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._decoder = json.JSONDecoder()

    def after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def value(self, at: int, path: KeyPath) -> tuple[Any, int]:
        """The value that begins at `at`, and the place behind it."""
        self.lines.setdefault(path, self._line(at))
        match self._text[at]:
            case "{":
                return self._mapping(at, path)
            case "[":
                return self._list(at, path)
            case '"':
                self.text_lines[path] = self._line(at)
                return self._string(at, path)
            case _:
                return self._decoder.raw_decode(self._text, at)

    def _mapping(self, at: int, path: KeyPath) -> tuple[dict[str, Any], int]:
        data: dict[str, Any] = {}
        at = self.after_space(at + 1)
        while self._text[at] != "}":
            key, end = self._string(at, path)
            inner = (*path, key)
            if key in data:
                self._flaw(inner, at, "this key stands here twice", "remove one of them")
            self.lines.setdefault(inner, self._line(at))
            begin = self.after_space(self.after_space(end) + 1)
            value, end = self.value(begin, inner)
            data.setdefault(key, value)
            at = self._next(end)
        return data, at + 1

    def _list(self, at: int, path: KeyPath) -> tuple[list[Any], int]:
        data: list[Any] = []
        at = self.after_space(at + 1)
        while self._text[at] != "]":
            value, end = self.value(at, (*path, len(data)))
            data.append(value)
            at = self._next(end)
        return data, at + 1

    def _next(self, end: int) -> int:
        """Where the next entry, or the closing bracket, begins."""
        at = self.after_space(end)
        return self.after_space(at + 1) if self._text[at] == "," else at

    def _string(self, at: int, path: KeyPath) -> tuple[str, int]:
        value, end = self._decoder.raw_decode(self._text, at)
        if has_half_a_pair(value):
            self._flaw(path, at, HALF_A_PAIR)
            value = ""
        return value, end

    def _flaw(self, path: KeyPath, at: int, message: str, hint: str | None = None) -> None:
        self.flaws.append(Flaw(path=path, line=self._line(at), message=message, hint=hint))

    def _line(self, at: int) -> int:
        return bisect_right(self._ends, at - 1) + 1
