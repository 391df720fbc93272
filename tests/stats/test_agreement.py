"""Agreement of raters, against libraries and published examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import evalica
import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from sklearn.metrics import cohen_kappa_score
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from lattice.stats import cohens_kappa, confusion_matrix, kappa_for_verdicts, krippendorff_alpha, spearman

LEVELS = [1, 2, 3, 4, 5]
RANDOM = np.random.default_rng(4)
HUMAN = [int(level) for level in RANDOM.choice([2, 3, 4, 5], 80, p=[0.1, 0.2, 0.4, 0.3])]
JUDGE = [min(5, max(2, level + int(step))) for level, step in zip(HUMAN, RANDOM.integers(-1, 2, 80), strict=True)]

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C/D: four observers, twelve units.
GAP = np.nan
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_agrees_with_scikit_learn_with_levels_that_nobody_used(weights: str | None) -> None:
    found = cohens_kappa(HUMAN, JUDGE, LEVELS, weights)
    expected = cohen_kappa_score(HUMAN, JUDGE, labels=LEVELS, weights=weights)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.interval is not None
    assert found.interval.lower < found.value < found.interval.upper
    assert found.n == 80


def test_kappas_standard_error_is_that_of_the_published_example() -> None:
    # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: 0.676, error 0.088.
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    a = [row for row in range(3) for column in range(3) for _ in range(table[row][column])]
    b = [column for row in range(3) for column in range(3) for _ in range(table[row][column])]
    found = cohens_kappa(a, b, [0, 1, 2])
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.standard_error == pytest.approx(0.088, abs=5e-4)


def test_an_unused_level_in_between_shifts_linear_weights() -> None:
    a, b = ["bad", "good", "good", "bad"], ["good", "good", "bad", "bad"]
    all_levels = cohens_kappa([1, 3, 3, 1, 2], [3, 3, 1, 1, 2], [1, 2, 3], "linear").value
    assert cohens_kappa(a, b, ["bad", "good"], "linear").value == pytest.approx(0)
    assert all_levels == pytest.approx(cohen_kappa_score([1, 3, 3, 1, 2], [3, 3, 1, 1, 2], weights="linear"))


def test_the_interval_for_verdicts_reaches_further_down() -> None:
    plain = cohens_kappa(HUMAN, JUDGE, LEVELS, "quadratic")
    careful = kappa_for_verdicts(HUMAN, JUDGE, LEVELS, "quadratic")
    assert (careful.value, careful.standard_error, careful.n) == (plain.value, plain.standard_error, 80)
    assert plain.interval is not None
    assert careful.interval is not None
    assert careful.interval.method == "fisher_z"
    assert careful.interval.lower < plain.interval.lower < plain.value < careful.interval.upper < 1


@pytest.mark.parametrize(
    ("shares", "lower"), [([6] * 5, 0.855), ([15, 15], 0.769), ([29, 1], -0.795), ([27, 3], 0.355)]
)
def test_agreement_on_everything_proves_the_less_the_more_ratings_are_the_same(shares: list[int], lower: float) -> None:
    ratings = [level for level, count in enumerate(shares) for _ in range(count)]
    found = kappa_for_verdicts(ratings, ratings, range(len(shares)), "quadratic")
    assert found.value == 1
    assert found.interval is not None
    assert found.interval.lower == pytest.approx(lower, abs=0.005)
    assert found.interval.upper == 1


def test_one_rater_who_gives_the_same_to_all_leaves_no_interval_for_verdicts() -> None:
    assert kappa_for_verdicts([1, 2, 3, 4, 5], [4] * 5, LEVELS, "quadratic").interval is None
    with pytest.raises(ValueError, match="all ratings are the same level"):
        kappa_for_verdicts([4] * 5, [4] * 5, LEVELS)


def test_the_lower_end_for_verdicts_is_seldom_above_the_true_kappa() -> None:
    # Binary ratings of which a share is guessed: kappa is 1 less that share.
    random = np.random.default_rng(8)
    above = {"plain": 0, "for_verdicts": 0}
    for _ in range(400):
        human = random.integers(0, 2, 30)
        judge = np.where(random.random(30) < 0.1, random.integers(0, 2, 30), human)
        for name, measure in (("plain", cohens_kappa), ("for_verdicts", kappa_for_verdicts)):
            interval = measure(human.tolist(), judge.tolist(), [0, 1]).interval
            above[name] += interval is None or interval.lower > 0.9
    assert above["for_verdicts"] < 0.05 * 400 < above["plain"]


def test_the_confusion_matrix_has_every_level() -> None:
    found = confusion_matrix(HUMAN, JUDGE, LEVELS)
    np.testing.assert_array_equal(found, sklearn_confusion_matrix(HUMAN, JUDGE, labels=LEVELS))


@pytest.mark.parametrize(
    ("level_of_measurement", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_is_that_of_the_published_example(level_of_measurement: str, expected: float) -> None:
    assert krippendorff_alpha(PUBLISHED, level_of_measurement).value == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("level_of_measurement", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_agrees_with_evalica(
    level_of_measurement: Literal["nominal", "ordinal", "interval", "ratio"],
) -> None:
    ratings: list[Sequence[float]] = [HUMAN, JUDGE, [GAP if item % 3 else level for item, level in enumerate(HUMAN)]]
    expected = evalica.alpha(pd.DataFrame(ratings), distance=level_of_measurement).alpha
    found = krippendorff_alpha(ratings, level_of_measurement)
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.interval is not None
    assert found.interval.lower < found.value < found.interval.upper
    assert krippendorff_alpha(ratings, level_of_measurement).interval == found.interval


def test_spearman_agrees_with_scipy() -> None:
    found = spearman(HUMAN, JUDGE)
    assert found.value == pytest.approx(float(scipy_stats.spearmanr(HUMAN, JUDGE).statistic), abs=1e-9)
    assert found.interval is not None
    assert -1 < found.interval.lower < found.value < found.interval.upper < 1


def test_three_pairs_have_a_correlation_and_no_interval() -> None:
    assert spearman([1, 2, 3], [1, 3, 2]).interval is None
    assert spearman([1, 2, 3, 4], [1, 2, 3, 4]).value == 1


def test_perfect_agreement_is_one() -> None:
    assert cohens_kappa(HUMAN, HUMAN, LEVELS, "quadratic").value == 1
    assert krippendorff_alpha([HUMAN, HUMAN]).value == 1


def test_ratings_that_say_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="all ratings are the same level"):
        cohens_kappa([1, 1], [1, 1], LEVELS)
    with pytest.raises(ValueError, match="7 is none of the levels"):
        cohens_kappa([1, 7], [1, 1], LEVELS)
    with pytest.raises(ValueError, match="got 2 ratings and 1 rating"):
        cohens_kappa([1, 2], [1], LEVELS)
    with pytest.raises(ValueError, match="no weighting"):
        cohens_kappa([1, 2], [1, 2], LEVELS, "cubic")
    with pytest.raises(ValueError, match="at least two different ones"):
        confusion_matrix([1], [1], [1, 1])
    with pytest.raises(ValueError, match="got 0"):
        confusion_matrix([], [], LEVELS)
    with pytest.raises(ValueError, match="no order to compare"):
        spearman([1, 1, 1], [1, 2, 3])
    with pytest.raises(ValueError, match="all ratings are the same"):
        krippendorff_alpha([[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="shape"):
        krippendorff_alpha([1, 2, 3])
    with pytest.raises(ValueError, match="two ratings"):
        krippendorff_alpha([[1, GAP], [GAP, 2]])
    with pytest.raises(ValueError, match="no level of measurement"):
        krippendorff_alpha(PUBLISHED, "cardinal")
