"""The judge's mean corrected by a few human scores."""

from __future__ import annotations

import numpy as np
import pytest

from lattice.stats import JudgedProportion, corrected_proportion, ppi_mean

HUMAN = [1, 0.75, 0.75, 0.5, 1, 0.25, 0, 0.75, 1, 0.5, 0.75, 1]
JUDGED = [1, 1, 0.75, 0.75, 1, 0.5, 0.25, 0.75, 0.75, 0.75, 1, 1]
JUDGED_ONLY = [
    1, 0.75, 1, 0.5, 0.75, 0.75, 1, 0.25, 1, 0.75, 0.5, 1, 1, 0.75, 0, 0.75, 1, 0.5, 0.75, 1, 0.25, 1, 0.75, 0.75,
    0.5, 1, 1, 0.75, 0.5, 0.75,
]  # fmt: skip


def test_the_corrected_mean_is_that_of_the_authors_package() -> None:
    found = ppi_mean(HUMAN, JUDGED, JUDGED_ONLY)
    # ppi_mean_pointestimate and ppi_mean_ci of ppi-python 0.2.3 on the same scores.
    assert found.mean == pytest.approx(0.65484765, abs=1e-6)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((0.52831963, 0.78137566), abs=1e-6)
    assert (found.n_human, found.n_judged, found.method) == (12, 30, "ppi++")


def test_a_judge_that_always_says_the_same_counts_for_nothing() -> None:
    found = ppi_mean(HUMAN, [0.5] * 12, [0.5] * 30)
    assert found.weight == 0
    assert found.mean == pytest.approx(np.mean(HUMAN))


def test_a_biased_judge_is_corrected_and_its_help_narrows_the_interval() -> None:
    random = np.random.default_rng(6)
    covered, narrower = 0, 0
    for _ in range(300):
        truth = random.choice([0.0, 0.25, 0.5, 0.75, 1.0], 400, p=[0.2, 0.2, 0.2, 0.2, 0.2])
        judged = np.clip(truth + random.choice([0.0, 0.25], 400), 0, 1)
        found = ppi_mean(truth[:60], judged[:60], judged[60:])
        covered += found.interval.lower <= 0.5 <= found.interval.upper
        narrower += found.interval.width < 2 * 1.96 * truth[:60].std() / np.sqrt(60)
    assert covered / 300 == pytest.approx(0.95, abs=0.04)
    assert narrower == 300


def test_the_corrected_share_is_that_of_rogan_and_gladen() -> None:
    counts = JudgedProportion(
        passed=130, judged=200, human_passed=40, agreed_passed=36, human_failed=20, agreed_failed=14
    )
    found = corrected_proportion(counts)
    assert (found.sensitivity, found.specificity) == (0.9, 0.7)
    assert found.mean == pytest.approx((0.65 + 0.7 - 1) / (0.9 + 0.7 - 1))
    assert found.weight == pytest.approx(0.6)


def plain_lang_reiczigel(counts: JudgedProportion, z: float = 1.959963984540054) -> tuple[float, float]:
    """The adjusted limits step by step, as their authors' published script has them."""
    n, positives, negatives = counts.judged + z**2, counts.human_passed + 2, counts.human_failed + 2
    p = (counts.passed + z**2 / 2) / n
    se, sp = (counts.agreed_passed + 1) / positives, (counts.agreed_failed + 1) / negatives
    share = (p + sp - 1) / (se + sp - 1)
    error = np.sqrt(
        p * (1 - p) / n + se * (1 - se) / positives * share**2 + sp * (1 - sp) / negatives * (1 - share) ** 2
    ) / abs(se + sp - 1)
    shift = 2 * z**2 * (share * se * (1 - se) / positives - (1 - share) * sp * (1 - sp) / negatives)
    return max(0.0, share + shift - z * error), min(1.0, share + shift + z * error)


def test_its_interval_is_that_of_lang_and_reiczigel() -> None:
    counts = JudgedProportion(
        passed=130, judged=200, human_passed=40, agreed_passed=36, human_failed=20, agreed_failed=14
    )
    found = corrected_proportion(counts).interval
    assert (found.lower, found.upper) == pytest.approx(plain_lang_reiczigel(counts), abs=1e-9)


def test_its_interval_covers_with_few_checked_items() -> None:
    random = np.random.default_rng(9)
    truth, sensitivity, specificity = 0.7, 0.9, 0.8
    covered = 0
    for _ in range(400):
        counts = JudgedProportion(
            passed=int(random.binomial(200, truth * sensitivity + (1 - truth) * (1 - specificity))),
            judged=200,
            human_passed=30,
            agreed_passed=int(random.binomial(30, sensitivity)),
            human_failed=20,
            agreed_failed=int(random.binomial(20, specificity)),
        )
        found = corrected_proportion(counts).interval
        covered += found.lower <= truth <= found.upper
    assert covered / 400 >= 0.93


def test_what_cannot_be_corrected_is_named() -> None:
    def counts(**changed: int) -> JudgedProportion:
        fitting = {
            "passed": 5, "judged": 10, "human_passed": 4, "agreed_passed": 4, "human_failed": 4, "agreed_failed": 4,
        }  # fmt: skip
        return JudgedProportion(**{**fitting, **changed})

    with pytest.raises(ValueError, match="no better than chance"):
        corrected_proportion(counts(agreed_passed=1, agreed_failed=2))
    with pytest.raises(ValueError, match="human_failed is 0"):
        corrected_proportion(counts(human_failed=0, agreed_failed=0))
    with pytest.raises(ValueError, match="passed is 11, more than the 10 of judged"):
        corrected_proportion(counts(passed=11))
    with pytest.raises(ValueError, match="got 12 human scores and 2 judged scores"):
        ppi_mean(HUMAN, [1, 1], JUDGED_ONLY)
    with pytest.raises(ValueError, match="outside the bounds"):
        ppi_mean(HUMAN, JUDGED, [4, 5])
