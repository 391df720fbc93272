"""What stopping early saved."""

from __future__ import annotations

from tests.reporting.run_records import run

from lattice.reporting.figures import RoleSpending, Spending
from lattice.reporting.savings import savings_of

SPENT = Spending(target=RoleSpending(cost_usd=0.30), judge=RoleSpending(cost_usd=0.10))


def test_inputs_and_money_are_told_at_the_mean_of_those_that_ran() -> None:
    assert str(savings_of(run(done=40, failed=0, stopped="decided"), SPENT)) == "160 of 200 inputs and about $1.60"


def test_where_an_input_has_several_trials_these_are_counted() -> None:
    assert "160 of 200 trials" in str(savings_of(run(done=40, failed=0, stopped="decided", input_count=100), SPENT))


def test_an_unknown_price_is_no_saving_of_nothing() -> None:
    unknown = Spending(unpriced_models=("sim/x",))
    found = savings_of(run(done=40, failed=0, stopped="decided"), unknown)
    assert found is not None
    assert found.cost_usd is None
    assert str(found) == "160 of 200 inputs"


def test_other_runs_saved_nothing() -> None:
    assert savings_of(run(), SPENT) is None
    assert savings_of(run(stopped="budget"), SPENT) is None
