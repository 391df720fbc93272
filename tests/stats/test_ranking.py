"""Bradley–Terry abilities against two other implementations."""

from __future__ import annotations

import evalica
import numpy as np
import pytest
import statsmodels.api as sm

from lattice.stats import bradley_terry

# Home and away wins of seven baseball teams, Agresti, Categorical Data Analysis, table 10.10.
WINS = np.array([
    [0, 7, 9, 7, 7, 9, 11], [6, 0, 7, 5, 11, 9, 9], [4, 6, 0, 7, 7, 8, 12], [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12], [4, 4, 5, 6, 6, 0, 6], [2, 4, 1, 3, 1, 7, 0],
], dtype=float)  # fmt: skip


def test_abilities_and_errors_agree_with_a_generalised_linear_model() -> None:
    k = len(WINS)
    pairs = [(i, j) for i in range(k) for j in range(i)]
    design = np.zeros((len(pairs), k))
    for row, (i, j) in enumerate(pairs):
        design[row, i], design[row, j] = 1, -1
    outcome = np.array([[WINS[i, j], WINS[j, i]] for i, j in pairs])
    fitted = sm.GLM(outcome, design[:, 1:], family=sm.families.Binomial()).fit(tol=1e-12)
    raw = np.concatenate(([0.0], fitted.params))
    covariance = np.zeros((k, k))
    covariance[1:, 1:] = fitted.cov_params()
    centring = np.eye(k) - 1 / k
    found = bradley_terry(WINS)
    np.testing.assert_allclose(found.abilities, centring @ raw, atol=1e-6)
    np.testing.assert_allclose(found.covariance, centring @ covariance @ centring, atol=1e-6)
    np.testing.assert_allclose(found.standard_errors, np.sqrt(np.diag(found.covariance)))


def test_abilities_agree_with_evalica() -> None:
    names = list("abcdefg")
    rows = [(names[i], names[j], WINS[i, j]) for i in range(7) for j in range(7) if i != j]
    found = evalica.bradley_terry(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [evalica.Winner.X] * len(rows),
        weights=[row[2] for row in rows],
        tolerance=1e-12,
        limit=100_000,
    )
    expected = np.log(found.scores.loc[names].to_numpy())
    np.testing.assert_allclose(bradley_terry(WINS).abilities, expected - expected.mean(), atol=1e-6)


def test_two_targets_differ_by_the_log_odds_of_their_wins() -> None:
    found = bradley_terry([[0, 30.5], [9.5, 0]])
    assert found.abilities[0] - found.abilities[1] == pytest.approx(np.log(30.5 / 9.5))
    assert found.abilities.sum() == pytest.approx(0)
    assert found.n == 40


@pytest.mark.parametrize(
    ("wins", "message"),
    [
        ([[0, 3], [0, 0]], "infinitely far apart"),
        ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], "infinitely far apart"),
        ([[0, 1, 2], [1, 0, 2]], "square matrix"),
        ([[0, -1], [1, 0]], "0 or more"),
        ([[1, 1], [1, 0]], "diagonal"),
    ],
)
def test_wins_without_finite_abilities_are_named(wins: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bradley_terry(wins)
