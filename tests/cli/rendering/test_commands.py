"""The commands that make sense next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.reporting.run_records import NOW, SLUG, run

from lattice.cli.rendering.commands import commands_after_showing, next_commands
from lattice.core.runs import RunRecord, RunStatus


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
    pending = run(RunStatus.PENDING, done=0, failed=0)
    assert commands_after_showing(pending) == [f"lattice resume {SLUG}#3"]


def test_a_run_that_stopped_is_to_be_resumed() -> None:
    for record in (
        run(RunStatus.CANCELLED, done=89),
        run(RunStatus.FAILED, done=89),
        run(RunStatus.RUNNING, done=89, interrupted=True),
    ):
        assert next_commands(record)[0] == f"lattice resume {SLUG}#3"


def test_what_finishes_a_run_holds_it_against_the_same_baseline() -> None:
    stopped = run(RunStatus.CANCELLED, done=89)
    assert next_commands(stopped, against="a file.lattice")[0] == f"lattice resume {SLUG}#3 --against 'a file.lattice'"
    assert next_commands(run(), against="ask#1")[0] == f"lattice resume {SLUG}#3 --failed --against 'ask#1'"
    assert "--against" not in next_commands(run(failed=0), against="ask#1")[0]


def at_its_budget(budget: dict[str, Any], *, usd: float = 0.0, tokens: int = 0, **changes: Any) -> RunRecord:
    """A run that stopped at its budget, having spent that."""
    live = {"usage": {"target": [tokens, 0], "judge": [0, 0]}, "cost_usd": {"target": usd, "judge": 0.0}}
    fields: dict[str, Any] = {"done": 89, "stopped": "budget", "config": {"run": {"budget": budget}}, "live": live}
    return run(RunStatus.CANCELLED, **{**fields, **changes})


def test_a_run_at_its_budget_is_resumed_with_a_larger_one() -> None:
    stopped = at_its_budget({"cost_usd": 5.0}, usd=5.02)
    assert next_commands(stopped)[0] == f"lattice resume {SLUG}#3 --budget 10.00"
    again = at_its_budget({"cost_usd": 5.0}, usd=8.01, settings={"budget": {"cost_usd": 8}})
    assert next_commands(again)[0] == f"lattice resume {SLUG}#3 --budget 16.00"


def test_a_run_at_its_budget_of_tokens_is_resumed_with_more_tokens() -> None:
    stopped = at_its_budget({"tokens": 2_000}, tokens=1_990)
    assert next_commands(stopped)[0] == f"lattice resume {SLUG}#3 --budget-tokens 4000"


def test_of_two_budgets_the_one_that_stopped_the_run_is_raised() -> None:
    budget = {"cost_usd": 5.0, "tokens": 2_000}
    for usd, tokens, options in (
        (1.0, 2_000, "--budget-tokens 4000"),
        (5.0, 1_000, "--budget 10.00"),
        (4.0, 1_000, "--budget 10.00"),
        (5.1, 1_990, "--budget 10.00 --budget-tokens 4000"),
    ):
        stopped = at_its_budget(budget, usd=usd, tokens=tokens)
        assert next_commands(stopped)[0] == f"lattice resume {SLUG}#3 {options}"


def test_a_suggested_budget_is_more_than_what_was_spent() -> None:
    for budget, spent, option in (
        ({"tokens": 1}, {"tokens": 500}, "--budget-tokens 1000"),
        ({"cost_usd": 0.0005}, {"usd": 0.0005}, "--budget 0.0010"),
        ({"cost_usd": 0.01}, {"usd": 3.0}, "--budget 6.00"),
    ):
        stopped = at_its_budget(budget, **spent)
        assert next_commands(stopped)[0] == f"lattice resume {SLUG}#3 {option}"


def test_what_was_cancelled_with_its_budget_spent_needs_a_larger_one_too() -> None:
    cancelled = at_its_budget({"tokens": 2_000}, tokens=2_100, stopped=None)
    assert next_commands(cancelled)[0] == f"lattice resume {SLUG}#3 --budget-tokens 4000"
    complete = replace(cancelled, status=RunStatus.COMPLETED, progress=run().progress)
    assert next_commands(complete)[0] == f"lattice resume {SLUG}#3 --failed --budget-tokens 4000"


def test_a_run_that_lacks_only_its_end_is_to_be_resumed() -> None:
    interrupted = run(RunStatus.RUNNING, interrupted=True)
    assert next_commands(interrupted)[0] == f"lattice resume {SLUG}#3"
    assert next_commands(run(RunStatus.CANCELLED, failed=0))[0] == f"lattice resume {SLUG}#3"


def test_where_every_trial_has_ended_only_the_failed_can_be_run_again() -> None:
    for status in (RunStatus.FAILED, RunStatus.CANCELLED):
        assert next_commands(run(status))[0] == f"lattice resume {SLUG}#3 --failed"


def test_a_running_run_is_watched_and_cancelled_once() -> None:
    assert next_commands(run(RunStatus.RUNNING, done=5)) == [f"lattice watch {SLUG}#3", f"lattice cancel {SLUG}#3"]
    assert next_commands(run(RunStatus.RUNNING, done=5, draining=True)) == [f"lattice watch {SLUG}#3"]


def test_nothing_is_exported_of_a_run_without_results() -> None:
    assert next_commands(run(RunStatus.FAILED, done=0, failed=0)) == [
        f"lattice resume {SLUG}#3",
        f"lattice show {SLUG}#3",
    ]


def test_a_run_whose_contents_were_deleted_is_not_to_be_resumed() -> None:
    for status in (RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.FAILED):
        emptied = run(status=status, done=40, failed=3, contents_deleted_at=NOW)
        assert not any("resume" in command for command in next_commands(emptied))
