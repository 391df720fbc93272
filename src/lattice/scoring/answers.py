"""Finding the one verdict in a judge's answer, whatever a verdict is made of, or saying why there is none.

An answer is JSON alone, JSON in a code fence, or one JSON object with prose around it. What the judge quotes
may have been written by the very response it judges, so nothing is guessed: an object that is broken is not
searched for smaller ones inside it, and nothing is taken from within braces that are no JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import orjson

from lattice.core.errors import CallError, ErrorKind

_OBJECT = re.compile(r"""\{(?=\s*["}])""")
_BRACE = re.compile(r"[{}]")
_THINKING, _THOUGHT = "<think>", "</think>"
_LONGEST_QUOTE = 60

M = TypeVar("M")


class Unreadable(ValueError):
    """Why an answer holds no verdict; becomes the message of the call's error."""


class AnswerForm(Generic[M]):
    """What a valid answer looks like, prepared once per judge.

    Parameters
    ----------
    field: the key that makes an object a verdict.
    keys: all keys that a verdict may hold, none of which may be given twice with different values.
    meaning: what a verdict says, so that two can be told to agree, and raises `Unreadable` where it says nothing.
    """

    __slots__ = ("_field", "_keys", "_meaning", "_quoted")

    def __init__(self, field: str, keys: Iterable[str], meaning: Callable[[Mapping[str, Any]], M]) -> None:
        self._field = field
        self._keys = frozenset({"reasoning", field, *keys})
        self._quoted = tuple(json.dumps(key, ensure_ascii=False) for key in self._keys)
        self._meaning = meaning

    def read(self, answer: str) -> tuple[M, str]:
        """What the one verdict in an answer says, and its reasoning.

        Raises
        ------
        CallError: of kind ``judge_parse``; there is no verdict, it is broken, or there are two that differ.
        """
        try:
            record = self._alone(answer)
            if record is not None and self._field in record:
                return self._said(record)
            return self._only(answer)
        except Unreadable as error:
            raise CallError(ErrorKind.JUDGE_PARSE, f"Judge response parsing failed: {error}") from None

    def _alone(self, answer: str) -> dict[str, Any] | None:
        """The object, where the answer is nothing else and surely names no key of a verdict twice."""
        try:
            record = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return None
        if type(record) is not dict or "\\u" in answer:
            return None
        return None if any(answer.count(key) > 1 for key in self._quoted) else record

    def _only(self, answer: str) -> tuple[M, str]:
        """What every verdict in the answer agrees on."""
        found: tuple[M, str] | None = None
        for record in self._objects(answer):
            if self._field not in record:
                continue
            verdict = self._said(record)
            if found is not None and found[0] != verdict[0]:
                raise Unreadable("it holds two different verdicts")
            found = found or verdict
        if found is None:
            raise Unreadable(_nothing_in(answer, self._field))
        return found

    def _said(self, record: Mapping[str, Any]) -> tuple[M, str]:
        reasoning = record.get("reasoning")
        if reasoning is not None and not isinstance(reasoning, str):
            raise Unreadable("'reasoning' is not a text")
        return self._meaning(record), reasoning or ""

    def _objects(self, answer: str) -> Iterator[dict[str, Any]]:
        """Every top-level JSON object in a text, in one pass."""
        decoder = json.JSONDecoder(object_pairs_hook=self._unambiguous, parse_constant=_no_number, strict=False)
        position = _after_thinking(answer)
        while start := _OBJECT.search(answer, position):
            if _leaves_open(answer, position, start.start()):
                raise Unreadable("its JSON stands inside braces that are no JSON")
            try:
                record, position = decoder.raw_decode(answer, start.start())
            except json.JSONDecodeError as error:
                raise Unreadable(_broken(error, answer)) from None
            except RecursionError:
                raise Unreadable("its JSON is nested too deeply") from None
            except Unreadable:
                raise
            except ValueError:
                raise Unreadable("its JSON holds a number that is too long") from None
            yield record

    def _unambiguous(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) == len(pairs):
            return record
        for key, value in pairs:
            kept = record[key]
            if key in self._keys and (type(value) is not type(kept) or value != kept):
                raise Unreadable(f"it gives {quoted(key)} twice, with different values")
        return record


def quoted(name: str) -> str:
    """A name or text that somebody else wrote, short and on one line."""
    return repr(name if len(name) <= _LONGEST_QUOTE else name[:_LONGEST_QUOTE] + "…")


def shown(value: Any) -> str:
    """A value that somebody else wrote, short and on one line, without control characters."""
    match value:
        case str():
            return quoted(value.strip()[: _LONGEST_QUOTE + 1])
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**12:
            return "a huge number"
        case int() | float():
            return repr(value)
        case _:
            return "an object" if isinstance(value, dict) else "a list"


def _after_thinking(answer: str) -> int:
    """Where a reasoning model's thinking ends, if a server left it in the answer: drafts are no verdicts."""
    if not answer.lstrip().startswith(_THINKING):
        return 0
    end = answer.find(_THOUGHT)
    if end < 0:
        raise Unreadable("the answer ends before its verdict; was it cut at the token limit (max_tokens)?")
    return end + len(_THOUGHT)


def _leaves_open(answer: str, start: int, end: int) -> bool:
    """Whether a brace of the prose between two places is still open at its end."""
    depth = 0
    for brace in _BRACE.finditer(answer, start, end):
        depth = depth + 1 if brace[0] == "{" else max(depth - 1, 0)
    return depth > 0


def _no_number(constant: str) -> Any:
    raise Unreadable(f"{constant} is not a number in JSON")


def _nothing_in(answer: str, field: str) -> str:
    if not answer.strip():
        return "the answer is empty"
    if _OBJECT.search(answer):
        return f"its JSON has no {field!r}"
    return f"no JSON verdict in {shown(answer)}"


def _broken(error: json.JSONDecodeError, answer: str) -> str:
    ended = error.msg.startswith("Unterminated string") or not answer[error.pos : error.pos + 64].strip()
    if ended:
        return "the answer ends in the middle of its JSON; was it cut at the token limit (max_tokens)?"
    return f"its JSON is broken at character {error.pos + 1}"
