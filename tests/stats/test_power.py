"""How many inputs a difference needs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from lattice.stats import detectable_difference, mean_interval, required_inputs


@pytest.mark.parametrize(("difference", "std"), [(0.05, 0.3), (0.02, 0.4), (0.3, 0.35), (-0.1, 0.25)])
def test_the_number_of_inputs_agrees_with_statsmodels(difference: float, std: float) -> None:
    expected = TTestPower().solve_power(abs(difference) / std, power=0.8, alpha=0.05)
    assert required_inputs(difference, std).n == math.ceil(expected)


@pytest.mark.parametrize("n", [5, 50, 500])
def test_the_detectable_difference_agrees_with_statsmodels(n: int) -> None:
    expected = TTestPower().solve_power(nobs=n, power=0.9, alpha=0.01) * 0.3
    assert detectable_difference(n, 0.3, power=0.9, level=0.99).difference == pytest.approx(expected, abs=1e-6)


def test_large_numbers_are_those_of_millers_formula() -> None:
    # Section 5 of the paper: (1.96 + 0.84)² · variance / difference².
    variance = 1 / 9 + 2 * (1 / 6) / 10
    found = required_inputs(0.01, 1 / 3, repeats=10, within_std=math.sqrt(1 / 6))
    assert found.n == pytest.approx((1.959964 + 0.841621) ** 2 * variance / 0.01**2, rel=0.001)
    assert found.std == pytest.approx(math.sqrt(variance))


def test_small_numbers_are_not_too_optimistic() -> None:
    found = required_inputs(0.4, 0.3)
    normal = math.ceil((1.959964 + 0.841621) ** 2 * 0.3**2 / 0.4**2)
    assert found.n > normal


def test_so_many_inputs_find_the_difference_in_four_runs_of_five() -> None:
    random, needed = np.random.default_rng(1), required_inputs(0.1, 0.25)
    found = 0
    for _ in range(400):
        d = random.normal(0.1, 0.25, needed.n)
        found += mean_interval(d.clip(-1, 1), "t", bounds=(-1, 1)).lower > 0
    assert found / 400 == pytest.approx(0.8, abs=0.07)


@settings(max_examples=40, deadline=None)
@given(difference=st.floats(0.02, 0.5), std=st.floats(0.05, 0.6), power=st.floats(0.3, 0.95))
def test_both_ways_of_asking_agree(difference: float, std: float, power: float) -> None:
    needed = required_inputs(difference, std, power)
    assert detectable_difference(needed.n, std, power).difference <= difference * (1 + 1e-9)
    if needed.n > 2:
        assert detectable_difference(needed.n - 1, std, power).difference > difference * (1 - 1e-9)


def test_no_spread_needs_the_fewest_inputs_there_can_be() -> None:
    assert required_inputs(0.1, 0.0).n == 2
    assert detectable_difference(10, 0.0).difference == 0


def test_questions_without_an_answer_are_named() -> None:
    with pytest.raises(ValueError, match="other than 0"):
        required_inputs(0.0, 0.3)
    with pytest.raises(ValueError, match="deviations are 0 or more"):
        required_inputs(0.1, -0.3)
    with pytest.raises(ValueError, match="a power lies between"):
        required_inputs(0.1, 0.3, power=1.0)
    with pytest.raises(ValueError, match="more than 1,000,000,000 inputs"):
        required_inputs(1e-9, 0.3)
    with pytest.raises(ValueError, match="at least 1 repeat"):
        required_inputs(0.1, 0.3, repeats=0)
    with pytest.raises(ValueError, match="at least 2 inputs"):
        detectable_difference(1, 0.3)
