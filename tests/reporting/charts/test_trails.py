"""Running means in the order of the schedule."""

from __future__ import annotations

import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.trials import Step
from lattice.engine.live import LiveInterval
from lattice.engine.plan import Schedule
from lattice.reporting.charts.trails import (
    LOOKS,
    Shape,
    latencies_of,
    look_places,
    looks_at,
    spread_of,
    trails_of,
)
from lattice.store.records import Point

OPEN = Shape(targets=(0,), repeats=1, over=False)
OVER = Shape(targets=(0,), repeats=1, over=True)


def point(position: int, score: float | None, *, target: int = 0, repeat: int = 0, latency: float = 1.0) -> Point:
    return Point(position, target, repeat, score, latency, None if score is not None else Step.TARGET)


def schedule(inputs: int) -> Schedule:
    return Schedule(array("q", range(1, inputs + 1)), seed=7)


@given(st.integers(min_value=0, max_value=20_000))
def test_there_are_few_looks_and_the_last_one_sees_all(total: int) -> None:
    places = look_places(total)
    assert len(places) == min(total, LOOKS)
    assert places == sorted(set(places))
    assert not places or (places[0], places[-1]) == (1, total)


@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, None]), min_size=1, max_size=40),
    st.integers(min_value=1, max_value=40),
    st.integers(),
)
def test_the_last_look_is_that_of_the_run_itself(scores: list[float | None], ended: int, seed: int) -> None:
    order = schedule(len(scores))
    points = [point(position, score) for position, score in enumerate(scores, start=1)]
    random.Random(seed).shuffle(points)
    interval = LiveInterval(order.ranks(), repeats=1)
    for each in points[:ended]:
        interval.add(each.position, each.score)
    trail, live = trails_of(points[:ended], order, OPEN)[0], interval.look()
    if live is None:
        assert trail.looks == ()
        return
    last = trail.looks[-1]
    assert last.n == live["n"]
    assert [last.mean, last.lower, last.upper] == pytest.approx([live[key] for key in ("mean", "lower", "upper")])
    assert (trail.waiting_for is not None) == (interval.held_back > 0)


def test_an_input_that_has_not_ended_holds_back_those_behind_it() -> None:
    order = schedule(4)
    first, second, third, _ = order.order
    trail = trails_of([point(first, 1.0), point(third, 0.0)], order, OPEN)[0]
    assert ([look.n for look in trail.looks], trail.waiting_for) == ([1], second)


def test_when_a_run_is_over_nothing_is_waited_for() -> None:
    order = schedule(3)
    first, _, third = order.order
    trail = trails_of([point(first, 1.0), point(third, 0.0)], order, OVER)[0]
    assert ([look.n for look in trail.looks], trail.waiting_for) == ([1, 2], None)


def test_repeats_are_averaged_and_failed_ones_passed_over() -> None:
    order = schedule(1)
    points = [point(1, 1.0), point(1, 0.5, repeat=1), point(1, None, repeat=2)]
    trail = trails_of(points, order, Shape(targets=(0,), repeats=3, over=False))[0]
    assert [(look.n, look.mean) for look in trail.looks] == [(1, 0.75)]
    assert trails_of(points[:2], order, Shape(targets=(0,), repeats=3, over=False))[0].looks == ()


def test_each_target_has_a_trail_and_a_baseline_none() -> None:
    points = [point(1, 1.0, target=0), point(1, 0.0, target=1)]
    trails = trails_of(points, schedule(1), Shape(targets=(1,), repeats=1, over=True))
    assert {target: trail.looks[0].mean for target, trail in trails.items()} == {1: 0.0}


def test_scores_that_no_single_mean_explains_have_looks_without_an_interval() -> None:
    looks = looks_at([0.0] * 400 + [1.0] * 4000)
    assert looks[-1].lower is None
    assert looks[-1].mean == pytest.approx(10 / 11)


def test_latencies_are_those_of_calls_that_succeeded() -> None:
    points = [point(1, 1.0, latency=0.5), point(2, None)._replace(latency=None), point(3, 1.0, target=1, latency=2.0)]
    assert {target: list(seconds) for target, seconds in latencies_of(points).items()} == {0: [0.5], 1: [2.0]}


def test_scores_are_counted_in_equal_parts() -> None:
    points = [point(place, score) for place, score in enumerate((0.0, 0.1, 0.3, 1.0, None), start=1)]
    counts = spread_of(points, 10)[0]
    assert [count for _, count in counts] == [1, 1, 0, 1, 0, 0, 0, 0, 0, 1]
    assert counts[0][0] == pytest.approx(0.05)
