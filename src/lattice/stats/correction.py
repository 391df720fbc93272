"""What the mean would be if people had scored: the judge's scores corrected by a few human ones.

The items with human scores must be a random sample of all; then the correction is unbiased however bad the
judge is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.records import Interval
from lattice.stats.samples import Bounds, Floats, as_bounds, as_counts, as_level, as_pairs, as_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMean:
    """A mean that leans on human scores.

    Parameters
    ----------
    mean: may lie outside the scale's ends by chance; the interval is cut at them.
    weight: λ, how much the judge's scores count: 0 not at all, 1 in full.
    n_human, n_judged: items with a human score, and further ones with the judge's alone.
    """

    mean: float
    interval: Interval
    weight: float
    n_human: int
    n_judged: int
    method: str = "ppi++"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedProportion:
    """What is needed to correct a share of passes.

    Parameters
    ----------
    passed, judged: of all items, by the judge alone.
    human_passed, agreed_passed: of the checked items, those that pass in a person's eyes, and those of them
        that the judge passed too.
    human_failed, agreed_failed: likewise for those that fail.
    """

    passed: int
    judged: int
    human_passed: int
    agreed_passed: int
    human_failed: int
    agreed_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedProportion:
    """A share of passes as people would have found it.

    Parameters
    ----------
    mean: the corrected share, cut to 0–1.
    sensitivity: how often the judge passes what people pass.
    specificity: how often the judge fails what people fail.
    weight: sensitivity + specificity − 1; at 0 the judge says nothing.
    """

    mean: float
    interval: Interval
    sensitivity: float
    specificity: float
    weight: float
    method: str = "rogan_gladen"


def ppi_mean(
    human: ArrayLike,
    judged: ArrayLike,
    judged_only: ArrayLike,
    level: float = 0.95,
    bounds: Bounds = (0.0, 1.0),
) -> CorrectedMean:
    """Prediction-powered mean with the tuned weight (PPI++; Angelopoulos, Duchi and Zrnic, arXiv 2311.01453,
    §6).

    The mean is λ · mean(judged_only) + mean(human − λ · judged), with the λ in 0–1 of the smallest variance.
    The interval is normal, so some thirty human scores are the least to rely on.

    Parameters
    ----------
    human, judged: shape (n,), n ≥ 2: a person's and the judge's scores of the same items.
    judged_only: shape (N,), N ≥ 2: the judge's scores of the other items.
    level: nominal coverage.

    Raises
    ------
    ValueError: fewer than 2 scores, lengths that differ, NaN, a score outside the bounds.
    """
    bounds, level = as_bounds(bounds), as_level(level)
    true, seen = as_pairs(human, judged, bounds, least=2, what=("human score", "judged score"))
    rest = as_scores(judged_only, bounds, least=2, what="judged score")
    weight = _weight(true, seen, rest)
    mean = weight * float(rest.mean()) + float((true - weight * seen).mean())
    error = math.sqrt(weight**2 * float(rest.var()) / len(rest) + float((true - weight * seen).var()) / len(true))
    return CorrectedMean(
        mean=mean,
        interval=_normal(mean, error, level, bounds, "ppi++"),
        weight=weight,
        n_human=len(true),
        n_judged=len(rest),
    )


def corrected_proportion(counts: JudgedProportion, level: float = 0.95) -> CorrectedProportion:
    """Share of passes, corrected for what the judge misses and lets through (Rogan and Gladen 1978).

    The interval is that of Lang and Reiczigel (2014), which stays honest with a judge that was right on every
    one of a few checked items.

    Raises
    ------
    ValueError: counts that do not fit together, nothing checked on one side, or a judge no better than
    chance.
    """
    level = as_level(level)
    shares = _shares(counts)
    apparent, sensitivity, specificity = shares
    weight = sensitivity + specificity - 1
    if weight <= 0:
        raise ValueError(
            f"a judge with sensitivity {sensitivity:.2f} and specificity {specificity:.2f} "
            "is no better than chance; its passes cannot be corrected"
        )
    return CorrectedProportion(
        mean=min(1.0, max(0.0, (apparent + specificity - 1) / weight)),
        interval=_lang_reiczigel(counts, shares, level),
        sensitivity=sensitivity,
        specificity=specificity,
        weight=weight,
    )


def _weight(true: Floats, seen: Floats, rest: Floats) -> float:
    """λ as tuned in the paper, cut to 0–1; a judge that always says the same has the weight 0."""
    variance = float(np.concatenate((seen, rest)).var(ddof=1))
    if variance == 0:
        return 0.0
    covariance = float(((true - true.mean()) * (seen - seen.mean())).mean())
    return min(1.0, max(0.0, covariance / ((1 + len(true) / len(rest)) * variance)))


def _normal(mean: float, error: float, level: float, bounds: Bounds, method: str) -> Interval:
    from scipy.special import ndtri  # heavy

    reach = float(ndtri((1 + level) / 2)) * error
    low, high = bounds
    return Interval(
        lower=min(max(low, mean - reach), high),
        upper=max(min(high, mean + reach), low),
        level=level,
        method=method,
    )


def _shares(counts: JudgedProportion) -> tuple[float, float, float]:
    """Apparent share, sensitivity and specificity."""
    pairs = (
        ("passed", counts.passed, "judged", counts.judged),
        ("agreed_passed", counts.agreed_passed, "human_passed", counts.human_passed),
        ("agreed_failed", counts.agreed_failed, "human_failed", counts.human_failed),
    )
    for part_name, part, whole_name, whole in pairs:
        as_counts((part, whole), (part_name, whole_name))
        if whole == 0:
            raise ValueError(f"{whole_name} is 0: at least one such item is needed to correct by")
        if part > whole:
            raise ValueError(f"{part_name} is {part}, more than the {whole} of {whole_name}")
    apparent, sensitivity, specificity = (part / whole for _, part, _, whole in pairs)
    return apparent, sensitivity, specificity


def _lang_reiczigel(counts: JudgedProportion, shares: tuple[float, float, float], level: float) -> Interval:
    from scipy.special import ndtri  # heavy

    z = float(ndtri((1 + level) / 2))
    apparent, sensitivity, specificity = shares
    n, positives, negatives = counts.judged + z * z, counts.human_passed + 2, counts.human_failed + 2
    p = (counts.judged * apparent + z * z / 2) / n
    se = (counts.human_passed * sensitivity + 1) / positives
    sp = (counts.human_failed * specificity + 1) / negatives
    informative = se + sp - 1
    centre = (p + sp - 1) / informative
    missed, let_through = se * (1 - se) / positives, sp * (1 - sp) / negatives
    shift = 2 * z * z * (centre * missed - (1 - centre) * let_through)
    spread = p * (1 - p) / n + centre**2 * missed + (1 - centre) ** 2 * let_through
    reach = z * math.sqrt(spread) / informative
    return Interval(
        lower=min(1.0, max(0.0, centre + shift - reach)),
        upper=max(0.0, min(1.0, centre + shift + reach)),
        level=level,
        method="lang_reiczigel",
    )
