"""A log, as far as it is needed here."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lattice.importers.foreign import Foreign


class LogError(Foreign):
    """What ended a sample, or all of them."""

    message: str = ""


class ScorerSpec(Foreign):
    """A scorer with its arguments."""

    name: str
    options: dict[str, Any] | None = None


class Dataset(Foreign):
    """Where the samples came from."""

    name: str | None = None
    location: str | None = None


class EvalConfig(Foreign):
    """How the samples were gone through."""

    epochs: int | None = None


class EvalSpec(Foreign):
    """What was evaluated."""

    task: str
    model: str
    created: str | None = None
    eval_id: str | None = None
    run_id: str | None = None
    dataset: Dataset = Dataset()
    config: EvalConfig = EvalConfig()
    model_generate_config: dict[str, Any] = Field(default_factory=dict)
    model_base_url: str | None = None
    scorers: list[ScorerSpec] | None = None
    tags: list[str] | None = None


class Step(Foreign):
    """One solver."""

    solver: str
    params: dict[str, Any] = Field(default_factory=dict)


class Plan(Foreign):
    """The solvers, one after the other."""

    steps: list[Step] = Field(default_factory=list)
    config: dict[str, Any] = Field(default_factory=dict)


class EvalScore(Foreign):
    """What one scorer came to."""

    name: str
    scorer: str = ""
    params: dict[str, Any] = Field(default_factory=dict)


class Results(Foreign):
    """What the scorers came to."""

    scores: list[EvalScore] = Field(default_factory=list)


class Stats(Foreign):
    """When it was."""

    started_at: str | None = None
    completed_at: str | None = None


class Log(Foreign):
    """Everything but the samples."""

    version: int = 2
    status: str = "started"
    eval: EvalSpec
    plan: Plan = Plan()
    results: Results | None = None
    stats: Stats = Stats()
    error: LogError | None = None


class Usage(Foreign):
    """Tokens; those written to and read from a cache come beside `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_cache_write: int | None = None
    input_tokens_cache_read: int | None = None


class ChatMessage(Foreign):
    """One message; a content may be a text, or parts."""

    role: str
    content: Any = ""
    tool_calls: list[dict[str, Any]] | None = None


class Choice(Foreign):
    """One answer."""

    message: ChatMessage
    stop_reason: str | None = None


class Output(Foreign):
    """What the model gave at last."""

    model: str | None = None
    choices: list[Choice] = Field(default_factory=list)
    usage: Usage | None = None
    time: float | None = None
    error: str | None = None


class Score(Foreign):
    """What one scorer said of one sample."""

    value: Any = None
    answer: str | None = None
    explanation: str | None = None


class Sample(Foreign):
    """One sample in one epoch."""

    id: int | str
    epoch: int = 1
    input: str | list[ChatMessage]
    choices: list[str] | None = None
    target: str | list[str] = ""
    messages: list[ChatMessage] = Field(default_factory=list)
    output: Output = Output()
    scores: dict[str, Score] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    model_usage: dict[str, Usage] = Field(default_factory=dict)
    total_time: float | None = None
    working_time: float | None = None
    error: LogError | None = None
    limit: dict[str, Any] | None = None
    attachments: dict[str, str] = Field(default_factory=dict)
