"""Reading a judge's answer: exactly one verdict on the scale, or an error that says what was wrong with it.

An answer is JSON alone, JSON in a code fence, or one JSON object with prose around it. What the judge quotes
may have been written by the very response it judges, so nothing is guessed: an object that is broken is not
searched for smaller ones inside it, and nothing is taken from within braces that are no JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import orjson

from lattice.core.errors import CallError, ErrorKind
from lattice.core.judging import Criterion
from lattice.core.trials import Metric, Verdict
from lattice.scoring.scales import Scale

_OBJECT = re.compile(r"""\{(?=\s*["}])""")
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,6})(?:\.0{1,6})?\s*", re.ASCII)
_BRACE = re.compile(r"[{}]")
_THINKING, _THOUGHT = "<think>", "</think>"
_LONGEST_QUOTE = 60


class VerdictForm:
    """What a valid verdict looks like, prepared once per judge.

    Parameters
    ----------
    scale: every native score must be one of its levels.
    criteria: with criteria a verdict scores each of them and its score is their weighted mean; without, it
        has a ``score`` of its own.
    """

    __slots__ = ("_field", "_keys", "_names", "_quoted", "_scale", "_scores", "_total", "_weights")

    def __init__(self, scale: Scale, criteria: Sequence[Criterion] = ()) -> None:
        self._scale = scale
        self._scores = {level.value: level.score for level in scale.levels}
        self._names = tuple(criterion.name for criterion in criteria)
        self._weights = _whole_weights([criterion.weight for criterion in criteria])
        self._total = sum(self._weights)
        self._field = "criteria" if criteria else "score"
        self._keys = frozenset({"reasoning", self._field, *self._names})
        self._quoted = tuple(json.dumps(key, ensure_ascii=False) for key in self._keys)

    def read(self, answer: str) -> Verdict:
        """The one verdict in a judge's answer.

        Returns
        -------
        Verdict: ``score`` first, then the criteria in their order; `raw` is the answer as it came.

        Raises
        ------
        CallError: of kind ``judge_parse``; there is no verdict, it is broken or not on the scale, or there
            are two that differ.
        """
        try:
            record = self._alone(answer)
            if record is not None and self._field in record:
                natives, reasoning = self._scored(record)
            else:
                natives, reasoning = self._only(answer)
        except _Unreadable as error:
            raise CallError(ErrorKind.JUDGE_PARSE, f"Judge response parsing failed: {error}") from None
        return Verdict(metrics=self._metrics(natives), reasoning=reasoning, raw=answer)

    def _alone(self, answer: str) -> dict[str, Any] | None:
        """The object, where the answer is nothing else and surely names no key of a verdict twice."""
        try:
            record = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return None
        if type(record) is not dict or "\\u" in answer:
            return None
        return None if any(answer.count(key) > 1 for key in self._quoted) else record

    def _only(self, answer: str) -> tuple[tuple[int, ...], str]:
        """The scores and the reasoning that every verdict in the answer agrees on."""
        found: tuple[tuple[int, ...], str] | None = None
        for record in self._objects(answer):
            if self._field not in record:
                continue
            verdict = self._scored(record)
            if found is not None and found[0] != verdict[0]:
                raise _Unreadable("it holds two different verdicts")
            found = found or verdict
        if found is None:
            raise _Unreadable(_nothing_in(answer, self._field))
        return found

    def _objects(self, answer: str) -> Iterator[dict[str, Any]]:
        """Every top-level JSON object in a text, in one pass."""
        decoder = json.JSONDecoder(object_pairs_hook=self._unambiguous, parse_constant=_no_number, strict=False)
        position = _after_thinking(answer)
        while start := _OBJECT.search(answer, position):
            if _leaves_open(answer, position, start.start()):
                raise _Unreadable("its JSON stands inside braces that are no JSON")
            try:
                record, position = decoder.raw_decode(answer, start.start())
            except json.JSONDecodeError as error:
                raise _Unreadable(_broken(error, answer)) from None
            except RecursionError:
                raise _Unreadable("its JSON is nested too deeply") from None
            except _Unreadable:
                raise
            except ValueError:
                raise _Unreadable("its JSON holds a number that is too long") from None
            yield record

    def _unambiguous(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) == len(pairs):
            return record
        for key, value in pairs:
            kept = record[key]
            if key in self._keys and (type(value) is not type(kept) or value != kept):
                raise _Unreadable(f"it gives {_quote(key)} twice, with different values")
        return record

    def _scored(self, record: Mapping[str, Any]) -> tuple[tuple[int, ...], str]:
        """The native scores of a verdict (one, or one per criterion) and its reasoning."""
        reasoning = record.get("reasoning")
        if reasoning is not None and not isinstance(reasoning, str):
            raise _Unreadable("'reasoning' is not a text")
        if not self._names:
            return (self._level("score", record["score"]),), reasoning or ""
        scores = record["criteria"]
        if not isinstance(scores, dict):
            raise _Unreadable("'criteria' is not an object with a score per criterion")
        if missing := [name for name in self._names if name not in scores]:
            raise _Unreadable(f"no score for {', '.join(map(_quote, missing))}")
        return tuple(self._level(name, scores[name]) for name in self._names), reasoning or ""

    def _level(self, name: str, value: Any) -> int:
        """A score as one of the scale's levels: a whole number, also written as 4.0, "4" or "4.0"."""
        number: Any = value
        if isinstance(value, str) and (written := _WHOLE.fullmatch(value)):
            number = int(written[1])
        if type(number) not in (int, float) or number not in self._scores:
            scale = f"{self._scale.minimum}–{self._scale.maximum}"
            raise _Unreadable(f"{_quote(name)} is {_shown(value)}, which is not on the scale {scale}")
        return int(number)

    def _metrics(self, natives: tuple[int, ...]) -> dict[str, Metric]:
        scores = self._scores
        if not self._names:
            return {"score": Metric(score=scores[natives[0]], native=float(natives[0]))}
        return {"score": self._mean(natives)} | {
            name: Metric(score=scores[native], native=float(native))
            for name, native in zip(self._names, natives, strict=True)
        }

    def _mean(self, natives: tuple[int, ...]) -> Metric:
        """The weighted mean; whole numbers until the one division at the end, which rounds correctly."""
        weighted = sum(weight * native for weight, native in zip(self._weights, natives, strict=True))
        low, high = self._scale.minimum, self._scale.maximum
        score = (weighted - low * self._total) / (self._total * (high - low))
        return Metric(score=score, native=weighted / self._total)


def _after_thinking(answer: str) -> int:
    """Where a reasoning model's thinking ends, if a server left it in the answer: drafts are no verdicts."""
    if not answer.lstrip().startswith(_THINKING):
        return 0
    end = answer.find(_THOUGHT)
    if end < 0:
        raise _Unreadable("the answer ends before its verdict; was it cut at the token limit (max_tokens)?")
    return end + len(_THOUGHT)


def _leaves_open(answer: str, start: int, end: int) -> bool:
    """Whether a brace of the prose between two places is still open at its end."""
    depth = 0
    for brace in _BRACE.finditer(answer, start, end):
        depth = depth + 1 if brace[0] == "{" else max(depth - 1, 0)
    return depth > 0


class _Unreadable(ValueError):
    """Why an answer holds no verdict; becomes the message of the call's error."""


def _whole_weights(weights: Sequence[float]) -> tuple[int, ...]:
    """Weights as whole numbers in the same proportions, each read as the decimal number it is written as."""
    exact = [Fraction(repr(weight)) for weight in weights]
    common = lcm(*(weight.denominator for weight in exact))
    return tuple(int(weight * common) for weight in exact)


def _no_number(constant: str) -> Any:
    raise _Unreadable(f"{constant} is not a number in JSON")


def _nothing_in(answer: str, field: str) -> str:
    if not answer.strip():
        return "the answer is empty"
    if _OBJECT.search(answer):
        return f"its JSON has no {field!r}"
    return f"no JSON verdict in {_shown(answer)}"


def _broken(error: json.JSONDecodeError, answer: str) -> str:
    ended = error.msg.startswith("Unterminated string") or not answer[error.pos : error.pos + 64].strip()
    if ended:
        return "the answer ends in the middle of its JSON; was it cut at the token limit (max_tokens)?"
    return f"its JSON is broken at character {error.pos + 1}"


def _quote(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_QUOTE else name[:_LONGEST_QUOTE] + "…")


def _shown(value: Any) -> str:
    """A value that somebody else wrote, short and on one line, without control characters."""
    match value:
        case str():
            return _quote(value.strip()[: _LONGEST_QUOTE + 1])
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
