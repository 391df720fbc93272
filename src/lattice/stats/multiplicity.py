"""Several tests at once: of twenty comparisons without a difference, one looks significant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.samples import as_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedPValues:
    """p-values to be read as if there were one test; in the order they were given. Behaves as a sequence."""

    values: tuple[float, ...]
    method: str

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, place: int) -> float:
        return self.values[place]


def holm(p_values: Sequence[float] | ArrayLike) -> AdjustedPValues:
    """Adjust for any wrong claim among all of them (Holm 1979): for gates and claims.

    Raises
    ------
    ValueError: no p-value, or one outside 0–1.
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float] | ArrayLike) -> AdjustedPValues:
    """Adjust for the share of wrong ones among those found (Benjamini and Hochberg 1995): for exploring.

    Raises
    ------
    ValueError: no p-value, or one outside 0–1.
    """
    return _adjusted(p_values, "benjamini_hochberg")


def _adjusted(p_values: Sequence[float] | ArrayLike, method: str) -> AdjustedPValues:
    from statsmodels.stats.multitest import multipletests  # heavy

    values = as_scores(np.asarray(p_values), what="p-value")
    names = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}
    adjusted = multipletests(values, method=names[method])[1]
    return AdjustedPValues(values=tuple(float(value) for value in adjusted), method=method)
