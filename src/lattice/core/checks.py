"""Deterministic metrics as an evaluation states them: a name and exactly one method."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lattice.core.settings import Name, Settings
from lattice.core.targets import PythonReference

Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class ExactMatch(Settings):
    """The response equals the reference, white space around both left aside."""

    value: str | None = Field(default=None, description="instead of the reference")
    ignore_case: bool = False
    ignore_space: bool = Field(default=False, description="any run of white space counts as one space")


class Contains(Settings):
    """The response contains texts: at least one of `any`, every one of `all`; the reference if neither is given."""

    any: Texts | None = None
    all: Texts | None = None
    ignore_case: bool = False


class RegexMatch(Settings):
    """A regular expression is found in the response."""

    pattern: str = Field(min_length=1)
    ignore_case: bool = False
    whole: bool = Field(default=False, description="the whole response must match, not just a part of it")


class WhichNumber(StrEnum):
    """Which number of a response counts."""

    FIRST = "first"
    LAST = "last"


class Numeric(Settings):
    """A number in the response is the reference's, within a tolerance."""

    value: float | None = Field(default=None, description="instead of the reference")
    tolerance: float = Field(default=0.0, ge=0, description="largest difference that still counts as equal")
    relative: float = Field(default=0.0, ge=0, description="the same, as a part of the expected number")
    which: WhichNumber = Field(default=WhichNumber.LAST, description="of several numbers in the response")


class Similarity(Settings):
    """1 − edit distance / length of the longer text, from 0 to 1; with `at_least`, pass or fail."""

    value: str | None = Field(default=None, description="instead of the reference")
    ignore_case: bool = False
    at_least: float | None = Field(default=None, ge=0, le=1)


class CheckMethod(Settings):
    """Exactly one way to measure a response without a model."""

    exact_match: Literal[True] | ExactMatch | None = None
    contains: Literal[True] | str | Texts | Contains | None = Field(
        default=None, description="texts, of which all must be there"
    )
    regex: str | RegexMatch | None = None
    numeric: Literal[True] | Numeric | None = None
    json_schema: dict[str, Any] | None = Field(default=None, description="the response is JSON that it accepts")
    similarity: Literal[True] | Similarity | None = None
    python: PythonReference | None = Field(
        default=None, description="module:name of a function (input, response) that gives a bool or 0 to 1"
    )

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        given = [name for name in METHODS if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"got {' and '.join(given)}" if given else "got none"
            raise ValueError(f"expected exactly one of {', '.join(METHODS)}; {what}")
        return self


METHODS = ("exact_match", "contains", "regex", "numeric", "json_schema", "similarity", "python")


class CheckSettings(CheckMethod):
    """One deterministic metric; its name is the metric's."""

    name: Name = Field(pattern=r"^[^/.]+$", max_length=100)
