"""Judges as an evaluation states them: the model, its scale, its rubric and its criteria."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from lattice.core.settings import JsonMapping, Number, Settings, TextOrFile, Whole, raise_found, repeated


class ScaleSettings(Settings):
    """A scale of one's own: whole numbers from `min` to `max`."""

    min: Whole = Field(description="the lowest level")
    max: Whole = Field(description="the highest level")
    labels: dict[int, str] = Field(default_factory=dict, description="words for levels, by level")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max <= self.min:
            raise ValueError("max must be above min")
        if self.max - self.min > 100:
            raise ValueError("a scale has at most 101 levels")
        if stray := [level for level in self.labels if not self.min <= level <= self.max]:
            levels = ", ".join(str(level) for level in stray)
            raise ValueError(f"labels for levels that are not on the scale: {levels}")
        return self


ScaleName = Literal["binary", "likert-3", "likert-5", "likert-7", "likert-10"]


def _scale_form(value: Any) -> str:
    return "<own>" if isinstance(value, (Mapping, ScaleSettings)) else "<named>"


# The tags keep a mistake in one form from being reported against the other as well.
ScaleChoice = Annotated[
    Annotated[ScaleName, Tag("<named>")] | Annotated[ScaleSettings, Tag("<own>")], Discriminator(_scale_form)
]


class JudgeMode(StrEnum):
    """What a judge is shown."""

    SINGLE = "single"
    REFERENCE = "reference"
    PAIRWISE = "pairwise"


def _criterion_name(text: str) -> str:
    if not text.strip() or "/" in text or "." in text:
        raise ValueError(f"expected a name without dots and slashes, got {text!r}")
    if text == "score":
        raise ValueError("a criterion cannot be called 'score': that is the weighted mean of all")
    return text


CriterionName = Annotated[
    str, AfterValidator(_criterion_name), WithJsonSchema({"type": "string", "pattern": r"^[^/.]+$"})
]

_PASS_FORM = re.compile(r"^\s*(>=|<=|==|>|<)\s*-?\d+(\.\d+)?\s*$")


def _pass_condition(text: str) -> str:
    if _PASS_FORM.match(text) is None:
        raise ValueError(f"expected a condition on the scale such as '>= 4', got {text!r}")
    return text


PassCondition = Annotated[
    str,
    AfterValidator(_pass_condition),
    WithJsonSchema({"type": "string", "pattern": _PASS_FORM.pattern, "examples": [">= 4"]}),
]


class Criterion(Settings):
    """A named, weighted part of a rubric."""

    name: CriterionName = Field(description="without dots and slashes; conditions refer to it")
    weight: Number = Field(default=1.0, gt=0, description="relative to the other criteria")
    description: str = Field(default="", description="what the judge should look at")


_USUAL_SCALE: ScaleName = "likert-5"


class PromptSettings(Settings):
    """Templates of one's own in place of the built-in ones; ``lattice judge show`` prints those."""

    system: TextOrFile | None = Field(
        default=None, description="the rules, a Jinja2 template: rubric, criteria, scale, answer_form"
    )
    user: TextOrFile | None = Field(
        default=None, description="the data, a Jinja2 template: input, reference, context, response, answer_form, ..."
    )

    @model_validator(mode="after")
    def _something_of_ones_own(self) -> Self:
        if self.system is None and self.user is None:
            raise ValueError("give system, user or both")
        return self


def _judge_name(text: str) -> str:
    if not text.strip() or "/" in text or "#" in text:
        raise ValueError(f"expected a name without slashes and number signs, got {text!r}")
    return text


JudgeName = Annotated[str, AfterValidator(_judge_name), WithJsonSchema({"type": "string", "pattern": r"^[^/#]+$"})]


class JudgeSettings(Settings):
    """The model that scores, and what it is told."""

    name: JudgeName | None = Field(
        default=None, max_length=100, description="of its metrics in a panel; the model's name if absent"
    )
    model: str = Field(description="provider/model", min_length=3)
    mode: JudgeMode = Field(
        default=JudgeMode.SINGLE,
        description="single; reference: the judge sees a reference; pairwise: it compares with the first target",
    )
    scale: ScaleChoice | None = Field(
        default=None,
        validate_default=True,
        description="a common scale, or {min, max, labels}; none in pairwise mode",
        json_schema_extra={"default": _USUAL_SCALE},
    )
    passes: PassCondition | None = Field(
        default=None, alias="pass", description="on the scale, such as '>= 4'; gives a pass rate"
    )
    rubric: TextOrFile | None = Field(default=None, description="what each level of the scale means")
    criteria: tuple[Criterion, ...] = Field(default=(), description="the score is their weighted mean")
    samples: Whole = Field(default=1, ge=1, le=25, description="how often each response is judged")
    prompt: PromptSettings | None = Field(default=None, description="templates in place of the built-in ones")
    params: JsonMapping = Field(default_factory=dict, description="sent to the provider as they are")

    model_config = ConfigDict(populate_by_name=True)

    @property
    def label(self) -> str:
        """What it is called in a panel: its name, or the last part of the model's."""
        return self.name or self.model.rpartition("/")[2].replace("#", "-") or self.model.partition("/")[0]

    @field_validator("scale")
    @classmethod
    def _usual_scale(cls, scale: ScaleChoice | None, info: ValidationInfo) -> ScaleChoice | None:
        # A pair is won, tied or lost, without a scale.
        return _USUAL_SCALE if scale is None and info.data.get("mode") is not JudgeMode.PAIRWISE else scale

    @model_validator(mode="after")
    def _what_suits_the_mode(self) -> Self:
        if self.mode is not JudgeMode.PAIRWISE:
            return self
        outcome = "in pairwise mode a response wins (1), ties (0.5) or loses (0)"
        found: list[tuple[tuple[str | int, ...], str]] = []
        if self.scale is not None:
            found.append((("scale",), f"there is no scale: {outcome}; leave this out"))
        if self.passes is not None:
            found.append((("pass",), f"nothing passes: {outcome}; use a gate such as 'mean > 0.5'"))
        if self.criteria:
            found.append((("criteria",), f"there are no criteria: {outcome}; say in the rubric what counts"))
        if self.samples > 1:
            found.append((("samples",), "in pairwise mode a response is judged once in each order; leave this out"))
        raise_found(found)
        return self

    @model_validator(mode="after")
    def _unique_criteria(self) -> Self:
        names = [criterion.name for criterion in self.criteria]
        raise_found(
            [(("criteria", index, "name"), f"another criterion is called {name!r}") for index, name in repeated(names)]
        )
        return self
