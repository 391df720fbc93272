"""Finished runs of other tools become runs like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.service.carried_out import configured

from lattice.core.errors import ErrorKind, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import RunStatus
from lattice.core.trials import Attempt, Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.service.comparing import compare_runs
from lattice.service.incoming import IncomingResult, IncomingRun, store_run
from lattice.service.reading import document_of
from lattice.store import ResultStatus, Store, open_store

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
USAGE = Usage(input_tokens=30, output_tokens=10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        yield store


def scored(position: int, native: int, *, target: int = 0, cost: float | None = 0.001) -> IncomingResult:
    key = TrialKey(position, target, 0)
    metric = Metric(score=(native - 1) / 4, native=native)
    result = Result(key=key, verdict=Verdict(metrics={"score": metric}, reasoning="So."), usage=USAGE, cost_usd=cost)
    return IncomingResult(result=result, response=Response(text="By post.", latency=1.5, usage=USAGE, cost_usd=cost))


def unscored(position: int, step: Step = Step.JUDGE) -> IncomingResult:
    key = TrialKey(position, 0, 0)
    kind = ErrorKind.JUDGE_PARSE if step is Step.JUDGE else ErrorKind.TIMEOUT
    failure = Failure(step=step, kind=kind, message="It failed.")
    attempt = Attempt(key=key, step=step, number=1, allowed=1, kind=kind, message="It failed.", wait=None, at=STARTED)
    response = Response(text="By post.", latency=1.5) if step is Step.JUDGE else None
    return IncomingResult(result=Result(key=key, failure=failure), response=response, attempts=(attempt,))


def incoming(results: Sequence[IncomingResult], inputs: int = 4, **changes: Any) -> IncomingRun:
    settings = {name: changes.pop(name) for name in ("targets", "gates", "name", "scoring") if name in changes}
    fields: dict[str, Any] = {
        "evaluation": Evaluation.model_validate(configured(**settings)),
        "inputs": [
            Input(position=n, id=f"q{n}", input=f"Question {n}?", reference="By post.") for n in range(1, inputs + 1)
        ],
        "results": results,
        "source": "inspect",
        "started_at": STARTED,
        "finished_at": STARTED + timedelta(seconds=90),
    }
    return IncomingRun(**{**fields, **changes})


def test_a_run_keeps_its_times_its_order_and_what_failed(store: Store) -> None:
    results = [scored(3, 5), unscored(1), unscored(2, Step.TARGET), scored(4, 3)]
    record = store_run(store, incoming(results, tags={"commit": "3f2a"}))
    assert (record.number, record.status, record.trigger) == (1, RunStatus.COMPLETED, "import")
    assert (record.started_at, record.finished_at, record.elapsed) == (STARTED, STARTED + timedelta(seconds=90), 90.0)
    assert record.tags == {"commit": "3f2a", "imported-from": "inspect"}
    found = store.results(record.key, after_seq=0)
    assert [row.key.position for row in found] == [3, 1, 2, 4]
    assert [row.status for row in found].count(ResultStatus.FAILED) == 2
    assert [row.response is None for row in found] == [False, False, True, False]
    assert [each.attempt.key.position for each in store.attempts(record.key)] == [1, 2]


def test_its_numbers_are_those_of_its_results(store: Store) -> None:
    results = [scored(1, 5), scored(2, 3), unscored(3), scored(4, 1)]
    document = document_of(store, store_run(store, incoming(results, gates=["mean > 0.9"])))
    assert document["progress"] == {"total": 4, "done": 4, "successful": 3, "failed": 1}
    assert (document["metrics"][0]["n"], document["metrics"][0]["mean"]) == (3, 0.5)
    assert document["usage"]["total_tokens"] == 240
    assert document["cost"]["usd"] == pytest.approx(0.006)
    assert document["gates"][0]["verdict"] == "fail"
    assert [error["input"] for error in document["errors"]] == [3]


def test_a_cost_that_nobody_knows_is_unknown_and_not_zero(store: Store) -> None:
    document = document_of(store, store_run(store, incoming([scored(1, 5, cost=None)], inputs=1)))
    assert document["cost"] == {"usd": None, "unpriced_models": ["sim/assistant", "sim/judge"]}


def test_a_run_that_lacks_results_counts_as_cancelled(store: Store) -> None:
    record = store_run(store, incoming([scored(1, 5)], gates=["mean > 0.1"]))
    assert (record.status, record.progress.done, record.progress.total) == (RunStatus.CANCELLED, 1, 4)
    document = document_of(store, record)
    assert document["gates"][0]["verdict"] == "not_evaluated"
    # The order of another tool is no random one, which the interval of a stopped run rests on.
    assert document["metrics"][0]["interval"] is None


def test_runs_over_the_same_inputs_are_compared_pair_by_pair(store: Store) -> None:
    for native in (2, 5):
        store_run(store, incoming([scored(n, native) for n in range(1, 5)]))
    (found,) = compare_runs(store, ["round-trip#1", "round-trip#2"]).comparisons
    assert (found.n, found.difference) == (4, 0.75)


def test_a_pairwise_baseline_brings_its_responses(store: Store) -> None:
    run = incoming(
        [scored(n, 5, target=1) for n in range(1, 5)],
        targets=[{"name": "Old", "model": "sim/assistant"}, {"name": "New", "model": "sim/assistant"}],
        scoring={"judge": {"model": "sim/judge", "mode": "pairwise"}},
        responses=[(TrialKey(n, 0, 0), Response(text="Old.", latency=1.0, usage=USAGE)) for n in range(1, 5)],
    )
    record = store_run(store, run)
    assert [key for key, _ in store.responses_without_result(record.key)] == [TrialKey(n, 0, 0) for n in range(1, 5)]
    assert record.progress.total == 4


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([scored(9, 5)], "is of input #9, which is not among the inputs"),
        ([scored(1, 5, target=1)], "is of target 1, which the run does not try"),
        ([scored(1, 5), scored(1, 4)], "two results are of the same trial"),
        ([scored(1, 9)], "a score lies between 0 and 1"),
        ([IncomingResult(result=Result(key=TrialKey(1, 0, 0)))], "either a verdict or a failure"),
        ([IncomingResult(result=Result(key=TrialKey(1, 0, 3)))], "is of repeat 4 of 1"),
    ],
)
def test_what_is_of_no_trial_leaves_nothing(store: Store, results: list[IncomingResult], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        store_run(store, incoming(results))
    assert (store.runs(), store.evaluations()) == ([], [])


def test_a_source_that_breaks_off_leaves_what_was_there(store: Store) -> None:
    kept = store_run(store, incoming([scored(n, 4) for n in range(1, 5)]))

    def breaking() -> Iterator[IncomingResult]:
        yield scored(1, 5)
        raise UsageError("line 2 is no sample")

    with pytest.raises(UsageError, match="line 2 is no sample"):
        store_run(store, incoming(breaking()))  # type: ignore[arg-type]
    assert store.runs() == [kept]
    assert document_of(store, kept)["progress"]["done"] == 4
