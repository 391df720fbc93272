"""What is left to do, and in which order."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from lattice.core.trials import TrialKey
from lattice.engine.plan import Plan, Schedule, schedule_seed


def schedule(n: int, seed: int = 1) -> Schedule:
    return Schedule(array("q", range(1, n + 1)), seed=seed)


def left(plan: Plan) -> list[TrialKey]:
    return [key for position in plan.inputs() for key in plan.trials(position)]


def test_every_trial_is_planned_once() -> None:
    plan = Plan(schedule(7), targets=2, repeats=3)
    keys = left(plan)
    assert len(keys) == len(set(keys)) == plan.total == plan.remaining == 42


def test_targets_before_the_first_have_no_trials() -> None:
    done = [TrialKey(1, 1, 0), TrialKey(2, 2, 1)]
    plan = Plan(schedule(7), targets=3, repeats=2, first=1, finished=done, absent=[TrialKey(3, 1, 0)])
    keys = left(plan)
    assert {key.target for key in keys} == {1, 2}
    assert (plan.total, plan.remaining, len(keys)) == (27, 25, 25)


def test_an_inputs_targets_and_repeats_stay_together() -> None:
    keys = left(Plan(schedule(5), targets=2, repeats=2))
    positions = [key.position for key in keys]
    assert [positions[i : i + 4] for i in range(0, 20, 4)] == [[p] * 4 for p in positions[::4]]


def test_two_runs_over_the_same_inputs_share_the_order_and_it_is_shuffled() -> None:
    seed = schedule_seed("abc")
    assert schedule(50, seed).order == schedule(50, seed).order
    assert list(schedule(50, seed).order) != sorted(schedule(50, seed).order)
    assert schedule_seed("abc") != schedule_seed("abd")


@given(
    positions=st.sets(st.integers(1, 200), min_size=1, max_size=40),
    data=st.data(),
    targets=st.integers(1, 3),
    repeats=st.integers(1, 3),
)
def test_what_is_finished_is_not_planned_again(
    positions: set[int], data: st.DataObject, targets: int, repeats: int
) -> None:
    order = Schedule(array("q", sorted(positions)), seed=3)
    every = set(left(Plan(order, targets=targets, repeats=repeats)))
    finished = data.draw(st.sets(st.sampled_from(sorted(every))))
    plan = Plan(order, targets=targets, repeats=repeats, finished=finished)
    assert set(left(plan)) == every - finished
    assert plan.remaining == len(every) - len(finished)
    assert plan.total == len(every)


@given(positions=st.sets(st.integers(1, 300), min_size=1, max_size=60))
def test_ranks_tell_the_place_in_the_schedule(positions: set[int]) -> None:
    order = Schedule(array("q", sorted(positions)), seed=5)
    ranks = order.ranks()
    assert [ranks[position] for position in order.order] == list(range(len(positions)))


def test_a_schedule_over_some_inputs_keeps_their_order() -> None:
    whole = schedule(20, seed=3)
    some = whole.over({2, 3, 5, 7, 11})
    assert list(some.order) == [position for position in whole.order if position in {2, 3, 5, 7, 11}]
    assert len(whole) == 20
    assert [some.ranks()[position] for position in some.order] == [0, 1, 2, 3, 4]


def test_trials_that_a_run_does_not_have_are_neither_left_nor_counted() -> None:
    absent = [TrialKey(1, 0, 1), TrialKey(3, 1, 0)]
    plan = Plan(schedule(3), targets=2, repeats=2, absent=absent, finished=[TrialKey(1, 0, 0)])
    assert (plan.total, plan.remaining) == (10, 9)
    assert not {*absent} & {*left(plan)}
