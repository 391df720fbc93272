"""Adjusted p-values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from lattice.stats import benjamini_hochberg, holm

# The fifteen p-values of Benjamini and Hochberg's own example (1995, section 3.2).
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
    0.7590, 1.0,
]  # fmt: skip


def plain_holm(p_values: list[float]) -> list[float]:
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def test_holm_agrees_with_its_definition() -> None:
    assert list(holm(PUBLISHED)) == pytest.approx(plain_holm(PUBLISHED), abs=1e-9)
    assert holm([0.01, 0.04, 0.03]).values == pytest.approx((0.03, 0.06, 0.06))


def test_benjamini_hochberg_agrees_with_scipy_and_the_published_example() -> None:
    found = benjamini_hochberg(PUBLISHED)
    assert list(found) == pytest.approx(list(false_discovery_control(PUBLISHED)), abs=1e-9)
    assert sum(p <= 0.05 for p in found) == 4
    assert sum(p <= 0.05 for p in holm(PUBLISHED)) == 3


def test_the_order_of_the_p_values_is_kept() -> None:
    found = holm([0.5, 0.001])
    assert (found[0], found[1], len(found), found.method) == (0.5, 0.002, 2, "holm")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusting_never_makes_a_p_value_smaller(p_values: list[float]) -> None:
    found = list(holm(p_values))
    assert found == pytest.approx(plain_holm(p_values), abs=1e-9)
    for first, second, third in zip(p_values, benjamini_hochberg(p_values), found, strict=True):
        assert first - 1e-12 <= second <= third + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize(("p_values", "message"), [([], "got 0"), ([1.2], "p-value 1 is 1.2")])
def test_what_is_no_p_value_is_refused(p_values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        holm(p_values)
