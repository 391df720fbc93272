"""A run followed through the store."""

from __future__ import annotations

from typing import Any

from tests.reporting.run_records import evaluation, run

from lattice.service.following import terms_of


def configured(**settings: Any) -> dict[str, Any]:
    """The documented example with a block `run`."""
    return {**evaluation().model_dump(mode="json", by_alias=True), "run": settings}


def test_a_run_is_shown_with_the_settings_that_it_was_resumed_with() -> None:
    config = configured(max_concurrent=8, budget={"cost_usd": 5.0, "tokens": 9_000})
    before = terms_of(run(config=config))
    assert (before.max_concurrent, before.budget_usd) == (8, 5.0)
    after = terms_of(run(config=config, settings={"max_concurrent": 2, "budget": {"cost_usd": 12.0}}))
    assert (after.max_concurrent, after.budget_usd) == (2, 12.0)
    assert terms_of(run(config=configured())).budget_usd is None
