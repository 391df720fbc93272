"""Abilities of several targets from head-to-head wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lattice.stats.samples import Floats

_STEPS = 100
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class BradleyTerry:
    """Abilities on the log-odds scale: i beats j with the odds exp(abilities[i] − abilities[j]).

    Parameters
    ----------
    abilities: shape (k,), their mean is 0.
    standard_errors: shape (k,), of the centred abilities.
    covariance: shape (k, k), of the centred abilities; for a difference take c[i, i] + c[j, j] − 2 c[i, j].
    n: comparisons.
    """

    abilities: Floats
    standard_errors: Floats
    covariance: Floats
    n: float
    method: str = "bradley_terry_ml"


def bradley_terry(wins: ArrayLike) -> BradleyTerry:
    """Abilities by maximum likelihood (Bradley and Terry 1952), with their full covariance.

    Parameters
    ----------
    wins: shape (k, k), k ≥ 2; entry [i, j] is how often i beat j, a tie half a win for each. The diagonal is
        0.

    Raises
    ------
    ValueError: another shape, negative or missing numbers, or a group that never lost to (or never met) the
    rest,
        whose abilities would be infinite.
    """
    table = _as_wins(wins)
    games = table + table.T
    k, scored = len(table), table.sum(axis=1)
    abilities = np.zeros(k)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(abilities[None, :] - abilities[:, None]))
        information = _information(games * chance * (1 - chance))
        # The information is singular along equal shifts of all; adding them in keeps the step centred.
        step = np.linalg.solve(information + 1 / k, scored - (games * chance).sum(axis=1))
        abilities = abilities + step / max(1.0, float(np.abs(step).max()))
        abilities -= abilities.mean()
        if np.abs(step).max() < _CLOSE:
            break
    chance = 1 / (1 + np.exp(abilities[None, :] - abilities[:, None]))
    information = _information(games * chance * (1 - chance))
    covariance = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
    return BradleyTerry(
        abilities=abilities,
        standard_errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        n=float(table.sum()),
    )


def _as_wins(wins: ArrayLike) -> Floats:
    table = np.asarray(wins, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ValueError(f"wins must be a square matrix of 2 rows or more, not of shape {table.shape}")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("wins must be numbers, 0 or more")
    if np.diag(table).any():
        raise ValueError("the diagonal must be 0: nobody plays against itself")
    for start in range(len(table)):
        for direction, did in ((table, "beat"), (table.T, "lost to")):
            reached = _reached(direction > 0, start)
            if not reached.all():
                rest = int(np.flatnonzero(~reached)[0])
                raise ValueError(
                    f"neither number {start + 1} nor anyone it {did} ever {did} number {rest + 1}: "
                    "their abilities would be infinitely far apart"
                )
    return table


def _reached(edges: np.ndarray, start: int) -> np.ndarray:
    """Who can be reached from one along the edges."""
    reached = np.zeros(len(edges), dtype=bool)
    reached[start] = True
    for _ in range(len(edges)):
        reached = reached | edges[reached].any(axis=0)
    return reached


def _information(weights: Floats) -> Floats:
    """Fisher information of the abilities: a Laplacian."""
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)
