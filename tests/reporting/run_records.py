"""Runs and results as the store hands them out, made for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.core.trials import Attempt, Failure, Metric, Response, Step, TrialKey
from lattice.store.records import AttemptRow, ResultRow, ResultStatus, ScoreRow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAME = "RAG Pipeline Quality Assessment"
SLUG = "rag-pipeline-quality-assessment"
EXAMPLE = {1: 8, 2: 12, 3: 28, 4: 82, 5: 67}


def evaluation(*, targets: int = 1, repeats: int = 1, gates: tuple[str, ...] = (), **judge: Any) -> Evaluation:
    """The documented example, with one target or several."""
    first = {"name": "Production RAG Stack", "model": "anthropic/claude-3-5-sonnet-20241022"}
    others = [{"name": f"Target {place}", "model": f"sim/{place}"} for place in range(2, targets + 1)]
    model = "anthropic/claude-3-5-haiku-20241022"
    return Evaluation.model_validate(
        {
            "name": NAME,
            "targets": [first, *others],
            "inputs": {"items": ["a"]},
            "scoring": {"judge": {"model": model, "mode": "reference", **judge}},
            "run": {"repeats": repeats},
            "gates": gates,
        }
    )


def run(status: RunStatus = RunStatus.COMPLETED, *, done: int = 200, failed: int = 3, **changes: Any) -> RunRecord:
    """The third run of the documented example."""
    fields: dict[str, Any] = {
        "key": 1,
        "id": "0123456789abcdef",
        "number": 3,
        "evaluation_id": "e1",
        "evaluation_name": NAME,
        "evaluation_slug": SLUG,
        "evaluation_type": "task_specific",
        "version": 1,
        "config": evaluation().model_dump(mode="json", by_alias=True),
        "config_hash": "c",
        "inputs_hash": "i",
        "input_count": 200,
        "status": status,
        "seed": 7,
        "trigger": "cli",
        "created_at": NOW,
        "started_at": NOW,
        "elapsed": 522.1,
        "progress": Progress(total=200, done=done, successful=done - failed, failed=failed),
    }
    return RunRecord(**{**fields, **changes})


def score_row(
    position: int,
    *natives: float,
    target: int = 0,
    repeat: int = 0,
    cluster: str | None = None,
    names: tuple[str, ...] = ("score",),
    low: int = 1,
    high: int = 5,
    latency: float | None = 1.0,
    cost: float | None = None,
) -> ScoreRow:
    """A result with a native value for each name, or a failed one without any."""
    scores = {name: ((native - low) / (high - low), native) for name, native in zip(names, natives, strict=False)}
    return ScoreRow(
        position=position,
        target=target,
        repeat=repeat,
        status=ResultStatus.SCORED if scores else ResultStatus.FAILED,
        cluster=cluster,
        metrics=scores,
        error_kind=None if scores else "timeout",
        latency=latency,
        judge_latency=None,
        duration=1.0,
        target_cost=cost,
        judge_cost=None,
        target_usage=Usage(),
        judge_usage=Usage(),
    )


def example_rows(target: int = 0) -> list[ScoreRow]:
    """The documented distribution, and three failures."""
    natives = [native for native, count in EXAMPLE.items() for _ in range(count)]
    scored = [score_row(place, native, target=target) for place, native in enumerate(natives, start=1)]
    return scored + [score_row(place, target=target, latency=None) for place in (198, 199, 200)]


def result(position: int, native: int | None = 4, **changes: Any) -> ResultRow:
    """A scored result, or a failed one for None."""
    fields: dict[str, Any] = {
        "seq": position,
        "key": TrialKey(position, 0, 0),
        "status": ResultStatus.FAILED if native is None else ResultStatus.SCORED,
        "target": "Production RAG Stack",
        "input": Input(position=position, id=f"q{position}", input="How do I return it?", reference="By post."),
        "response": Response(text="Send it back.", latency=1.25),
        "metrics": {} if native is None else {"score": Metric(score=(native - 1) / 4, native=float(native))},
        "reasoning": "" if native is None else "Mostly right.",
        "failure": None,
        "latency": 1.25,
        "duration": 2.0,
        "target_usage": Usage(input_tokens=30, output_tokens=10),
        "judge_usage": Usage(input_tokens=90, output_tokens=20),
        "target_cost": 0.001,
        "judge_cost": 0.0002,
        "cost": 0.0012,
        "attempts": 2,
    }
    if native is None:
        fields |= {
            "failure": Failure(step=Step.TARGET, kind=ErrorKind.TIMEOUT, message="Timeout after 60s"),
            "response": None,
            "attempts": 3,
        }
    return ResultRow(**{**fields, **changes})


def attempt(
    position: int,
    message: str,
    *,
    id: int = 1,
    number: int = 1,
    wait: float | None = None,
    kind: ErrorKind = ErrorKind.TIMEOUT,
    step: Step = Step.TARGET,
    ended: ResultStatus | None = None,
    at: datetime = NOW,
) -> AttemptRow:
    """A failed call; with `wait` it is tried again."""
    return AttemptRow(
        id=id,
        attempt=Attempt(
            key=TrialKey(position, 0, 0),
            step=step,
            number=number,
            allowed=4,
            kind=kind,
            message=message,
            wait=wait,
            at=at,
        ),
        input_id=f"q{position}",
        target="Production RAG Stack",
        ended=ended,
    )
