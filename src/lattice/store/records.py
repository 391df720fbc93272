"""What the store hands out beside the records of `lattice.core`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from lattice.core.errors import UsageError
from lattice.core.filters import Filter, Sort
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import RunRecord
from lattice.core.trials import Attempt, Failure, Metric, Response, Step, TrialKey


class ResultStatus(StrEnum):
    """How a trial ended."""

    SCORED = "scored"
    FAILED = "failed"


class Recency(StrEnum):
    """An order of results that goes by their commits."""

    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some results of a run, out of all that `where` holds for.

    Parameters
    ----------
    order: None for that of their inputs.
    upto: number of the last commit that counts, so that pages stay as they are while a run goes on; None for all.
    offset, limit: which of them, in their order.
    """

    where: Filter | None = None
    order: Sort | Recency | None = None
    upto: int | None = None
    offset: int = 0
    limit: int = 50


class DuplicateInput(UsageError):
    """Two inputs of one set have the same id.

    Parameters
    ----------
    id: the id.
    position: place of the later one.
    first_position: place of the earlier one.
    """

    def __init__(self, id: str, position: int, first_position: int) -> None:
        self.id = id
        self.position = position
        self.first_position = first_position
        super().__init__(
            f"inputs #{first_position} and #{position} have the same id {id!r}; ids are unique within a file"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSet:
    """Inputs as one run or many used them.

    Parameters
    ----------
    key: the store's own number.
    hash: SHA-256 over all inputs with their positions, in hexadecimal.
    count: how many there are.
    with_reference: how many of them have a reference.
    """

    key: int
    hash: str
    count: int
    with_reference: int

    @property
    def has_references(self) -> bool:
        """Whether every input has one."""
        return 0 < self.count == self.with_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """One configuration of an evaluation, with its inputs.

    Parameters
    ----------
    number: counts from 1 within the evaluation.
    folder: where its file stands, as for a run; None where it came from no file of this machine.
    """

    key: int
    evaluation_id: str
    evaluation_name: str
    evaluation_slug: str
    evaluation_type: str
    number: int
    config: Mapping[str, Any]
    config_hash: str
    input_set: InputSet
    created_at: datetime
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """An evaluation with the latest of its `versions` and `runs`, which are counts."""

    id: str
    slug: str
    name: str
    type: str
    created_at: datetime
    archived: bool
    versions: int
    runs: int
    last_version: VersionRecord | None = None
    last_run: RunRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A person's view of one result.

    Parameters
    ----------
    score: on the judge's scale, None for a note alone.
    at: when it was last changed, UTC.
    """

    key: TrialKey
    score: float | None
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """Everything a face shows of one trial that has ended.

    Parameters
    ----------
    seq: number of its commit within the run; higher than any before when it replaced another.
    target: name of the target.
    response: None where the target gave none.
    metrics: by name, ``score`` first; empty when it failed.
    attempts: calls for target and judge together.
    target_usage, target_cost: of all calls to the target that were paid for; USD, None where unknown.
    latency, judge_latency: seconds of the calls that succeeded.
    judge_usage, judge_cost: of the judge's calls, likewise.
    cost: of both; None when a call was made whose price is unknown.
    duration: seconds from start to end, waits included.
    """

    seq: int
    key: TrialKey
    status: ResultStatus
    target: str
    input: Input
    response: Response | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    reasoning: str = ""
    raw: str = ""
    failure: Failure | None = None
    attempts: int = 1
    target_usage: Usage = field(default_factory=Usage)
    judge_usage: Usage = field(default_factory=Usage)
    target_cost: float | None = None
    judge_cost: float | None = None
    cost: float | None = None
    latency: float | None = None
    judge_latency: float | None = None
    duration: float = 0.0
    annotation: Annotation | None = None

    @property
    def score(self) -> float | None:
        """On 0–1; None without a score."""
        found = self.metrics.get("score")
        return found.score if found else None

    @property
    def native(self) -> float | None:
        """On the judge's own scale; None without a score, or without such a scale."""
        found = self.metrics.get("score")
        return found.native if found else None


class ScoreRow(NamedTuple):
    """The numbers of one ended trial, for summaries. Costs are None where unknown, latencies in seconds."""

    position: int
    target: int
    repeat: int
    status: ResultStatus
    cluster: str | None
    metrics: Mapping[str, tuple[float, float | None]]
    error_kind: str | None
    latency: float | None
    judge_latency: float | None
    duration: float
    target_cost: float | None
    judge_cost: float | None
    target_usage: Usage
    judge_usage: Usage
    error_step: Step | None = None


class Point(NamedTuple):
    """What a chart needs of one ended trial: its score on 0–1, seconds of the target's call, and which step failed."""

    position: int
    target: int
    repeat: int
    score: float | None
    latency: float | None
    error_step: Step | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One failed call.

    Parameters
    ----------
    id: grows with time; pass it as `after` to get later ones.
    attempt: what failed and what followed.
    input_id: id of the trial's input.
    target: name of the target.
    ended: how the trial has ended since; None while it is unresolved.
    """

    id: int
    attempt: Attempt
    input_id: str
    target: str
    ended: ResultStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where a run stands among those that wait: the second of three, for example."""

    position: int
    length: int
