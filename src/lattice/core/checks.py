"""Deterministic metrics as an evaluation states them: a name and exactly one method.

Short ways to write a method (``exact_match: true``, ``contains: text``, ``regex: '...'``) become its settings when they
are validated, so that one method is one thing however it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from lattice.core.settings import JsonMapping, Name, Number, Settings, Written, exactly_one, the_one_given
from lattice.core.targets import PythonReference

Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class ExactMatch(Settings):
    """The response equals the reference, white space around both left aside."""

    value: str | None = Field(default=None, description="instead of the reference")
    ignore_case: bool = Field(default=False, description="capital and small letters are the same")
    ignore_space: bool = Field(default=False, description="any run of white space counts as one space")


class Contains(Settings):
    """The response contains texts: at least one of `any`, every one of `all`; the reference if neither is given."""

    any: Texts | None = Field(default=None, description="at least one of these")
    all: Texts | None = Field(default=None, description="every one of these")
    ignore_case: bool = Field(default=False, description="capital and small letters are the same")


class RegexMatch(Settings):
    """A regular expression is found in the response."""

    pattern: str = Field(min_length=1, description="in Python's syntax")
    ignore_case: bool = Field(default=False, description="capital and small letters are the same")
    whole: bool = Field(default=False, description="the whole response must match, not just a part of it")


class WhichNumber(StrEnum):
    """Which number of a response counts."""

    FIRST = "first"
    LAST = "last"


class Numeric(Settings):
    """A number in the response is the reference's, within a tolerance."""

    value: Number | None = Field(default=None, description="instead of the reference")
    tolerance: Number = Field(default=0.0, ge=0, description="largest difference that still counts as equal")
    relative: Number = Field(default=0.0, ge=0, description="the same, as a part of the expected number")
    which: WhichNumber = Field(default=WhichNumber.LAST, description="of several numbers in the response")


class Similarity(Settings):
    """How close the response is to the reference, from 0 to 1; with `at_least`, pass or fail.

    By letters, 1 − edit distance / length of the longer text; by meaning, max(0, cosine of the embeddings).
    """

    value: str | None = Field(default=None, description="instead of the reference")
    ignore_case: bool = Field(default=False, description="capital and small letters are the same")
    at_least: Number | None = Field(default=None, ge=0, le=1, description="from which similarity on it passes")
    embeddings: bool = Field(default=False, description="by meaning instead of letters; needs the extra embeddings")


_TRUE = {"const": True}
_TEXT = {"type": "string", "minLength": 1}


def _written(expected: str, *, text: str | None = None, texts: str | None = None) -> Callable[[Any], Any]:
    """Turns the short ways to write a method into its settings.

    Parameters
    ----------
    expected: what may be written, for the message when it is something else.
    text, texts: the keys that a text, or a list of texts, stands for; ``true`` stands for the settings' defaults
        where neither is given or `texts` is.
    """

    def read(value: Any) -> Any:
        if isinstance(value, (dict, Settings)):
            return value
        if value is True and (texts is not None or text is None):
            return {}
        if isinstance(value, str) and (texts or text):
            return {texts: [value]} if texts else {text: value}
        if isinstance(value, (list, tuple)) and texts:
            return {texts: value}
        raise ValueError(f"expected {expected}")

    return read


class CheckMethod(Settings):
    """Exactly one way to measure a response without a model."""

    choices: ClassVar[tuple[str, ...]] = (
        "exact_match",
        "contains",
        "regex",
        "numeric",
        "json_schema",
        "similarity",
        "python",
    )

    exact_match: Annotated[
        ExactMatch | None,
        BeforeValidator(_written("true, or settings such as {ignore_case: true}")),
        Written(_TRUE),
    ] = Field(default=None, description="the response equals the reference: true, or settings")
    contains: Annotated[
        Contains | None,
        BeforeValidator(_written("true, a text, a list of texts, or settings such as {any: [...]}", texts="all")),
        Written(_TRUE, _TEXT, {"type": "array", "items": _TEXT, "minItems": 1}),
    ] = Field(default=None, description="true for the reference, a text, texts of which all must be there, or settings")
    regex: Annotated[
        RegexMatch | None,
        BeforeValidator(_written("a regular expression, or settings such as {pattern: ...}", text="pattern")),
        Written(_TEXT),
    ] = Field(default=None, description="a regular expression that is found in the response, or settings")
    numeric: Annotated[
        Numeric | None,
        BeforeValidator(_written("true, or settings such as {tolerance: 0.01}")),
        Written(_TRUE),
    ] = Field(default=None, description="a number in the response is the reference's: true, or settings")
    json_schema: JsonMapping | None = Field(default=None, description="the response is JSON that it accepts")
    similarity: Annotated[
        Similarity | None,
        BeforeValidator(_written("true, or settings such as {at_least: 0.9}")),
        Written(_TRUE),
    ] = Field(default=None, description="how close the response is to the reference: true, or settings")
    python: PythonReference | None = Field(
        default=None, description="module:name of a function (input, response) that gives a bool or 0 to 1"
    )

    model_config = exactly_one(choices)

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        the_one_given(self, self.choices)
        return self

    @property
    def method(self) -> str:
        """The key of the one that is chosen."""
        return next(name for name in self.choices if getattr(self, name) is not None)

    @property
    def needs_reference(self) -> bool:
        """Whether an input without a reference cannot be measured."""
        if self.contains is not None:
            return self.contains.any is None and self.contains.all is None
        return any(
            each is not None and each.value is None for each in (self.exact_match, self.numeric, self.similarity)
        )

    @property
    def passes_or_fails(self) -> bool | None:
        """Whether every score is 0 or 1; None where a function decides that."""
        if self.python is not None:
            return None
        return self.similarity is None or self.similarity.at_least is not None


RESERVED = ("score", "difference")
"""What conditions mean something else by."""


class CheckSettings(CheckMethod):
    """One deterministic metric; its name is the metric's."""

    name: Name = Field(
        pattern=r"^[^/.]+$", max_length=100, description="without dots and slashes; conditions refer to it"
    )

    @model_validator(mode="after")
    def _own_name(self) -> Self:
        if self.name in RESERVED:
            raise ValueError(f"a check cannot be called {self.name!r}: in conditions that means something else")
        return self
