"""The configuration of an evaluation: the same model for the file, for Python and for the store.

Everything here is a frozen pydantic model; unknown keys are errors. Files that a configuration refers to
(``{file: prompt.md}``) have been read by the time it exists, ``${NAME}`` stays as written until a target is
built, so that no secret is ever part of a stored configuration.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lattice.core.alerting import AlertSettings
from lattice.core.checks import CheckMethod, CheckSettings
from lattice.core.conditions import METRICS, NATIVE_SUFFIX, RUN_METRICS, parse_condition
from lattice.core.judging import JudgeMode, JudgeSettings
from lattice.core.pairs import BASELINE, POSITION_BIAS
from lattice.core.panels import DISAGREEMENT, Aggregate, Seat, seats
from lattice.core.schedules import ScheduleSettings
from lattice.core.settings import Name, Number, Settings, Whole, exactly_one, raise_found, repeated
from lattice.core.targets import TargetSettings

SCORE = "score"


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


class Scoring(CheckMethod):
    """How a response becomes a score: by a judge, or by one deterministic method."""

    choices: ClassVar[tuple[str, ...]] = ("judge", "judges", *CheckMethod.choices)

    judge: JudgeSettings | None = Field(default=None, description="a model that scores each response against a rubric")
    judges: tuple[JudgeSettings, ...] | None = Field(
        default=None, min_length=2, description="a panel: several judges on one scale, each with its own score"
    )
    aggregate: Aggregate | None = Field(
        default=None, description="what becomes of several judges' or samples' scores: their mean (if absent) or median"
    )
    failed_as: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description="the score, on 0–1, of a trial whose target failed in the end; if absent it has none",
    )

    model_config = exactly_one(choices)

    @property
    def panel(self) -> tuple[JudgeSettings, ...]:
        """All judges; none where the score is computed."""
        return self.judges or (() if self.judge is None else (self.judge,))

    @property
    def is_panel(self) -> bool:
        """Whether each response gets several votes."""
        return len(self.panel) > 1 or any(judge.samples > 1 for judge in self.panel)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The judges' places where there are several votes; else none."""
        return seats(self.panel) if self.is_panel else ()

    @model_validator(mode="after")
    def _one_panel(self) -> Self:
        found: list[tuple[tuple[str | int, ...], str]] = []
        if self.aggregate is not None and not self.is_panel:
            found.append((("aggregate",), "there is one score and nothing to aggregate: give judges, or samples"))
        if self.failed_as is not None and any(judge.mode is JudgeMode.PAIRWISE for judge in self.panel):
            message = (
                "in pairwise mode a pair that lacks a response has no score; count failures with a failure_rate gate"
            )
            found.append((("failed_as",), message))
        if self.is_panel:
            key: tuple[str | int, ...] = ("judges", 0) if self.judges else ("judge",)
            found += [
                ((*key, "criteria", index, "name"), f"in a panel {DISAGREEMENT!r} says how far its votes lie apart")
                for index, criterion in enumerate(self.panel[0].criteria)
                if criterion.name == DISAGREEMENT or criterion.name.startswith("judge:")
            ]
        raise_found([*found, *self._unlike_the_first()])
        return self

    def _unlike_the_first(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        judges = self.judges or ()
        for index, label in repeated([judge.label for judge in judges]):
            yield ("judges", index, "name"), f"another judge is called {label!r}; give each a name of its own"
        for index, judge in enumerate(judges):
            if judge.mode is JudgeMode.PAIRWISE:
                yield ("judges", index, "mode"), "pairwise mode has one judge; use judge"
            for key, own, first in (
                ("scale", judge.scale, judges[0].scale),
                ("criteria", judge.criteria, judges[0].criteria),
                ("pass", judge.passes, judges[0].passes),
            ):
                if own != first:
                    yield ("judges", index, key), f"all judges of a panel have the same {key}, that of the first"


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


class StopWhen(StrEnum):
    """What ends a run before its last trial, beside a budget."""

    DECIDED = "decided"


class RunSettings(Settings):
    """How a run is carried out."""

    max_concurrent: Whole = Field(default=10, ge=1, le=10_000, description="trials open at once")
    timeout: Number = Field(default=60.0, gt=0, description="seconds, per attempt")
    repeats: Whole = Field(default=1, ge=1, le=1000, description="trials per input and target")
    retries: Retries = Field(default=Retries(), description="further attempts, by what went wrong")
    limits: Limits = Field(default=Limits(), description="known rate limits, per provider and key")
    budget: Budget = Field(default=Budget(), description="no trial starts once it is reached")
    give_up_after: Number = Field(default=900.0, gt=0, description="seconds of nothing but transient failures")
    stop_when: StopWhen | None = Field(
        default=None, description="decided: end as soon as the live intervals decide every gate"
    )


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
    checks: tuple[CheckSettings, ...] = Field(
        default=(), description="deterministic metrics, beside the score or instead of it"
    )
    scoring: Scoring | None = Field(
        default=None,
        validate_default=True,
        description="how a response becomes a score; may be absent beside checks, and in an operational evaluation",
    )
    run: RunSettings = Field(default=RunSettings(), description="how a run is carried out")
    gates: tuple[ConditionText, ...] = Field(
        default=(),
        description="conditions on a run's numbers: [TARGET/][NAME.]METRIC OP NUMBER; `difference` is to the baseline",
    )
    schedule: ScheduleSettings | None = Field(
        default=None, description="when it runs by itself; in force once 'lattice schedule add FILE' was called"
    )
    alerts: AlertSettings | None = Field(
        default=None, description="who is told about a run that nobody watched, and when"
    )
    providers: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="endpoints of one's own, by the name that models refer to"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["scoring"]},
                {"required": ["checks"]},
                {"properties": {"type": {"const": EvaluationType.OPERATIONAL.value}}, "required": ["type"]},
            ]
        }
    )

    _folder: str | None = PrivateAttr(default=None)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str,
            targets: Sequence[TargetSettings],
            inputs: InputSource | Mapping[str, Any],
            scoring: Scoring | JudgeSettings | Mapping[str, Any] | None = None,
            checks: Sequence[CheckSettings] = (),
            type: EvaluationType | str = EvaluationType.TASK_SPECIFIC,
            description: str = "",
            run: RunSettings | Mapping[str, Any] | None = None,
            gates: Sequence[str] = (),
            providers: Mapping[str, ProviderSettings | Mapping[str, Any]] | None = None,
            **others: Any,
        ) -> None:
            """What validation takes, for those who write an evaluation in code."""

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

    @property
    def judge(self) -> JudgeSettings | None:
        """The judge, where a judge gives the score; the first of a panel, whose scale and criteria are all judges'."""
        return next(iter(self.judges), None)

    @property
    def judges(self) -> tuple[JudgeSettings, ...]:
        """Every judge, in the order in which they are asked."""
        return self.scoring.panel if self.scoring is not None else ()

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The judges' places, where each response gets several votes."""
        return self.scoring.seats if self.scoring is not None else ()

    @property
    def is_pairwise(self) -> bool:
        """Whether every target but the first is judged against the first."""
        return self.judge is not None and self.judge.mode is JudgeMode.PAIRWISE

    @property
    def baseline(self) -> TargetSettings | None:
        """The target that all others are judged against, in pairwise mode."""
        return self.targets[BASELINE] if self.is_pairwise else None

    @property
    def contenders(self) -> tuple[TargetSettings, ...]:
        """The targets that have results of their own: all but the baseline of a comparison in pairs."""
        return self.targets[BASELINE + 1 :] if self.is_pairwise else self.targets

    @property
    def metric_names(self) -> tuple[str, ...]:
        """What a scored trial has numbers for: the score, the judge's criteria, the checks; none at all, perhaps."""
        criteria = self.judge.criteria if self.judge is not None else ()
        score = () if self.scoring is None else (SCORE, *(criterion.name for criterion in criteria))
        votes = tuple(name for seat in self.seats for name in seat.metrics)
        panel = (*votes, DISAGREEMENT) if self.seats else ()
        return (*score, *panel, *(check.name for check in self.checks))

    @property
    def _metric_kind(self) -> str:
        if not self.checks:
            return "criterion"
        return "criterion or check" if self.judge is not None and self.judge.criteria else "check"

    @field_validator("scoring", mode="before")
    @classmethod
    def _judge_alone(cls, scoring: Any) -> Any:
        # In code a judge may stand for the scoring by it.
        return {"judge": scoring} if isinstance(scoring, JudgeSettings) else scoring

    @field_validator("scoring")
    @classmethod
    def _something_to_measure(cls, scoring: Scoring | None, info: ValidationInfo) -> Scoring | None:
        # What could not be validated itself is not among the data; it was given all the same.
        known = info.data
        if scoring is None and known.get("checks") == () and known.get("type") is not EvaluationType.OPERATIONAL:
            raise PydanticCustomError("missing", "Field required")
        return scoring

    @model_validator(mode="after")
    def _unique_metrics(self) -> Self:
        first = len(self.metric_names) - len(self.checks)
        raise_found(
            [
                (("checks", index - first, "name"), f"another check or criterion is called {name!r}")
                for index, name in repeated(self.metric_names)
            ]
        )
        return self

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
    def _somebody_to_compare(self) -> Self:
        if not self.is_pairwise:
            return self
        if not self.contenders:
            message = "pairwise mode judges every target against the first; give at least two"
            raise_found([(("targets",), message)])
        raise_found(
            [
                (("checks", index, "name"), f"a check cannot be called {POSITION_BIAS!r} in pairwise mode")
                for index, check in enumerate(self.checks)
                if check.name == POSITION_BIAS
            ]
        )
        return self

    @model_validator(mode="after")
    def _something_to_decide(self) -> Self:
        if self.run.stop_when is StopWhen.DECIDED and not self.gates:
            message = "there are no gates to decide; add some under gates, or leave it out"
            raise_found([(("run", "stop_when"), message)])
        return self

    @model_validator(mode="after")
    def _gates_know_their_subjects(self) -> Self:
        targets = [target.name for target in self.contenders]
        names = self.metric_names
        found: list[tuple[tuple[str | int, ...], str]] = []
        for index, text in enumerate(self.gates):
            condition = parse_condition(text)
            if self.baseline is not None and condition.target == self.baseline.name:
                message = f"{condition.target!r} is the baseline and has no results of its own"
                found.append((("gates", index), f"{message}; there are: {', '.join(targets)}"))
            elif condition.target is not None and condition.target not in targets:
                found.append((("gates", index), _unknown("target", condition.target, targets)))
            subject = condition.subject
            if subject is not None and subject not in names:
                found.append((("gates", index), _unknown(self._metric_kind, subject, names)))
            elif subject is None and condition.metric not in RUN_METRICS and SCORE not in names:
                found.append((("gates", index), _without_score(condition.metric, names)))
        raise_found(found)
        return self


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    there = f"; there are: {', '.join(known)}" if known else ""
    meant = f"; did you mean {near[0]!r}?" if near else there
    return f"no {kind} is called {name!r}{meant}"


def _without_score(metric: str, names: Sequence[str]) -> str:
    if names:
        return f"there is no score, for want of scoring; name a check, such as '{names[0]}.{metric} > 0.8'"
    return f"there is no score, for want of scoring; without one there are {', '.join(RUN_METRICS)}"
