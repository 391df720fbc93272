"""The shapes of the API's documents, for its description; answers are not validated against them as they leave."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["pending", "running", "completed", "failed", "cancelled"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Health(_Shape):
    """That the Studio answers, and what it is."""

    status: Literal["ok"]
    version: str = Field(examples=["0.9.0"])
    running: int = Field(description="runs that are carried out now")
    queued: int = Field(description="runs that wait for their turn")


class EvaluationName(_Shape):
    id: str
    name: str
    type: str | None = None
    slug: str | None = None


class Version(_Shape):
    """A configuration with its inputs."""

    number: int = Field(description="counts from 1 within the evaluation", examples=[1])
    created_at: str
    config_hash: str
    inputs_hash: str
    inputs: int = Field(description="how many there are", examples=[200])
    inputs_with_reference: int


class WholeVersion(Version):
    evaluation: EvaluationName
    configuration: dict[str, Any] = Field(description="every key with its value, defaults too; inputs apart")


class Versions(_Shape):
    versions: list[Version]


class InputDocument(_Shape):
    """One test case."""

    position: int = Field(description="its place in the file, from 1")
    id: str
    input: str | list[dict[str, str]] = Field(description="a text, or chat messages")
    reference: str | None
    context: list[str]
    metadata: dict[str, Any]
    cluster: str | None


class InputPage(_Shape):
    total: int
    offset: int
    limit: int
    inputs: list[InputDocument]


class Progress(_Shape):
    """Counts of trials."""

    total: int = Field(examples=[200])
    done: int = Field(examples=[47])
    successful: int
    failed: int


class Interval(_Shape):
    lower: float
    upper: float
    level: float = Field(examples=[0.95])
    method: str = Field(examples=["adjusted_t"])


class Failure(_Shape):
    """Why the run itself failed, or was not started."""

    kind: str
    message: str
    hint: str | None = None


class Gate(_Shape):
    condition: str = Field(examples=["mean > 0.80"])
    verdict: Literal["pass", "fail", "inconclusive", "not_evaluated"]
    value: float | None
    reason: str


class Headline(_Shape):
    """One metric of one target; on 0–1 unless it says native."""

    target: str
    name: str = Field(examples=["score"])
    n: int = Field(description="inputs that have a score")
    mean: float | None = Field(examples=[0.74])
    native_mean: float | None = Field(examples=[3.95])
    interval: Interval | None


class Level(_Shape):
    value: int
    score: float
    count: int


class Metric(Headline):
    median: float | None
    std: float | None
    min: float | None
    max: float | None
    distribution: list[Level]


class RunState(_Shape):
    """How a run stands."""

    status: Status
    interrupted: bool = Field(description="its process is gone; it reads as failed and can be resumed")
    draining: bool = Field(description="it starts nothing new")
    queue_position: int | None = Field(description="where it stands among the runs that wait, from 1", examples=[2])
    stopped: str | None = Field(description="`budget` or `decided`, where that ended it early")
    failure: Failure | None
    started_at: str | None
    finished_at: str | None


class RunLine(RunState):
    """A run as lists show it; numbers are there once it has ended."""

    id: str
    number: int
    reference: str = Field(examples=["support-answers#3"])
    evaluation: EvaluationName
    version: int
    tags: dict[str, str]
    trigger: str = Field(description="what started it", examples=["api"])
    origin: str | None = Field(description="id of the run whose responses it scores")
    created_at: str
    duration_seconds: float
    progress: Progress
    metrics: list[Headline]
    gates: list[Gate]


class RunLines(_Shape):
    total: int = Field(description="how many there are")
    offset: int
    limit: int
    runs: list[RunLine]


class RunError(_Shape):
    """A failed trial."""

    input: int = Field(examples=[42])
    id: str
    target: str
    step: Literal["target", "judge", "check"]
    kind: str = Field(examples=["timeout"])
    message: str = Field(examples=["Timeout after 60s"])
    attempts: int


class RunDocument(_Shape):
    """A run, as `lattice show --json` prints it."""

    id: str
    number: int
    status: Status
    evaluation: EvaluationName
    config_hash: str
    inputs_hash: str
    tags: dict[str, str]
    trigger: str
    stopped: str | None
    started_at: str | None
    finished_at: str | None
    duration_seconds: float
    failure: Failure | None
    queue_position: int = Field(0, description="only while it waits: where it stands among those that do, from 1")
    progress: Progress
    usage: dict[str, Any]
    cost: dict[str, Any]
    metrics: list[Metric]
    errors: list[RunError]
    gates: list[Gate]


class EvaluationLine(EvaluationName):
    archived: bool
    created_at: str
    status: Status = Field(description="of its last run; pending without one")
    versions: int
    runs: int
    last_version: Version | None
    last_run: RunLine | None


class EvaluationLines(_Shape):
    total: int = Field(description="how many there are")
    offset: int
    limit: int
    evaluations: list[EvaluationLine]


class SubmittedEvaluation(_Shape):
    """An evaluation that is Pending now."""

    evaluation: EvaluationLine
    version: Version
    warnings: list[str] = Field(description="what is allowed and should be known before it is run")


class ConfigurationDocument(_Shape):
    configuration: dict[str, Any] = Field(description="exactly what the run was started with")
    settings: dict[str, Any] = Field(description="what it was resumed with beside that")


class ResultDocument(_Shape):
    """One trial that has ended, as a JSONL export has it."""

    position: int
    id: str
    target: str
    repeat: int = Field(description="from 1")
    status: Literal["scored", "failed"]
    score: float | None = Field(description="on 0–1")
    native: float | None = Field(description="on the judge's scale")
    metrics: dict[str, Any]
    reasoning: str
    judge_answer: str | None = Field(description="what the judge's model wrote, as it came")
    error: dict[str, str] | None
    attempts: int = Field(description="calls for target and judge together")
    input: str | list[dict[str, str]]
    reference: str | None
    response: str | None
    annotation: dict[str, Any] | None


class ResultPage(_Shape):
    total: int = Field(description="how many there are, or `where` and `search` hold for")
    offset: int
    limit: int
    results: list[ResultDocument]


class AttemptDocument(_Shape):
    """One failed call."""

    id: int = Field(description="grows with time; pass it as `after` to get later ones")
    position: int
    input_id: str
    target: str
    repeat: int
    step: Literal["target", "judge", "check"]
    kind: str
    message: str
    attempt: int = Field(description="which one failed, from 1")
    allowed: int = Field(description="of how many")
    at: str
    retry_in_seconds: float | None = Field(description="none where nothing follows")
    ended: Literal["scored", "failed"] | None = Field(description="how the trial has ended since")


class Attempts(_Shape):
    attempts: list[AttemptDocument]
    after: int = Field(description="to be passed for the next ones")


class WholeResult(ResultDocument):
    failed_attempts: list[AttemptDocument]


class AnnotationDocument(_Shape):
    """A person's score and note."""

    position: int
    target: str
    repeat: int
    score: float | None
    note: str
    at: str


class Annotations(_Shape):
    annotations: list[AnnotationDocument]


class Cancelled(_Shape):
    message: str = Field(examples=["support-answers#3 is asked to stop: 89 results stay; calls in flight will finish."])
    run: RunLine


class Comparison(_Shape):
    """One metric of two sides; differences are candidate less baseline, on 0–1."""

    metric: str
    baseline: str
    candidate: str
    n: int
    difference: float | None
    interval: Interval | None
    p_value: float | None
    effect_size: float | None
    wins: int | None
    ties: int | None
    losses: int | None
    conclusion: str
    warnings: list[str]


class ComparisonReport(_Shape):
    """As `lattice compare --json` prints it."""

    runs: list[dict[str, Any]]
    comparisons: list[Comparison]


class Decision(_Shape):
    """As `lattice gate --json` prints it."""

    verdict: Literal["pass", "fail", "inconclusive", "not_evaluated"]
    gates: list[Gate]


class BaselineName(_Shape):
    id: str
    reference: str = Field(examples=["support-answers#1"])


class VerdictDocument(_Shape):
    """Whether what a run was made of may go out."""

    evaluation: EvaluationName
    run: RunLine
    url: str = Field(description="the run's page", examples=["http://127.0.0.1:8484/runs/5f0c1a9e7b3d2468"])
    verdict: Literal["pass", "fail", "inconclusive", "not_evaluated", "pending"] = Field(
        description="`pass` for a completed run whose gates all hold, and for nothing else"
    )
    reason: str = Field(examples=["2 of 2 gates hold"])
    gates: list[Gate]
    metrics: list[Metric]
    baseline: BaselineName | None = Field(description="the run that is set as the baseline")
    difference: list[Comparison] = Field(description="from the baseline; empty where there is nothing to compare")


class Firing(_Shape):
    """What became of one time of a schedule."""

    due_at: str
    asked: bool = Field(description="somebody asked for it; it is no time of the schedule")
    missed: int = Field(description="how many earlier times it stands for as well")
    state: Literal["due", "started", "skipped", "failed"]
    reason: str | None = Field(description="why it was skipped or failed")
    run: str | None = Field(description="id of the run that was made")


class ScheduleDocument(_Shape):
    """When an evaluation runs by itself."""

    id: str
    evaluation: EvaluationName
    file: str = Field(description="the evaluation file, read anew for every run", examples=["evaluation.yaml"])
    cron: str = Field(examples=["0 2 * * *"])
    timezone: str = Field(examples=["Europe/Berlin"])
    catch_up: Literal["once", "skip"]
    overlap: Literal["skip", "queue", "cancel"]
    settings: dict[str, Any] = Field(description="what is changed about the file for each run, and its tags")
    state: Literal["active", "paused", "archived"]
    words: str = Field(examples=["At 02:00 every day, Europe/Berlin"])
    next_at: str | None = Field(description="when it falls due next; none while it is paused")
    firings: list[Firing] = Field(description="what became of its times, latest first")


class ScheduleLines(_Shape):
    total: int = Field(description="how many there are")
    offset: int
    limit: int
    schedules: list[ScheduleDocument]
