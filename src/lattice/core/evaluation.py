"""The configuration of an evaluation: the same model for the file, for Python and for the store.

Everything here is a frozen pydantic model; unknown keys are errors. Files that a configuration refers to
(``{file: prompt.md}``) have been read by the time it exists, ``${NAME}`` stays as written until a target is
built, so that no secret is ever part of a stored configuration.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    WithJsonSchema,
    model_validator,
)

from lattice.core.conditions import METRICS, NATIVE_SUFFIX, parse_condition
from lattice.core.settings import (
    JsonMapping,
    Name,
    Number,
    Settings,
    TextOrFile,
    Whole,
    raise_found,
    repeated,
)


def _condition(text: str) -> str:
    parse_condition(text)
    return text


_CONDITION_SCHEMA = {
    "type": "string",
    "pattern": rf"^\s*(.+/)?(.+\.)?({'|'.join(METRICS)})\s*(>=|<=|==|>|<)\s*"
    rf"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*({NATIVE_SUFFIX})?\s*$",
    "examples": ["mean > 0.80", "ci_lower > 0.75", f"mean >= 3.8 {NATIVE_SUFFIX}"],
}

ConditionText = Annotated[str, AfterValidator(_condition), WithJsonSchema(_CONDITION_SCHEMA)]


class EvaluationType(StrEnum):
    """What an evaluation is for; shown as `label`."""

    TASK_SPECIFIC = "task_specific"
    COMPARISON = "comparison"
    BENCHMARK = "benchmark"
    OPERATIONAL = "operational"
    SAFETY = "safety"

    @property
    def label(self) -> str:
        return "Task-Specific" if self is EvaluationType.TASK_SPECIFIC else self.value.capitalize()


class TargetSettings(Settings):
    """What is evaluated: a model with its prompt."""

    name: str = Field(default="", max_length=200, description="shown everywhere; the model's name if absent")
    model: str = Field(description="provider/model", min_length=3)
    system: TextOrFile | None = Field(default=None, description="system message, a Jinja2 template")
    prompt: TextOrFile = Field(default="{{ input }}", description="user message, a Jinja2 template")
    params: JsonMapping = Field(default_factory=dict, description="sent to the provider as they are")

    @model_validator(mode="before")
    @classmethod
    def _named_after_model(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("name") and isinstance(data.get("model"), str):
            return {**data, "name": data["model"].partition("/")[2] or data["model"]}
        return data


class InputFields(Settings):
    """Which fields of a row are what, where they have names of their own."""

    id: str | None = Field(default=None, description="the field that identifies an input")
    input: str | None = Field(default=None, description="the field with the input: a text or chat messages")
    reference: str | None = Field(default=None, description="the field with the known answer")
    context: str | None = Field(default=None, description="the field with passages that belong to the input")
    metadata: str | None = Field(default=None, description="the field with a mapping of further fields")
    cluster: str | None = Field(default=None, description="the field that groups dependent inputs")


class Sample(Settings):
    """A seeded random sample of the inputs."""

    size: Whole = Field(ge=1, description="how many inputs")
    seed: Whole = Field(default=0, description="the same seed draws the same inputs")


class InputSource(Settings):
    """Where the inputs come from: a file, or the configuration itself."""

    path: str | None = Field(default=None, description=".jsonl, .json, .csv, .yaml or .parquet")
    items: tuple[Any, ...] | None = Field(default=None, description="inputs in place: texts, or mappings")
    fields: InputFields = Field(
        default=InputFields(), description="names of the fields; common ones are found without this"
    )
    limit: Whole | None = Field(default=None, ge=1, description="only the first so many")
    sample: Sample | None = Field(default=None, description="a seeded random sample instead of all")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.items is None):
            raise ValueError("give either path or items")
        if self.limit is not None and self.sample is not None:
            raise ValueError("give either limit or sample, not both")
        return self


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


class JudgeSettings(Settings):
    """The model that scores, and what it is told."""

    model: str = Field(description="provider/model", min_length=3)
    scale: ScaleChoice = Field(default="likert-5", description="a common scale, or {min, max, labels}")
    mode: JudgeMode = Field(default=JudgeMode.SINGLE, description="whether the judge sees a reference")
    passes: PassCondition | None = Field(
        default=None, alias="pass", description="on the scale, such as '>= 4'; gives a pass rate"
    )
    rubric: TextOrFile | None = Field(default=None, description="what each level of the scale means")
    criteria: tuple[Criterion, ...] = Field(default=(), description="the score is their weighted mean")
    params: JsonMapping = Field(default_factory=dict, description="sent to the provider as they are")

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _unique_criteria(self) -> Self:
        names = [criterion.name for criterion in self.criteria]
        raise_found(
            [(("criteria", index, "name"), f"another criterion is called {name!r}") for index, name in repeated(names)]
        )
        return self


class Scoring(Settings):
    """How a response becomes a score."""

    judge: JudgeSettings = Field(description="a model that scores each response against a rubric")


class Retries(Settings):
    """Further attempts after the first, by what went wrong."""

    rate_limit: Whole = Field(default=3, ge=0, le=100, description="after 429 and 529")
    timeout: Whole = Field(default=2, ge=0, le=100, description="after no answer in time")
    server_error: Whole = Field(default=3, ge=0, le=100, description="after 5xx and lost connections")
    max_wait: Number = Field(default=300.0, gt=0, description="seconds; the longest single wait between attempts")


class Limits(Settings):
    """Rate limits per provider and key, where they are known beforehand."""

    requests_per_minute: Whole | None = Field(default=None, ge=1, description="learned from headers if absent")
    tokens_per_minute: Whole | None = Field(default=None, ge=1, description="learned from headers if absent")


class Budget(Settings):
    """What a run may spend; no trial starts once it is reached."""

    cost_usd: Number | None = Field(default=None, gt=0, description="USD, target and judge together")
    tokens: Whole | None = Field(default=None, ge=1, description="input and output tokens together")


class RunSettings(Settings):
    """How a run is carried out."""

    max_concurrent: Whole = Field(default=10, ge=1, le=10_000, description="trials open at once")
    timeout: Number = Field(default=60.0, gt=0, description="seconds, per attempt")
    repeats: Whole = Field(default=1, ge=1, le=1000, description="trials per input and target")
    retries: Retries = Field(default=Retries(), description="further attempts, by what went wrong")
    limits: Limits = Field(default=Limits(), description="known rate limits, per provider and key")
    budget: Budget = Field(default=Budget(), description="no trial starts once it is reached")
    give_up_after: Number = Field(default=900.0, gt=0, description="seconds of nothing but transient failures")


class PriceSettings(Settings):
    """Prices in USD per million tokens."""

    input: Number = Field(ge=0, description="USD per million input tokens")
    output: Number = Field(ge=0, description="USD per million output tokens")


class ProviderSettings(Settings):
    """An endpoint of one's own that speaks a known wire format."""

    protocol: Literal["openai", "anthropic"] = Field(default="openai", description="the wire format it speaks")
    base_url: str = Field(min_length=1, description="such as http://localhost:8000/v1")
    api_key_env: str | None = Field(default=None, description="name of the variable that holds the key")
    headers: dict[str, str] = Field(
        default_factory=dict, description="sent with each call; secrets as ${NAME} from the environment"
    )
    query: dict[str, str] = Field(
        default_factory=dict, description="added to each URL; secrets as ${NAME} from the environment"
    )
    prices: dict[str, PriceSettings] = Field(default_factory=dict, description="USD per million tokens, by model")


class Evaluation(Settings):
    """A whole evaluation, validated."""

    name: Name = Field(
        min_length=1, max_length=200, description="its identity in a workspace; changes make versions of it"
    )
    description: str = Field(default="", description="what it is about")
    type: EvaluationType = Field(default=EvaluationType.TASK_SPECIFIC, description="what it is for")
    targets: tuple[TargetSettings, ...] = Field(min_length=1, description="what is evaluated")
    inputs: InputSource = Field(description="the test cases")
    scoring: Scoring = Field(description="how a response becomes a score")
    run: RunSettings = Field(default=RunSettings(), description="how a run is carried out")
    gates: tuple[ConditionText, ...] = Field(
        default=(), description="conditions on a run's numbers: [TARGET/][NAME.]METRIC OP NUMBER"
    )
    providers: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="endpoints of one's own, by the name that models refer to"
    )

    _folder: str | None = PrivateAttr(default=None)

    @property
    def folder(self) -> str | None:
        """Where the file stood that it was loaded from: paths in it start there. No part of the configuration."""
        return self._folder

    def loaded_from(self, folder: str) -> Self:
        """The same evaluation, with paths in it starting from `folder`."""
        copy = self.model_copy()
        copy._folder = folder
        return copy

    def __eq__(self, other: object) -> bool:
        """Whether two configurations say the same, wherever they came from."""
        return isinstance(other, Evaluation) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.name, self.type))

    @model_validator(mode="after")
    def _unique_targets(self) -> Self:
        names = [target.name for target in self.targets]
        raise_found(
            [
                (
                    ("targets", index, "name"),
                    f"another target is called {name!r}; give each a name of its own",
                )
                for index, name in repeated(names)
            ]
        )
        return self

    @model_validator(mode="after")
    def _gates_know_their_subjects(self) -> Self:
        targets = [target.name for target in self.targets]
        names = ["score", *(criterion.name for criterion in self.scoring.judge.criteria)]
        found: list[tuple[tuple[str | int, ...], str]] = []
        for index, text in enumerate(self.gates):
            condition = parse_condition(text)
            if condition.target is not None and condition.target not in targets:
                found.append((("gates", index), _unknown("target", condition.target, targets)))
            if condition.name is not None and condition.name not in names:
                found.append((("gates", index), _unknown("criterion", condition.name, names)))
        raise_found(found)
        return self


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
    return f"no {kind} is called {name!r}{meant}"
