"""Stores, runs and outcomes to test with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import Claim, Progress, RunRecord, RunStatus
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.store import Pace, ResultStatus, RunWriter, Store

CONFIG = {"targets": [{"name": "Production"}, {"name": "Staging (v2)"}]}
QUICK = Pace(poll=0.01, heartbeat=0.02)
NEVER = Pace(poll=0.01, heartbeat=3600.0)


class Counts:
    """Totals that count, and note what they were told."""

    def __init__(self, total: int = 0) -> None:
        self.responses = 0
        self.replaced: list[ResultStatus | None] = []
        self._progress = Progress(total=total)

    def add_response(self, key: TrialKey, response: Response) -> None:
        self.responses += 1

    def add_result(self, result: Result, replaced: ResultStatus | None) -> None:
        self.replaced.append(replaced)
        old, scored = self._progress, result.failure is None
        successful = old.successful + scored - (replaced is ResultStatus.SCORED)
        failed = old.failed + (not scored) - (replaced is ResultStatus.FAILED)
        self._progress = Progress(total=old.total, done=successful + failed, successful=successful, failed=failed)

    def progress(self) -> Progress:
        return self._progress

    def elapsed(self) -> float:
        return 1.5

    def snapshot(self) -> Mapping[str, Any]:
        return {"responses": self.responses}


def some_inputs(count: int) -> Iterable[Input]:
    for position in range(1, count + 1):
        yield Input(position=position, id=f"q{position}", input=f"Question {position}?", cluster=f"c{position % 2}")


def make_run(
    store: Store, *, inputs: int = 10, name: str = "Answers of the Bot", origin: str | None = None
) -> RunRecord:
    input_set = store.stage_inputs(some_inputs(inputs))
    version = store.add_version(
        name=name,
        slug=name.lower().replace(" ", "-"),
        type="task_specific",
        config=CONFIG,
        config_hash="abc",
        input_set=input_set,
    )
    return store.create_run(version.key, seed=7, total=inputs, tags={"commit": "f00"}, trigger="cli", origin=origin)


def answer(text: str = "Within 30 days.", latency: float = 0.5) -> Response:
    return Response(
        text=text, latency=latency, usage=Usage(input_tokens=20, output_tokens=10), cost_usd=0.002, model="m-1"
    )


def scored(key: TrialKey, native: float = 4.0, **more: Any) -> Result:
    metrics = {
        "score": Metric(score=(native - 1) / 4, native=native),
        "accuracy": Metric(score=0.25, native=2.0),
        'the "best"': Metric(score=1.0),
    }
    verdict = Verdict(metrics=metrics, reasoning=f"It deserves a {native:g}.", raw="{}")
    return Result(
        key=key,
        verdict=verdict,
        usage=Usage(input_tokens=5, output_tokens=3),
        cost_usd=0.001,
        judge_latency=0.2,
        **more,
    )


def failed(key: TrialKey, kind: ErrorKind = ErrorKind.TIMEOUT) -> Result:
    return Result(key=key, failure=Failure(step=Step.TARGET, kind=kind, message="Timeout after 60s"), attempts=3)


async def write(
    store: Store, run: RunRecord, results: Iterable[Result], *, status: RunStatus = RunStatus.COMPLETED
) -> Counts:
    """Carry a whole run out: each scored result with a response before it."""
    claim = store.claim(run.key)
    counts = Counts(run.progress.total)
    writer = started(store, run, claim, counts)
    try:
        for result in results:
            if result.failure is None:
                await writer.put_response(result.key, answer(latency=result.key.position / 10))
            await writer.put_result(result)
        await writer.finish(status, summary={"mean": 0.5})
    finally:
        await writer.close()
    return counts


def started(store: Store, run: RunRecord, claim: Claim, counts: Counts | None = None, pace: Pace = NEVER) -> RunWriter:
    writer = store.writer(run.key, claim, counts or Counts(), pace=pace)
    writer.start()
    return writer


def first(position: int, target: int = 0, repeat: int = 0) -> TrialKey:
    return TrialKey(position, target, repeat)
