"""What a run is resumed with, and when it is not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.reporting.run_records import SLUG, run

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.execution import ResumeSettings, check_resumable


def stopped(tokens: int = 2_100, **changes: Any) -> RunRecord:
    """A run that stopped at a budget of 2,000 tokens, having spent so many."""
    fields: dict[str, Any] = {
        "done": 89,
        "stopped": "budget",
        "config": {"run": {"budget": {"tokens": 2_000}}},
        "live": {"usage": {"target": [tokens, 0]}},
    }
    return run(**{"status": RunStatus.CANCELLED, **fields, **changes})


def test_each_budget_is_recorded_beside_the_other() -> None:
    first = ResumeSettings(budget_usd=5.0).recorded({})
    second = ResumeSettings(budget_tokens=9_000, timeout=7.0).recorded(first)
    third = ResumeSettings(budget_usd=8.0).recorded(second)
    assert first == {"budget": {"cost_usd": 5.0}}
    assert second == {"timeout": 7.0, "budget": {"cost_usd": 5.0, "tokens": 9_000}}
    assert third == {"timeout": 7.0, "budget": {"cost_usd": 8.0, "tokens": 9_000}}


def test_no_setting_records_nothing() -> None:
    assert ResumeSettings().recorded({}) == {}
    assert ResumeSettings(failed=True).recorded({"timeout": 3.0}) == {"timeout": 3.0}


@pytest.mark.parametrize("given", [ResumeSettings(), ResumeSettings(budget_tokens=2_100), ResumeSettings(timeout=9.0)])
def test_a_resume_that_could_not_start_anything_is_refused(given: ResumeSettings) -> None:
    with pytest.raises(UsageError, match=rf"{SLUG}#3 has spent 2,100 of a budget of 2,\d00 tokens.*--budget-tokens 4"):
        check_resumable(stopped(), given)


def test_failed_trials_are_not_run_again_without_money() -> None:
    complete = stopped(status=RunStatus.COMPLETED, done=200, stopped=None)
    with pytest.raises(UsageError, match=r"--failed --budget-tokens 4000"):
        check_resumable(complete, ResumeSettings(failed=True))
    check_resumable(complete, ResumeSettings(failed=True, budget_tokens=4_000))


def test_a_budget_that_leaves_something_is_enough() -> None:
    check_resumable(stopped(), ResumeSettings(budget_tokens=2_101))
    check_resumable(stopped(tokens=1_999), ResumeSettings())


def test_writing_down_the_end_costs_nothing() -> None:
    check_resumable(stopped(status=RunStatus.RUNNING, done=200, stopped=None, interrupted=True), ResumeSettings())


def test_that_another_process_has_the_run_is_said_first() -> None:
    check_resumable(stopped(status=RunStatus.RUNNING, stopped=None), ResumeSettings())
