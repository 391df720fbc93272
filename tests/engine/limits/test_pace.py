from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.engine.limits.pace import Pace

gaps = st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60)


def starts_under(pace: Pace, gaps: list[float]) -> list[float]:
    """Start one call after each gap, or as soon as the pace lets it."""
    now, starts = 0.0, []
    for gap in gaps:
        now = max(now + gap, pace.ready_at(1.0))
        pace.take(1.0, now)
        starts.append(now)
    return starts


def most_above(starts: list[float], rate: float) -> float:
    """The largest number of calls by which any window of w seconds exceeds rate · w."""
    return max(
        last - first + 1 - rate * (starts[last] - starts[first])
        for first in range(len(starts))
        for last in range(first, len(starts))
    )


@given(rate=st.floats(0.05, 200.0), gaps=gaps)
def test_no_window_holds_more_than_its_share_and_one_seconds_worth(rate: float, gaps: list[float]) -> None:
    assert most_above(starts_under(Pace(rate, 0.0), gaps), rate) <= max(rate, 1.0) + 1e-6


@given(rate=st.floats(0.05, 200.0), calls=st.integers(2, 200))
def test_calls_that_never_pause_lose_nothing(rate: float, calls: int) -> None:
    starts = starts_under(Pace(rate, 0.0), [0.0] * calls)
    assert starts[-1] <= (calls - 1) / rate + 1e-6


@given(rate=st.floats(1.0, 100.0), other=st.floats(1.0, 100.0), used=st.integers(0, 300), at=st.floats(0.0, 3.0))
def test_changing_the_rate_gives_nothing_away(rate: float, other: float, used: int, at: float) -> None:
    pace = Pace(rate, 0.0)
    for _ in range(used):
        pace.take(1.0, 0.0)
    before = pace.level(at)
    pace.change(other, at)
    assert pace.level(at) <= before + 1e-6


def test_calls_that_catch_up_do_not_come_as_a_herd() -> None:
    starts = starts_under(Pace(10.0, 0.0), [60.0] + [0.0] * 20)
    within = [start for start in starts if start < 60.1]
    assert len(within) <= 3
    assert len([start for start in starts if start < 61.0]) >= 15


def test_a_call_that_is_worth_more_than_a_second_waits_for_a_whole_one_and_is_paid_for_afterwards() -> None:
    pace = Pace(100.0, 0.0)
    assert pace.ready_at(500.0) == 0.0
    pace.take(500.0, 0.0)
    assert pace.ready_at(500.0) == pytest.approx(5.0)
    assert pace.ready_at(1.0) == pytest.approx(4.26)


def test_a_pace_at_which_calls_are_refused_is_eased_but_not_given_up() -> None:
    pace = Pace(10.0, 0.0)
    for _ in range(50):
        pace.ease(0.0)
    assert pace.rate == pytest.approx(9.0)
    assert pace.nominal == 10.0
