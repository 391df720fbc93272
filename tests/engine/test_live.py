"""What is known of a run so far."""

from __future__ import annotations

import math
from array import array
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import ErrorKind
from lattice.core.models import Usage
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.engine.live import MOST_VALUES, LiveTotals, MetricTally, Shape
from lattice.engine.plan import Schedule
from lattice.store import ResultStatus


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def totals(
    n: int, *, targets: int = 1, repeats: int = 1, clock: Hand | None = None, failed_as: Metric | None = None
) -> tuple[LiveTotals, Schedule]:
    schedule = Schedule(array("q", range(1, n + 1)), seed=4)
    shape = Shape(
        total=n * targets * repeats,
        targets=targets,
        repeats=repeats,
        order=schedule.order,
        ranks=schedule.ranks(),
        failed_as=failed_as,
    )
    return LiveTotals(shape, clock=clock or Hand()), schedule


def scored(position: int, score: float, *, repeat: int = 0) -> Result:
    verdict = Verdict(metrics={"score": Metric(score=score, native=1 + 4 * score)})
    return Result(key=TrialKey(position, 0, repeat), verdict=verdict, usage=Usage(input_tokens=10, output_tokens=2))


def failed(position: int, kind: ErrorKind = ErrorKind.TIMEOUT, *, step: Step = Step.TARGET) -> Result:
    failure = Failure(step=step, kind=kind, message="no")
    return Result(key=TrialKey(position, 0, 0), failure=failure)


def test_what_is_counted_is_what_was_given() -> None:
    subject, schedule = totals(4)
    first, second, third, _ = schedule.order
    response = Response(text="x", latency=1, usage=Usage(input_tokens=5, output_tokens=5), cost_usd=0.5)
    subject.add_response(TrialKey(first, 0, 0), response)
    subject.add_result(scored(first, 1.0), None)
    subject.add_result(scored(second, 0.5), None)
    subject.add_result(failed(third), None)
    progress, live = subject.progress(), subject.snapshot()
    assert (progress.total, progress.done, progress.successful, progress.failed) == (4, 3, 2, 1)
    assert live["targets"][0]["metrics"]["score"] == {"n": 2, "sum": 1.5, "counts": [[3.0, 0.5, 1], [5.0, 1.0, 1]]}
    assert live["kinds"] == {"timeout": 1}
    assert live["usage"] == {"target": [5, 5], "judge": [20, 4]}
    assert live["cost_usd"] == {"target": 0.5, "judge": 0.0}


def test_tokens_of_calls_that_gave_no_response_are_counted_for_the_target() -> None:
    subject, schedule = totals(1)
    refused = Result(
        key=TrialKey(schedule.order[0], 0, 0),
        failure=Failure(step=Step.TARGET, kind=ErrorKind.INVALID_INPUT, message="refused"),
        wasted_usage=Usage(input_tokens=7),
        wasted_cost_usd=0.25,
    )
    subject.add_result(refused, None)
    assert subject.snapshot()["usage"]["target"] == [7, 0]
    assert subject.snapshot()["cost_usd"]["target"] == 0.25


def test_the_live_interval_covers_the_contiguous_prefix_of_the_schedule_only() -> None:
    subject, schedule = totals(5)
    first, second, third, *_ = schedule.order
    subject.add_result(scored(first, 1.0), None)
    subject.add_result(scored(third, 0.0), None)
    look = subject.snapshot()["targets"][0]["interval"]
    assert (look["n"], look["mean"], look["waiting_for"]) == (1, 1.0, second)
    subject.add_result(scored(second, 1.0), None)
    clock_moved_on = subject.snapshot()["targets"][0]["interval"]
    assert clock_moved_on["n"] == 1  # a look costs something: not more often than four times a second


def test_a_later_look_takes_in_what_was_held_back() -> None:
    clock = Hand()
    subject, schedule = totals(5, clock=clock)
    first, second, third, *_ = schedule.order
    for position in (third, first):
        subject.add_result(scored(position, 0.5), None)
    subject.snapshot()
    subject.add_result(failed(second), None)
    clock.time += 1
    look = subject.snapshot()["targets"][0]["interval"]
    assert (look["n"], look["waiting_for"]) == (2, None)


def test_repeats_enter_the_live_interval_as_one_mean_per_input() -> None:
    subject, schedule = totals(2, repeats=2)
    first = schedule.order[0]
    subject.add_result(scored(first, 0.0, repeat=0), None)
    assert subject.snapshot()["targets"][0]["interval"] is None
    subject.add_result(scored(first, 1.0, repeat=1), None)
    subject, schedule = totals(1, repeats=2)
    subject.add_result(scored(1, 0.0, repeat=0), None)
    subject.add_result(scored(1, 1.0, repeat=1), None)
    look = subject.snapshot()["targets"][0]["interval"]
    assert (look["n"], look["mean"]) == (1, 0.5)


def test_a_resumed_run_goes_on_where_it_stopped() -> None:
    before, schedule = totals(4)
    first, second, *_ = schedule.order
    before.add_result(scored(first, 1.0), None)
    before.add_result(failed(second), None)
    after, _ = totals(4)
    outcomes = [(TrialKey(first, 0, 0), {"score": Metric(score=1.0, native=5.0)}), (TrialKey(second, 0, 0), None)]
    after.restore(before.snapshot(), outcomes, again={})
    assert after.progress() == before.progress()
    assert after.snapshot()["usage"] == before.snapshot()["usage"]
    assert after.snapshot()["targets"] == before.snapshot()["targets"]


def test_a_failed_trial_that_runs_again_counts_as_failed_until_it_ends() -> None:
    subject, schedule = totals(2)
    first, second = schedule.order
    outcomes = [(TrialKey(first, 0, 0), None), (TrialKey(second, 0, 0), {"score": Metric(score=1.0, native=5.0)})]
    subject.restore({"kinds": {"timeout": 1}}, outcomes, again={TrialKey(first, 0, 0): "timeout"})
    assert subject.progress().failed == 1
    subject.add_result(scored(first, 0.5), ResultStatus.FAILED)
    assert (subject.progress().failed, subject.progress().successful) == (0, 2)
    assert subject.snapshot()["kinds"] == {}
    assert subject.snapshot()["targets"][0]["interval"]["n"] == 2


def test_a_failed_target_counts_as_a_score_if_asked_and_a_failed_judge_does_not() -> None:
    subject, schedule = totals(3, failed_as=Metric(score=0.0, native=1.0))
    first, second, third = schedule.order
    subject.add_result(scored(first, 1.0), None)
    subject.add_result(failed(second), None)
    subject.add_result(failed(third, step=Step.JUDGE), None)
    target = subject.snapshot()["targets"][0]
    assert (target["successful"], target["failed"]) == (1, 2)
    assert target["metrics"]["score"] == {"n": 2, "sum": 1.0, "counts": [[1.0, 0.0, 1], [5.0, 1.0, 1]]}
    assert (target["interval"]["n"], target["interval"]["mean"]) == (2, 0.5)


def test_a_resumed_run_counts_failed_targets_as_before_and_not_those_that_run_again() -> None:
    before, schedule = totals(3, failed_as=Metric(score=0.0, native=1.0))
    keys = [TrialKey(position, 0, 0) for position in schedule.order]
    for key in keys:
        before.add_result(failed(key.position), None)
    after, _ = totals(3, failed_as=Metric(score=0.0, native=1.0))
    after.restore(before.snapshot(), [(key, None) for key in keys], again={}, unanswered=set(keys))
    assert after.snapshot()["targets"] == before.snapshot()["targets"]
    retried, _ = totals(3, failed_as=Metric(score=0.0, native=1.0))
    again = {keys[0]: "timeout"}
    retried.restore(before.snapshot(), [(key, None) for key in keys], again=again, unanswered=set(keys[1:]))
    retried.add_result(scored(keys[0].position, 1.0), ResultStatus.FAILED)
    target = retried.snapshot()["targets"][0]
    assert (target["successful"], target["failed"], target["metrics"]["score"]["n"]) == (1, 2, 3)


@given(st.integers(0, 2**32), st.integers(MOST_VALUES + 1, 4 * MOST_VALUES))
def test_the_sum_of_many_different_scores_keeps_its_precision(seed: int, n: int) -> None:
    draw = Random(seed)
    scores = [draw.random() for _ in range(n)]
    tally = MetricTally()
    for score in scores:
        tally.add(Metric(score=score))
    snapshot = tally.snapshot()
    assert snapshot["counts"] is None
    assert snapshot["n"] == len(scores)
    assert math.isclose(snapshot["sum"], math.fsum(scores), rel_tol=1e-12)


def test_a_mean_of_equal_scores_is_that_score() -> None:
    tally = MetricTally()
    for _ in range(10):
        tally.add(Metric(score=0.8))
    snapshot = tally.snapshot()
    assert snapshot["sum"] / snapshot["n"] == 0.8


def test_the_live_interval_does_not_wait_for_trials_that_the_run_does_not_have() -> None:
    live, schedule = totals(3, repeats=2)
    live.pass_over([TrialKey(schedule.order[0], 0, 1)])
    live.add_result(scored(schedule.order[0], 1.0), None)
    for repeat in (0, 1):
        live.add_result(scored(schedule.order[1], 0.5, repeat=repeat), None)
    assert live.last_snapshot()["targets"][0]["interval"]["n"] == 2
    assert live.progress().done == 3
