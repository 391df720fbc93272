"""Limits: what passes in any window, and what is told about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.providers.simulated.behaviour import Behaviour, LimitScope
from lattice.providers.simulated.limits import Bucket, Gate

STEPS = st.lists(st.floats(0.0, 2.0), min_size=1, max_size=120)


@given(per_minute=st.integers(1, 6000), steps=STEPS, start=st.sampled_from([0.0, 1e3, 1.8e9]))
def test_no_window_takes_more_than_its_worth_and_one_second_more(
    per_minute: int, steps: list[float], start: float
) -> None:
    bucket, now, taken = Bucket(per_minute), start, []
    for step in steps:
        now += step / 10
        for _ in range(20):
            if bucket.wait(1, now) == 0.0:
                bucket.take(1, now)
                taken.append(now)
    rate = per_minute / 60
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            window = taken[last] - begin
            assert last - first + 1 <= rate * window + max(rate, 1.0) + 1e-4


@given(
    per_minute=st.integers(60, 100_000),
    requests=st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(1, 3000)), min_size=1, max_size=60),
)
def test_tokens_of_large_requests_count_in_full(per_minute: int, requests: list[tuple[float, int]]) -> None:
    bucket, now, taken = Bucket(per_minute), 0.0, []
    for step, tokens in requests:
        now += step
        if bucket.wait(tokens, now) == 0.0:
            bucket.take(tokens, now)
            taken.append((now, tokens))
    rate = per_minute / 60
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            window = taken[last][0] - taken[first][0]
            within = [tokens for _, tokens in taken[first : last + 1]]
            assert sum(within) <= rate * window + max(rate, *within) + 1e-1


@given(per_minute=st.integers(1, 6000), steps=STEPS, units=st.integers(1, 50))
def test_waiting_as_long_as_told_is_always_enough(per_minute: int, steps: list[float], units: int) -> None:
    bucket, now = Bucket(per_minute), 1.8e9
    for step in steps:
        now += step
        wait = bucket.wait(units, now)
        if wait:
            now += wait
        assert bucket.wait(units, now) == 0.0
        bucket.take(units, now)


def test_what_is_left_is_what_could_be_taken_now() -> None:
    bucket = Bucket(600)
    for _ in range(4):
        bucket.take(1, 5.0)
    standing = bucket.standing(5.0)
    assert (standing.limit, standing.remaining) == (600, 6)
    assert standing.reset == pytest.approx(0.4)
    assert bucket.standing(6.0).remaining == 10


def test_a_refused_request_takes_neither_requests_nor_tokens() -> None:
    gate = Gate(Behaviour(requests_per_minute=600, tokens_per_minute=6000))
    assert gate.admit("m", 100, 0.0).exceeded is None
    refused = gate.admit("m", 50, 0.0)
    assert refused.exceeded == "tokens"
    assert refused.wait == pytest.approx(0.5)
    assert refused.hints is not None
    assert refused.hints.requests is not None
    assert refused.hints.requests.remaining == 9


def test_limits_hold_for_everything_or_for_each_model() -> None:
    together = Gate(Behaviour(requests_per_minute=60))
    assert together.admit("a", 1, 0.0).exceeded is None
    assert together.admit("b", 1, 0.0).exceeded == "requests"
    apart = Gate(Behaviour(requests_per_minute=60, limit_scope=LimitScope.MODEL))
    assert apart.admit("a", 1, 0.0).exceeded is None
    assert apart.admit("b", 1, 0.0).exceeded is None
