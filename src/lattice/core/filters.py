"""The small language in which results are picked: ``lattice show --where``, the Studio's filter box, the API.

::

    score < 3                          the judge's own scale; ``score01`` is the same on 0–1
    failed · unscored · scored         how a trial ended
    kind = timeout                     why it failed
    target = "Production RAG Stack"    by name, ``~`` for a part of it
    accuracy < 3 and latency > 2       criteria and checks by name, ``"cites a source" < 1`` in quotes
    input = 42 or id = "q42"           one test case, by its place or its id
    text ~ "refund"                    in the input, the output or the reasoning, in any case
    not (failed or score >= 4)

A comparison with a value that is not there is false, whichever way round: an unscored trial is neither
``score < 3`` nor ``score >= 3``. ``not`` turns that round like anything else: ``not score < 3`` holds for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from lattice.core.errors import ErrorKind, UsageError

MAX_LENGTH = 4000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<operator><=|>=|!=|==|=|<|>|~)
      | (?P<parenthesis>[()])
      | (?P<word>[^\s()<>=!~"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class InvalidFilter(UsageError):
    """A filter that cannot be read; the message points at the column.

    Parameters
    ----------
    text: the filter as it was written.
    column: 1-based place of what is wrong.
    problem: what is wrong and what was expected.
    """

    def __init__(self, text: str, column: int, problem: str) -> None:
        self.text = text
        self.column = column
        self.problem = problem
        shown = text.replace("\n", " ").replace("\t", " ")
        super().__init__(f"filter, column {column}: {problem}\n  {shown}\n  {' ' * (column - 1)}^")


class FilterOperator(StrEnum):
    """How a field is compared; ``~`` is *contains, in any case*."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "="
    UNEQUAL = "!="
    CONTAINS = "~"


class Ending(StrEnum):
    """How a trial ended. *Unscored* ended without a score, whoever failed."""

    SCORED = "scored"
    FAILED = "failed"
    UNSCORED = "unscored"


class Field(StrEnum):
    """What every result has."""

    SCORE = "score"
    SCORE01 = "score01"
    LATENCY = "latency"
    COST = "cost"
    ATTEMPTS = "attempts"
    INPUT = "input"
    ID = "id"
    TARGET = "target"
    KIND = "kind"
    TEXT = "text"


_ORDER = frozenset({FilterOperator.LESS, FilterOperator.AT_MOST, FilterOperator.GREATER, FilterOperator.AT_LEAST})
_SAME = frozenset({FilterOperator.EQUAL, FilterOperator.UNEQUAL})
_NUMBERS = _ORDER | _SAME
_NAMES = _SAME | {FilterOperator.CONTAINS}
_ALLOWED: Mapping[Field, frozenset[FilterOperator]] = {
    Field.SCORE: _NUMBERS,
    Field.SCORE01: _NUMBERS,
    Field.LATENCY: _NUMBERS,
    Field.COST: _NUMBERS,
    Field.ATTEMPTS: _NUMBERS,
    Field.INPUT: _NUMBERS,
    Field.ID: _NAMES,
    Field.TARGET: _NAMES,
    Field.KIND: _SAME,
    Field.TEXT: frozenset({FilterOperator.CONTAINS}),
}
_SORTABLE = (Field.SCORE, Field.SCORE01, Field.LATENCY, Field.COST, Field.ATTEMPTS, Field.INPUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Trials that ended in one way."""

    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A field against a value: a number (latency in seconds, cost in USD), or a text."""

    field: Field
    operator: FilterOperator
    value: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCompared:
    """A criterion or a check against a number, on its own scale where it has one."""

    name: str
    operator: FilterOperator
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Negated:
    """What `part` does not hold for."""

    part: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """What every part holds for."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """What at least one part holds for."""

    parts: tuple[Filter, ...]


Filter = Ended | Compared | MetricCompared | Negated | AllOf | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """An order of results; what has no value comes last either way, and equal ones are ordered by their inputs.

    Parameters
    ----------
    by: a field with numbers, or the name of a criterion or check.
    """

    by: Field | str
    descending: bool = False


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises
    ------
    InvalidFilter: it cannot be read; the message points at the column and says what was expected.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidFilter(text[:40] + "…", 1, f"longer than {MAX_LENGTH:,} characters")
    return _Parser(text).whole()


def parse_sort(text: str) -> Sort:
    """Read an order: a field or the name of a criterion or check, with ``-`` in front to turn it round.

    Raises
    ------
    UsageError: results cannot be put in order by that field.
    """
    by = text.strip()
    descending = by.startswith("-")
    by = by[1:].strip() if descending else by
    if not by:
        raise UsageError(f"nothing to sort by in {text!r}; write a field such as score, or -score")
    if by not in list(Field):
        return Sort(by=by, descending=descending)
    if (field := Field(by)) not in _SORTABLE:
        raise UsageError(f"results cannot be sorted by {by}; there are {', '.join(_SORTABLE)}, and metrics by name")
    return Sort(by=field, descending=descending)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str
    column: int

    @property
    def keyword(self) -> str:
        return self.text.lower() if self.kind in ("word", "parenthesis") else ""


class _Parser:
    """Recursive descent, one method per rule; ``or`` binds loosest, ``not`` tightest."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0
        self._depth = 0

    def whole(self) -> Filter:
        found = self._any_of()
        if self._peek().kind != "end":
            self._refuse(self._peek(), f"expected 'and' or 'or' before {self._peek().text!r}")
        return found

    def _split(self) -> list[_Token]:
        tokens, at, text = [], 0, self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                unclosed = text[start] in "\"'"
                raise InvalidFilter(
                    self._text,
                    start + 1,
                    "a quote that is not closed" if unclosed else f"unexpected {text[start]!r}",
                )
            kind = found.lastgroup
            tokens.append(_Token(kind=kind, text=found[kind], column=found.start(kind) + 1))
            at = found.end()
        tokens.append(_Token(kind="end", text="", column=len(text) + 1))
        return tokens

    def _refuse(self, token: _Token, problem: str) -> NoReturn:
        raise InvalidFilter(self._text, token.column, problem)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _taken(self, keyword: str) -> bool:
        if self._peek().keyword != keyword:
            return False
        self._take()
        return True

    def _any_of(self) -> Filter:
        parts = [self._all_of()]
        while self._taken("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(parts=tuple(parts))

    def _all_of(self) -> Filter:
        parts = [self._single()]
        while self._taken("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))

    def _single(self) -> Filter:
        first = self._peek()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(first, f"nested more than {MAX_DEPTH} deep")
        found = self._negated_or_grouped()
        self._depth -= 1
        return found

    def _negated_or_grouped(self) -> Filter:
        if self._taken("not"):
            return Negated(part=self._single())
        if self._taken("("):
            found = self._any_of()
            if not self._taken(")"):
                self._refuse(self._peek(), "expected ')'")
            return found
        return self._condition()

    def _condition(self) -> Filter:
        name = self._take()
        if name.kind not in ("word", "text") or name.keyword in ("and", "or"):
            self._refuse(name, "expected a condition, such as score < 3 or failed")
        if self._peek().kind != "operator":
            return self._ending(name)
        operator = self._take()
        meant = FilterOperator("=" if operator.text == "==" else operator.text)
        if name.kind == "text" or name.keyword not in list(Field):
            return self._metric(name, operator, meant)
        field = Field(name.keyword)
        if meant not in _ALLOWED[field]:
            allowed = " ".join(each for each in FilterOperator if each in _ALLOWED[field])
            self._refuse(operator, f"{field} takes {allowed}, not {operator.text}")
        return Compared(field=field, operator=meant, value=self._value(field))

    def _ending(self, name: _Token) -> Filter:
        if name.kind != "word" or name.keyword not in list(Ending):
            alone = ", ".join(Ending)
            self._refuse(self._peek(), f"expected a comparison after {name.text}; alone stand only {alone}")
        return Ended(ending=Ending(name.keyword))

    def _metric(self, name: _Token, operator: _Token, meant: FilterOperator) -> Filter:
        if meant is FilterOperator.CONTAINS:
            self._refuse(operator, f"~ is for text, id and target; {name.text} is compared with a number")
        plain = _unquoted(name.text) if name.kind == "text" else name.text
        return MetricCompared(name=plain, operator=meant, value=self._number(name.text))

    def _value(self, field: Field) -> float | str:
        if _ALLOWED[field] == _NUMBERS:
            return self._number(field)
        token = self._take()
        if token.kind not in ("word", "text"):
            self._refuse(token, f"expected a text to compare {field} with")
        text = _unquoted(token.text) if token.kind == "text" else token.text
        if field is not Field.KIND:
            return text
        if text.lower() not in list(ErrorKind):
            self._refuse(token, f"{text!r} is no kind of error; there are {', '.join(ErrorKind)}")
        return text.lower()

    def _number(self, field: str) -> float:
        token = self._take()
        digits = token.text[1:] if field == Field.INPUT and token.text.startswith("#") else token.text
        number = _finite(digits) if token.kind == "word" else None
        if number is None:
            found = f", not {token.text}" if token.text else ""
            self._refuse(token, f"expected a number to compare {field} with{found}")
        return number


def _finite(digits: str) -> float | None:
    try:
        number = float(digits)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])
