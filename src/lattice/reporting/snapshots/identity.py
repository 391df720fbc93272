"""What a run is beside its configuration, its inputs and its results: the member ``run.json``.

Times are exact to the microsecond, where documents round them. ``live`` are the totals that the engine kept and
``conclusion`` the numbers and verdicts that were stored when the run ended; it is null for a run that has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from lattice.config.slug import slug
from lattice.core.evaluation import EvaluationType
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.reporting.figures import Summary
from lattice.reporting.snapshots.lines import Count, Line, Moment, Number, Place

Identifier = Annotated[str, Field(pattern="^[0-9a-f]{1,32}$")]
Pair = Annotated[list[Count], Field(min_length=2, max_length=2)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Open(Line):
    """What may say more than is read of it."""

    model_config = ConfigDict(extra="allow")


class KeptEvaluation(Line):
    """The evaluation that a run is of."""

    id: Identifier
    slug: str
    name: str
    type: Annotated[EvaluationType, Field(strict=False)]

    @model_validator(mode="after")
    def _is_its_slug(self) -> Self:
        """Addresses and file names are made of it."""
        if slug(self.name) != self.slug:
            raise ValueError(f"{self.slug!r} is not the slug of {self.name!r}")
        return self


class KeptConclusion(Line):
    """Numbers and verdicts as the store keeps them."""

    summary: dict[str, Any]
    gates: list[dict[str, Any]]

    @field_validator("summary")
    @classmethod
    def _is_summary(cls, found: dict[str, Any]) -> dict[str, Any]:
        try:
            Summary.from_json(found)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no numbers of a run: {error!r}") from None
        return found


class _LiveMetric(_Open):
    n: Count
    sum: Number
    counts: list[list[Any]] | None


class _LiveTarget(_Open):
    done: Count
    successful: Count
    failed: Count
    unpriced: Count
    metrics: dict[str, _LiveMetric]
    interval: dict[str, Any] | None


class _Live(_Open):
    """As `lattice.engine.live` describes it."""

    targets: list[_LiveTarget] = Field(default_factory=list)
    kinds: dict[str, Count] = Field(default_factory=dict)
    usage: dict[Literal["target", "judge"], Pair] = Field(default_factory=dict)
    cost_usd: dict[Literal["target", "judge"], Number] = Field(default_factory=dict)
    pace: list[list[Number]] = Field(default_factory=list)


class KeptRun(Line):
    """A run's identity; see `lattice.core.runs.RunRecord` for what is not said here."""

    id: Identifier
    number: Place
    evaluation: KeptEvaluation
    status: Annotated[RunStatus, Field(strict=False)]
    interrupted: bool = False
    stopped: str | None = None
    failure: dict[str, str | float | None] | None = None
    trigger: str
    tags: dict[str, str] = Field(default_factory=dict)
    origin: Identifier | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    revision: Count
    settings: dict[str, Any] = Field(default_factory=dict)
    created_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    elapsed_seconds: Number
    total: Count
    done: Count
    successful: Count
    failed: Count
    config_hash: Hash
    inputs_hash: Hash
    live: dict[str, Any] = Field(default_factory=dict)
    conclusion: KeptConclusion | None = None

    @field_validator("live")
    @classmethod
    def _is_live(cls, found: dict[str, Any]) -> dict[str, Any]:
        _Live.model_validate(found)
        return found

    @property
    def progress(self) -> Progress:
        return Progress(total=self.total, done=self.done, successful=self.successful, failed=self.failed)

    @property
    def is_live(self) -> bool:
        """Whether some process carried it out when it was written, so that it is no whole."""
        return self.status is RunStatus.RUNNING and not self.interrupted


def record_of(run: KeptRun, config: Mapping[str, Any], inputs: int) -> RunRecord:
    """A run as it stood in its workspace, for who shows it; it has no key in any store.

    Parameters
    ----------
    inputs: how many there are.
    """
    return RunRecord(
        key=0,
        id=run.id,
        number=run.number,
        evaluation_id=run.evaluation.id,
        evaluation_name=run.evaluation.name,
        evaluation_slug=run.evaluation.slug,
        evaluation_type=run.evaluation.type.value,
        version=0,
        config=config,
        config_hash=run.config_hash,
        inputs_hash=run.inputs_hash,
        input_count=inputs,
        status=run.status,
        seed=run.seed,
        trigger=run.trigger,
        created_at=run.created_at,
        settings=run.settings,
        tags=run.tags,
        stopped=run.stopped,
        failure=run.failure,
        started_at=run.started_at,
        finished_at=run.finished_at,
        elapsed=run.elapsed_seconds,
        progress=run.progress,
        revision=run.revision,
        live=run.live,
        summary=None if run.conclusion is None else run.conclusion.model_dump(),
        interrupted=run.interrupted,
        origin=run.origin,
    )


def run_line(run: RunRecord) -> dict[str, Any]:
    """A run as `KeptRun` reads it. The folder of its evaluation file stays where it is."""
    progress = run.progress
    return {
        "id": run.id,
        "number": run.number,
        "evaluation": {
            "id": run.evaluation_id,
            "slug": run.evaluation_slug,
            "name": run.evaluation_name,
            "type": run.evaluation_type,
        },
        "status": run.status.value,
        "interrupted": run.interrupted,
        "stopped": run.stopped,
        "failure": None if run.failure is None else dict(run.failure),
        "trigger": run.trigger,
        "tags": dict(run.tags),
        "origin": run.origin,
        "seed": run.seed,
        "revision": run.revision,
        "settings": dict(run.settings),
        "created_at": _exact(run.created_at),
        "started_at": _exact(run.started_at),
        "finished_at": _exact(run.finished_at),
        "elapsed_seconds": run.elapsed,
        "total": progress.total,
        "done": progress.done,
        "successful": progress.successful,
        "failed": progress.failed,
        "config_hash": run.config_hash,
        "inputs_hash": run.inputs_hash,
        "live": dict(run.live),
        "conclusion": _conclusion(run.summary),
    }


def _conclusion(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if stored is None else dict(stored)


def _exact(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
