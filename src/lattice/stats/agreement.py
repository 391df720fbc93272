"""How far two raters agree, such as a judge and a person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lattice.stats.records import Interval
from lattice.stats.samples import Floats, as_level, as_pairs, counted

WEIGHTS = ("linear", "quadratic")
LEVELS_OF_MEASUREMENT = ("nominal", "ordinal", "interval", "ratio")

RESAMPLES = 2_000
_CELLS = 2_000_000
_NO_ERROR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A coefficient of agreement.

    Parameters
    ----------
    value: 1 is perfect agreement; 0 is what chance gives.
    interval: None where the ratings are too few or too uniform to say.
    n: items both (or, for alpha, at least two) rated.
    standard_error: None where the interval does not rest on one.
    seed: of the resampling, None where there was none.
    """

    value: float
    interval: Interval | None
    n: int
    method: str
    standard_error: float | None = None
    seed: int | None = None


def cohens_kappa(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    levels: Sequence[Hashable],
    weights: str | None = None,
    level: float = 0.95,
) -> Agreement:
    """Cohen's κ of two raters with the standard error of Fleiss, Cohen and Everitt (1969).

    Parameters
    ----------
    a, b: what each rater gave to the same items, in the same order.
    levels: every level of the scale in its order, those that nobody used too: weights depend on how far apart
        two levels stand.
    weights: None (levels are names), ``linear`` or ``quadratic`` (levels are ordered).
    level: nominal coverage of the interval.

    Raises
    ------
    ValueError: no item, lengths that differ, a rating that is no level, unknown weights, or ratings that are
    all the
        same level, for which κ is undefined.
    """
    level = as_level(level)
    if weights is not None and weights not in WEIGHTS:
        raise ValueError(f"{weights!r} is no weighting; there are None, {', '.join(WEIGHTS)}")
    table = confusion_matrix(a, b, levels)
    if np.count_nonzero(table.sum(axis=0) + table.sum(axis=1)) < 2:
        raise ValueError("all ratings are the same level, so agreement cannot be told from chance")
    value, error = _kappa(table, weights)
    return Agreement(
        value=value,
        interval=_around(value, error, level, "fleiss_cohen_everitt"),
        n=int(table.sum()),
        method=f"cohens_kappa_{weights}" if weights else "cohens_kappa",
        standard_error=error,
    )


def kappa_for_verdicts(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    levels: Sequence[Hashable],
    weights: str | None = None,
    level: float = 0.95,
) -> Agreement:
    """Cohen's κ with an interval that a verdict on a rater may rest on; parameters and errors of `cohens_kappa`.

    κ is skewed near 1: at n = 30 the lower end of κ ± 1.96 errors is above the true κ in 5 to 18% of samples instead
    of 2.5%. So the interval is made on Fisher's scale, atanh κ with the error / (1 − κ²), which brings that to 2 to 8%.

    Raters who agree on everything leave no error to build on, and are no certainty. Say that a share q of ratings is
    guessed by how common the levels are: κ is 1 − q, weighted or not, and all n agree with the probability
    (1 − q(1 − p))ⁿ, where p = Σ share² of the levels is how often a guess agrees. The lower end is the κ at which that
    is (1 − level) / 2, as in the interval of Clopper and Pearson.

    Returns
    -------
    The plain κ; no interval where one rater gave the same to all.
    """
    found = cohens_kappa(a, b, levels, weights, level)
    if found.value >= 1:
        return replace(found, interval=_all_agree(Counter(a), as_level(level)))
    interval = _around_kappa(found.value, found.standard_error or 0.0, as_level(level))
    return replace(found, interval=interval)


def confusion_matrix(a: Sequence[Hashable], b: Sequence[Hashable], levels: Sequence[Hashable]) -> NDArray[np.int64]:
    """Counts of what rater a (rows) and rater b (columns) gave to the same items.

    Returns
    -------
    Shape (len(levels), len(levels)).

    Raises
    ------
    ValueError: no item, lengths that differ, fewer than two levels or the same one twice, a rating that is no
    level.
    """
    if len(a) != len(b):
        raise ValueError(f"a pair needs both: got {counted(len(a), 'rating')} and {counted(len(b), 'rating')}")
    if not len(a):
        raise ValueError("at least 1 pair of ratings needed, got 0")
    places = {name: place for place, name in enumerate(levels)}
    if len(places) != len(levels) or len(levels) < 2:
        raise ValueError(f"levels must be at least two different ones, got {list(levels)}")
    for rating in (*a, *b):
        if rating not in places:
            raise ValueError(f"{rating!r} is none of the levels {list(levels)}")
    table = np.zeros((len(levels), len(levels)), dtype=np.int64)
    np.add.at(table, ([places[x] for x in a], [places[x] for x in b]), 1)
    return table


def spearman(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Agreement:
    """Spearman's rank correlation; the interval by Fisher's z with the error of Bonett and Wright (2000).

    Parameters
    ----------
    a, b: shape (n,), n ≥ 2. The interval needs n ≥ 4.

    Raises
    ------
    ValueError: fewer than 2 pairs, lengths that differ, NaN, or one rater who gave the same to all.
    """
    from scipy.stats import rankdata  # heavy

    level = as_level(level)
    first, second = as_pairs(a, b, None, least=2, what=("first rating", "second rating"))
    if first.std() == 0 or second.std() == 0:
        raise ValueError("one rater gave the same to all, so there is no order to compare")
    value = float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
    value = min(1.0, max(-1.0, value))
    return Agreement(value=value, interval=_fisher(value, len(first), level), n=len(first), method="spearman")


def krippendorff_alpha(
    ratings: ArrayLike,
    level_of_measurement: str = "ordinal",
    level: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Krippendorff's α of any number of raters, with gaps (Krippendorff 2011); the interval by resampling
    items.

    Parameters
    ----------
    ratings: shape (raters, items); None or NaN where a rater gave none.
    level_of_measurement: ``nominal``, ``ordinal``, ``interval`` or ``ratio``.
    level: nominal coverage of the percentile interval.
    seed: of the resampling.

    Raises
    ------
    ValueError: another shape, an unknown level of measurement, no item with two ratings, or ratings that are
    all the
        same, for which α is undefined.
    """
    level = as_level(level)
    if level_of_measurement not in LEVELS_OF_MEASUREMENT:
        known = ", ".join(LEVELS_OF_MEASUREMENT)
        raise ValueError(f"{level_of_measurement!r} is no level of measurement; there are {known}")
    counts, values = _rating_counts(ratings)
    if len(values) < 2:
        raise ValueError("all ratings are the same, so agreement cannot be told from chance")
    distances = _Distances(values=values, form=level_of_measurement)
    pairs = _coincidences(counts)
    value = float(_alpha(pairs.sum(axis=0)[None], distances)[0])
    return Agreement(
        value=value,
        interval=_resampled(pairs, distances, level, seed),
        n=len(counts),
        method=f"krippendorff_alpha_{level_of_measurement}",
        seed=seed,
    )


def _kappa(table: NDArray[np.int64], weights: str | None) -> tuple[float, float]:
    from statsmodels.stats.inter_rater import cohens_kappa as kappa  # heavy

    # With hardly any disagreement the variance comes out a hair below 0, of which the library takes the root as well.
    with np.errstate(invalid="ignore"):
        found = kappa(table, wt=weights)
    return float(found.kappa), math.sqrt(max(0.0, float(found.var_kappa)))


def _around(value: float, error: float, level: float, method: str) -> Interval | None:
    from scipy.special import ndtri  # heavy

    if not math.isfinite(error) or error == 0:
        return None
    reach = float(ndtri((1 + level) / 2)) * error
    return Interval(lower=max(-1.0, value - reach), upper=min(1.0, value + reach), level=level, method=method)


def _around_kappa(value: float, error: float, level: float) -> Interval | None:
    from scipy.special import ndtri  # heavy

    if error < _NO_ERROR or value <= -1:
        return None
    reach = float(ndtri((1 + level) / 2)) * error / (1 - value**2)
    centre = math.atanh(value)
    return Interval(lower=math.tanh(centre - reach), upper=math.tanh(centre + reach), level=level, method="fisher_z")


def _all_agree(given: Counter[Hashable], level: float) -> Interval:
    n = given.total()
    by_guessing = sum((count / n) ** 2 for count in given.values())
    disagreeing = 1 - ((1 - level) / 2) ** (1 / n)
    lower = max(-1.0, 1 - disagreeing / (1 - by_guessing))
    return Interval(lower=lower, upper=1.0, level=level, method="exact_guessing")


def _fisher(value: float, n: int, level: float) -> Interval | None:
    from scipy.special import ndtri  # heavy

    if n < 4 or abs(value) >= 1:
        return None
    reach = float(ndtri((1 + level) / 2)) * math.sqrt((1 + value**2 / 2) / (n - 3))
    centre = math.atanh(value)
    return Interval(
        lower=math.tanh(centre - reach), upper=math.tanh(centre + reach), level=level, method="bonett_wright"
    )


def _rating_counts(ratings: ArrayLike) -> tuple[Floats, Floats]:
    """How often each item (row) was given each value (column), for items with two ratings or more."""
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"ratings must have the shape (raters, items) with 2 raters or more, not {table.shape}")
    if np.isinf(table).any():
        raise ValueError("ratings must be finite")
    table = table[:, np.count_nonzero(~np.isnan(table), axis=0) > 1]
    if not table.shape[1]:
        raise ValueError("at least 1 item with two ratings needed, got 0")
    values = np.unique(table[~np.isnan(table)])
    counts = (table.T[:, :, None] == values).sum(axis=1).astype(np.float64)
    return counts, values


def _coincidences(counts: Floats) -> Floats:
    """Pairs of values within each item, weighing as many ratings as it has: (items, values, values)."""
    ratings = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= np.eye(counts.shape[1]) * counts[:, :, None]
    return np.asarray(pairs / (ratings - 1)[:, None, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distances:
    """Squared distances between values; on an ordinal scale they depend on how often each value was given."""

    values: Floats
    form: str

    def squared(self, totals: Floats) -> Floats:
        """Shape (k, values, values) for totals of shape (k, values)."""
        first, second = self.values[:, None], self.values[None, :]
        match self.form:
            case "nominal":
                return np.asarray((first != second).astype(np.float64))[None]
            case "interval":
                return np.asarray((first - second) ** 2)[None]
            case "ratio":
                sums = np.where(first + second == 0, 1.0, first + second)
                return np.asarray(((first - second) / sums) ** 2)[None]
            case _:
                middle = np.cumsum(totals, axis=1) - totals / 2
                return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _alpha(pairs: Floats, distances: _Distances) -> Floats:
    """α of summed coincidences, shape (k, values, values); NaN where all ratings are the same."""
    totals = pairs.sum(axis=1)
    squared = distances.squared(totals)
    observed = (pairs * squared).sum(axis=(1, 2))
    chance = totals[:, :, None] * totals[:, None, :]
    expected = (chance * squared).sum(axis=(1, 2)) / (totals.sum(axis=1) - 1)
    ratio = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    return np.asarray(1 - ratio)


def _resampled(pairs: Floats, distances: _Distances, level: float, seed: int) -> Interval | None:
    """Percentile interval over resampled items; draws in which all ratings are the same say nothing."""
    items = len(pairs)
    if items < 2:
        return None
    flat = pairs.reshape(items, -1)
    weights = np.random.default_rng(seed).multinomial(items, np.full(items, 1 / items), RESAMPLES)
    drawn = (weights @ flat).reshape(RESAMPLES, *pairs.shape[1:])
    found = _alpha(drawn, distances)
    found = found[np.isfinite(found)]
    if len(found) < RESAMPLES // 2:
        return None
    lower, upper = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(lower=float(lower), upper=float(upper), level=level, method="bootstrap_percentile")
