"""Means that are exact on paper are exact here."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.stats.samples import as_clusters, exact_mean, exactly


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_the_mean_of_levels_is_the_nearest_float_to_the_fraction(levels: list[int]) -> None:
    assert exact_mean([level / 9 for level in levels]) == float(Fraction(sum(levels), 9 * len(levels)))


def test_a_mean_of_four_fifths_is_point_eight_in_any_order() -> None:
    assert exact_mean([0.7, 0.8, 0.9]) == 0.8
    assert exact_mean([0.9, 0.7, 0.8] * 1000) == 0.8


def test_many_different_scores_are_summed_exactly() -> None:
    scores = np.random.default_rng(0).random(5_000)
    assert exact_mean(scores) == exact_mean(scores[::-1]) == pytest.approx(scores.mean())


def test_a_float_stands_for_the_simple_fraction_nearest_to_it() -> None:
    assert exactly(2 / 9) == Fraction(2, 9)
    assert exactly(0.6 * 0.75 + 0.4 * 0.5) == Fraction(13, 20)
    strange = 0.123456789012345
    assert exactly(strange) == Fraction(strange)


def test_no_score_has_no_mean() -> None:
    with pytest.raises(ValueError, match="got 0"):
        exact_mean([])


def test_clusters_are_numbered_in_the_order_they_come_in() -> None:
    assert as_clusters(["b", "a", None, "b", None], 5).tolist() == [0, 1, 2, 0, 3]
