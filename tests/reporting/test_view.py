"""A run at one moment, from its row in the store and what happens right now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.reporting.run_records import NOW, attempt, run

from lattice.core.runs import Progress, RunStatus
from lattice.core.trials import TrialKey
from lattice.reporting.view import Activity, ErrorLog, ErrorState, Moment, Terms, Wait, view_of
from lattice.store.records import ResultStatus

TERMS = Terms(targets=("Production RAG Stack",), max_concurrent=10, budget_usd=5.0)
LIVE: dict[str, Any] = {
    "targets": [
        {
            "done": 47,
            "successful": 45,
            "failed": 2,
            "metrics": {"score": {"n": 45, "sum": 33.3, "counts": None}},
            "interval": {
                "n": 45,
                "mean": 0.74,
                "lower": 0.65,
                "upper": 0.82,
                "level": 0.95,
                "method": "betting",
                "waiting_for": 156,
            },
        }
    ],
    "usage": {"target": [10000, 500], "judge": [700, 35]},
    "cost_usd": {"target": 0.125, "judge": 0.0625},
    "pace": [[3.0, 1], [60.0, 20], [135.0, 47]],
}


def running(**changes: Any) -> Any:
    return run(RunStatus.RUNNING, **{"done": 47, "failed": 2, "elapsed": 135.0, "live": LIVE, **changes})


def errors() -> ErrorLog:
    log = ErrorLog(("Production RAG Stack",))
    log.add(
        [
            attempt(42, "Timeout after 60s"),
            attempt(87, "Judge response parsing failed", at=NOW + timedelta(seconds=1)),
            attempt(156, "Rate limit exceeded", wait=8.0, at=NOW + timedelta(seconds=2)),
        ]
    )
    return log


def test_a_running_run_shows_progress_mean_spending_and_time_left() -> None:
    view = view_of(running(), TERMS, errors(), Moment(now=NOW, since_commit=1.0))
    assert (view.progress.done, view.elapsed, view.tokens, view.cost_usd) == (47, 136.0, 11235, 0.1875)
    assert view.reference == "rag-pipeline-quality-assessment#3"
    (mean,) = view.means
    assert (mean.target, mean.mean, mean.lower, mean.upper, mean.n, mean.ended) == (None, 0.74, 0.65, 0.82, 45, 47)
    assert mean.waiting_for is None
    assert view.remaining is not None
    assert 300 < view.remaining < 600
    assert not view.is_over


def test_errors_are_those_that_failed_and_those_that_are_tried_again() -> None:
    view = view_of(running(), TERMS, errors(), Moment(now=NOW))
    assert view.unresolved == 3
    assert [line.key.position for line in view.errors] == [42, 87, 156]
    assert [line.state for line in view.errors] == [ErrorState.FAILED, ErrorState.FAILED, ErrorState.RETRYING]
    assert view.errors[2].retry_at == NOW + timedelta(seconds=10)


def test_an_error_that_was_overcome_counts_no_longer() -> None:
    log = errors()
    (line,) = log.ended([TrialKey(156, 0, 0), TrialKey(7, 0, 0)])
    assert line.state is ErrorState.RECOVERED
    assert view_of(running(), TERMS, log, Moment(now=NOW)).unresolved == 2
    assert [line.key.position for line in log.last()] == [42, 87]


def test_a_log_read_late_knows_what_was_overcome_since() -> None:
    log = ErrorLog(("a", "b"), keep=2)
    rows = [attempt(place, "Timeout", wait=1.0, ended=ResultStatus.SCORED) for place in range(5)]
    assert {line.state for line in log.add(rows)} == {ErrorState.RECOVERED}
    assert (log.retrying, log.last()) == (0, ())
    (line,) = log.add([attempt(9, "Timeout", wait=1.0, ended=ResultStatus.FAILED)])
    assert (line.state, line.target) == (ErrorState.FAILED, "Production RAG Stack")


def test_only_the_last_errors_are_kept() -> None:
    log = ErrorLog(("a",), keep=2)
    log.add([attempt(place, "Timeout", at=NOW + timedelta(seconds=place)) for place in range(1000)])
    assert [line.key.position for line in log.last()] == [998, 999]


def test_an_input_that_holds_many_others_back_is_named() -> None:
    tally = {**LIVE["targets"][0], "interval": {**LIVE["targets"][0]["interval"], "n": 12}}
    view = view_of(running(live={**LIVE, "targets": [tally]}), TERMS, errors(), Moment(now=NOW))
    assert (view.means[0].n, view.means[0].waiting_for) == (12, 156)


def test_what_the_engine_publishes_is_read() -> None:
    activity = Activity.of(
        {
            "phase": "paused",
            "in_flight": 7,
            "calls": {"target": 3, "judge": 1},
            "retrying": 4,
            "limits": [
                {"provider": "openai", "model": "a", "waiting": 3, "paused_for": 4.0, "reason": "asked"},
                {"provider": "openai", "model": "b", "waiting": 3, "paused_for": 2.0, "reason": "asked"},
                {"provider": "sim", "model": "c", "waiting": 2, "paused_for": None, "reason": "600 requests a minute"},
                {"provider": "sim", "model": "d", "waiting": 0, "paused_for": None, "reason": None},
            ],
            "probe_in": 9.0,
        }
    )
    view = view_of(running(), TERMS, errors(), Moment(now=NOW, activity=activity))
    assert view.waits == (
        Wait(reason="the rate limit of openai", seconds=4.0),
        Wait(reason="sim: 600 requests a minute"),
        Wait(reason="the next try", seconds=9.0),
    )
    assert (view.in_flight, view.paused, view.unresolved) == (7, True, 6)


def test_nothing_published_is_nothing_known() -> None:
    assert Activity.of({}) == Activity()


def test_the_first_trial_is_a_check_and_draining_is_said() -> None:
    fresh = view_of(running(done=0, failed=0, live={}), TERMS, ErrorLog(("a",)), Moment(now=NOW))
    assert fresh.checking
    assert (fresh.remaining, fresh.means, fresh.unresolved) == (None, (), 0)
    draining = view_of(running(draining=True), TERMS, errors(), Moment(now=NOW))
    assert draining.draining


def test_a_run_that_is_over_waits_for_nothing() -> None:
    activity = Activity(in_flight=3, retrying=4, checking=True, waits=(Wait(reason="x", seconds=1.0),))
    over = run(
        RunStatus.FAILED,
        done=40,
        failed=2,
        elapsed=100.0,
        live=LIVE,
        failure={"kind": "auth", "message": "The key was refused", "hint": "Set OPENAI_API_KEY"},
    )
    view = view_of(over, TERMS, errors(), Moment(now=NOW, since_commit=50.0, activity=activity))
    assert view.is_over
    assert (view.elapsed, view.remaining, view.waits, view.unresolved) == (100.0, None, (), 2)
    assert (view.failure, view.hint) == ("The key was refused", "Set OPENAI_API_KEY")
    interrupted = view_of(running(interrupted=True), TERMS, errors(), Moment(now=NOW))
    assert interrupted.is_over


def test_costs_that_are_all_unknown_are_unknown() -> None:
    terms = Terms(targets=TERMS.targets, max_concurrent=1, unpriced=True, all_unpriced=True)
    assert view_of(running(), terms, errors(), Moment(now=NOW)).cost_usd is None


def test_with_repeats_the_mean_counts_inputs() -> None:
    tally = {**LIVE["targets"][0], "done": 94, "failed": 4}
    terms = Terms(targets=TERMS.targets, max_concurrent=10, repeats=2)
    progress = Progress(total=400, done=94, successful=90, failed=4)
    view = view_of(running(progress=progress, live={**LIVE, "targets": [tally]}), terms, errors(), Moment(now=NOW))
    assert (view.means[0].n, view.means[0].ended) == (45, 47)
