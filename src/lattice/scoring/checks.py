"""Deterministic metrics: a response measured without a model, as pass or fail or on 0–1.

A response that is not what a check looks for has the score 0. What cannot be computed at all, for want of a
reference or of time, is an error and not a 0.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from typing import Any

from rapidfuzz.distance import Levenshtein

from lattice.core.checks import (
    CheckMethod,
    CheckSettings,
    Contains,
    ExactMatch,
    Numeric,
    RegexMatch,
    Similarity,
)
from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.trials import Check, Metric, Response
from lattice.scoring.embeddings import Embeddings, require_embeddings
from lattice.scoring.numbers import Expected, expected_number
from lattice.scoring.patterns import SECONDS, Pattern
from lattice.wire.messages import Scrubber

Measure = Callable[[Input, Response], float | Awaitable[float]]
"""Gives a score on 0–1; raises `CallError` where it cannot be computed."""

CheckFunction = Callable[[Input, Response], Awaitable[Any]]
"""Somebody's own check, called so that it holds up nothing; raises `CallError` for whatever it raises."""

FunctionSource = Callable[[str], CheckFunction]
"""Gives the function that ``module:name`` means; the service hands in how modules are found."""

_MOST_COMPARED = 10**9
"""Product of two texts' lengths up to which comparing them takes no more than a moment."""


class MeasuredCheck:
    """A check: a name and a way to measure."""

    __slots__ = ("_measure", "_name")

    def __init__(self, name: str, measure: Measure) -> None:
        self._name = name
        self._measure = measure

    @property
    def name(self) -> str:
        return self._name

    async def measure(self, input: Input, response: Response) -> Metric:
        """Measure one response.

        Raises
        ------
        CallError: it cannot be computed for this response.
        """
        given = self._measure(input, response)
        return Metric(score=await given if inspect.isawaitable(given) else given)


def build_check(settings: CheckSettings, functions: FunctionSource, embeddings: Embeddings | None = None) -> Check:
    """A check as an evaluation configures it.

    Parameters
    ----------
    embeddings: the model that is shared with other checks; one of its own if absent.

    Raises
    ------
    ValueError: its regular expression, schema or number is none.
    UsageError: its Python function cannot be had, `functions` says why; or an extra is not installed.
    """
    return MeasuredCheck(settings.name, measure_of(settings, functions, embeddings))


def measure_of(method: CheckMethod, functions: FunctionSource, embeddings: Embeddings | None = None) -> Measure:
    """The way to measure that a configuration chooses; also for a method that is the scoring itself."""
    if method.exact_match is not None:
        return _exact_match(method.exact_match)
    if method.contains is not None:
        return _contains(method.contains)
    if method.regex is not None:
        return _regex(method.regex)
    if method.numeric is not None:
        return _numeric(method.numeric)
    if method.json_schema is not None:
        return _json_schema(method.json_schema)
    if method.similarity is not None and method.similarity.embeddings:
        return _similar_meaning(method.similarity, embeddings or Embeddings())
    if method.similarity is not None:
        return _similarity(method.similarity)
    return _python(method.python or "", functions)


def _exact_match(settings: ExactMatch) -> Measure:
    def plain(text: str) -> str:
        text = " ".join(text.split()) if settings.ignore_space else text.strip()
        return text.casefold() if settings.ignore_case else text

    def measure(input: Input, response: Response) -> float:
        return float(plain(response.text) == plain(_expected(settings.value, input)))

    return measure


def _contains(settings: Contains) -> Measure:
    def plain(text: str) -> str:
        return text.casefold() if settings.ignore_case else text

    some = tuple(map(plain, settings.any or ()))
    every = tuple(map(plain, settings.all or ()))

    def measure(input: Input, response: Response) -> float:
        text = plain(response.text)
        if not some and not every:
            return float(plain(_expected(None, input)) in text)
        return float(all(part in text for part in every) and (not some or any(part in text for part in some)))

    return measure


def _regex(settings: RegexMatch) -> Measure:
    pattern = Pattern(settings.pattern, ignore_case=settings.ignore_case, whole=settings.whole)

    def measure(_: Input, response: Response) -> float:
        try:
            return float(pattern.is_found(response.text))
        except TimeoutError:
            raise _unmeasured(f"the regular expression took longer than {SECONDS:g}s") from None

    return measure


def _numeric(settings: Numeric) -> Measure:
    fixed = Expected(str(settings.value), settings) if settings.value is not None else None

    def measure(input: Input, response: Response) -> float:
        if fixed is not None:
            return float(fixed.is_met_by(response.text))
        reference = _expected(None, input)
        try:
            expected = Expected(expected_number(reference), settings)
        except ValueError as error:
            raise CallError(ErrorKind.INVALID_INPUT, f"The reference {error}") from None
        return float(expected.is_met_by(response.text))

    return measure


def _json_schema(schema: dict[str, Any]) -> Measure:
    from lattice.scoring.schemas import JsonSchema  # heavy: it loads every draft of JSON Schema

    compiled = JsonSchema(schema)

    def measure(_: Input, response: Response) -> float:
        try:
            return float(compiled.accepts(response.text))
        except ValueError as error:
            raise _unmeasured(str(error)) from None

    return measure


def _similarity(settings: Similarity) -> Measure:
    def measure(input: Input, response: Response) -> float:
        given, expected = _compared(settings, input, response)
        if len(given) * len(expected) > _MOST_COMPARED:
            raise _unmeasured("response and reference are too long to be compared")
        return _passed(settings, Levenshtein.normalized_similarity(given, expected))

    return measure


def _similar_meaning(settings: Similarity, embeddings: Embeddings) -> Measure:
    require_embeddings()

    async def measure(input: Input, response: Response) -> float:
        given, expected = _compared(settings, input, response)
        try:
            return _passed(settings, await embeddings.similarity(given, expected))
        except ValueError as error:
            raise _unmeasured(str(error)) from None

    return measure


def _compared(settings: Similarity, input: Input, response: Response) -> tuple[str, str]:
    """The response and what it should be like."""
    given, expected = response.text, _expected(settings.value, input)
    return (given.casefold(), expected.casefold()) if settings.ignore_case else (given, expected)


def _passed(settings: Similarity, alike: float) -> float:
    return alike if settings.at_least is None else float(alike >= settings.at_least)


def _python(reference: str, functions: FunctionSource) -> Measure:
    function = functions(reference)

    async def measure(input: Input, response: Response) -> float:
        given = await function(input, response)
        if not isinstance(given, (bool, int, float)) or not math.isfinite(given) or not 0 <= given <= 1:
            said = Scrubber().message(repr(given))
            raise CallError(
                ErrorKind.TARGET_ERROR, f"The check {reference} gave {said}, not a bool or a number from 0 to 1"
            )
        return float(given)

    return measure


def _expected(value: str | None, input: Input) -> str:
    if value is not None:
        return value
    if input.reference is None:
        raise CallError(ErrorKind.INVALID_INPUT, "The check compares with a reference, and this input has none")
    return input.reference


def _unmeasured(why: str) -> CallError:
    return CallError(ErrorKind.TARGET_RESPONSE, f"The response cannot be checked: {why}")
