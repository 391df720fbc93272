"""The commands that make sense next."""

from __future__ import annotations

from tests.reporting.run_records import SLUG, run

from lattice.cli.rendering.commands import commands_after_showing, next_commands
from lattice.core.runs import RunStatus


def test_a_completed_run_can_be_shown_and_exported_and_its_failures_tried_again() -> None:
    assert next_commands(run()) == [
        f"lattice resume {SLUG}#3 --failed",
        f"lattice show {SLUG}#3",
        f"lattice export {SLUG}#3 -o results.csv",
    ]
    assert next_commands(run(failed=0, number=1)) == [
        f"lattice show {SLUG}#1",
        f"lattice export {SLUG}#1 -o results.csv",
    ]


def test_after_its_summary_its_results_are_next() -> None:
    assert commands_after_showing(run(failed=0))[0] == f"lattice show {SLUG}#3 --raw"
    assert commands_after_showing(run(RunStatus.PENDING, done=0, failed=0)) == []


def test_a_run_that_stopped_is_to_be_resumed() -> None:
    for record in (
        run(RunStatus.CANCELLED, done=89),
        run(RunStatus.FAILED, done=89),
        run(RunStatus.RUNNING, done=89, interrupted=True),
    ):
        assert next_commands(record)[0] == f"lattice resume {SLUG}#3"


def test_a_run_at_its_budget_is_resumed_with_a_larger_one() -> None:
    config = {"run": {"budget": {"cost_usd": 5.0}}}
    stopped = run(RunStatus.CANCELLED, done=89, stopped="budget", config=config)
    assert next_commands(stopped)[0] == f"lattice resume {SLUG}#3 --budget 10.00"
    again = run(RunStatus.CANCELLED, done=89, stopped="budget", config=config, settings={"budget": 8})
    assert next_commands(again)[0] == f"lattice resume {SLUG}#3 --budget 16.00"


def test_a_running_run_is_watched_and_cancelled_once() -> None:
    assert next_commands(run(RunStatus.RUNNING, done=5)) == [f"lattice watch {SLUG}#3", f"lattice cancel {SLUG}#3"]
    assert next_commands(run(RunStatus.RUNNING, done=5, draining=True)) == [f"lattice watch {SLUG}#3"]


def test_nothing_is_exported_of_a_run_without_results() -> None:
    assert next_commands(run(RunStatus.FAILED, done=0, failed=0)) == [
        f"lattice resume {SLUG}#3",
        f"lattice show {SLUG}#3",
    ]
