"""The unit of work and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.limits import LimitHints, LimitKey
from lattice.core.models import Model, ModelRequest, ToolCall, Usage


class TrialKey(NamedTuple):
    """What identifies a trial within its run.

    Parameters
    ----------
    position: the input's place in its file, 1-based.
    target: index of the target in the configuration, 0-based.
    repeat: 0-based.
    """

    position: int
    target: int
    repeat: int


class Step(StrEnum):
    """Which part of a trial a call belongs to, or a failure; checks are part of it where no judge is asked."""

    TARGET = "target"
    JUDGE = "judge"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a target answered, stored before anybody judges it.

    Parameters
    ----------
    latency: seconds of the attempt that succeeded, waits for limits and retries left out.
    cost_usd: None where the price is unknown.
    context: passages the target itself retrieved, None where it gives none.
    """

    text: str
    latency: float
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    model: str | None = None
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    context: tuple[str, ...] | None = None
    limits: LimitHints | None = None


class Target(Protocol):
    """What is evaluated. Implementations keep no state between calls that one call could spoil for another."""

    @property
    def name(self) -> str: ...

    @property
    def limit(self) -> LimitKey: ...

    async def answer(self, input: Input, *, timeout: float) -> Response:
        """Make exactly one call, without any retry.

        Raises
        ------
        CallError: the call failed; its kind says how.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number a trial was given.

    Parameters
    ----------
    score: on 0–1.
    native: the same on the judge's own scale, None where there is none.
    """

    score: float
    native: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge, or a deterministic method, said of one response.

    Parameters
    ----------
    metrics: by name; ``score`` first, then criteria and checks.
    reasoning: why, in the judge's words ("" for deterministic methods).
    raw: the judge's whole answer as it came, for people who ask what it said.
    """

    metrics: Mapping[str, Metric]
    reasoning: str = ""
    raw: str = ""


class Judge(Protocol):
    """A judge turns a response into a question for its model, and the model's answer into a verdict."""

    @property
    def model(self) -> Model: ...

    def request(self, input: Input, response: Response) -> ModelRequest:
        """The question; pure, so that it can be shown again later."""

    def verdict(self, answer: str) -> Verdict:
        """Read the model's answer strictly.

        Raises
        ------
        CallError: of kind ``judge_parse``; the answer holds no single valid verdict.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that a judge's model is asked."""

    model: Model
    request: ModelRequest


class Scorer(Protocol):
    """How the responses of a run become scores: by judges, by checks, or by both.

    Questions are pure, so that one can be shown again later as it was asked.
    """

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that are asked; none where everything is computed."""

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """What to ask about one response.

        Raises
        ------
        CallError: nothing can be asked, for want of a reference for example.
        """

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The verdict, from the models' answers in the order of the questions.

        A check that somebody else wrote may take long; it does not hold up the event loop.

        Raises
        ------
        CallError: an answer cannot be read, or a check cannot be computed.
        """


class Check(Protocol):
    """A deterministic metric."""

    @property
    def name(self) -> str: ...

    async def measure(self, input: Input, response: Response) -> Metric:
        """Measure one response.

        Raises
        ------
        CallError: it cannot be computed for this response.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a trial ended without a score."""

    step: Step
    kind: ErrorKind
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call that failed, and what follows.

    Parameters
    ----------
    number: 1 for the first call of this step.
    allowed: attempts the policy grants for this kind of error.
    wait: seconds until the next attempt, None when there is none.
    at: when it failed, UTC.
    """

    key: TrialKey
    step: Step
    number: int
    allowed: int
    kind: ErrorKind
    message: str
    wait: float | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a trial: scored (`failure` is None), or failed with a reason.

    Parameters
    ----------
    verdict: what was scored; None when it failed.
    attempts: calls made for target and judge together.
    usage, cost_usd: of the judge's calls alone, those of failed verdicts too; the target's stand with its response.
    wasted_usage, wasted_cost_usd: of target calls that were paid for and gave no response.
    duration: seconds from the trial's start to its end, waits included.
    """

    key: TrialKey
    verdict: Verdict | None = None
    failure: Failure | None = None
    attempts: int = 1
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    judge_latency: float | None = None
    duration: float = 0.0
    wasted_usage: Usage = field(default_factory=Usage)
    wasted_cost_usd: float | None = None
