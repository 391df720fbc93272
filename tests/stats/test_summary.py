"""One metric in a few numbers."""

from __future__ import annotations

import numpy as np
import pytest

from lattice.stats import summarise


def test_the_worked_example() -> None:
    found = summarise(np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], [8, 12, 28, 82, 67]))
    assert found.mean == pytest.approx(0.738579, abs=1e-6)
    assert found.std == pytest.approx(0.261587, abs=1e-6)
    assert (found.n, found.median, found.minimum, found.maximum) == (197, 0.75, 0.0, 1.0)
    assert found.interval is not None
    assert found.interval.lower == pytest.approx(0.698976, abs=1e-6)


def test_no_score_is_no_estimate_not_zero() -> None:
    found = summarise([])
    assert (found.n, found.mean, found.median, found.std, found.interval) == (0, None, None, None, None)


def test_one_score_is_a_mean_without_an_interval() -> None:
    found = summarise([0.5])
    assert (found.n, found.mean, found.std, found.interval) == (1, 0.5, None, None)


def test_one_cluster_has_no_interval() -> None:
    found = summarise([0.5, 1.0], clusters=["a", "a"])
    assert (found.mean, found.interval) == (0.75, None)


def test_a_score_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="score 1 is nan"):
        summarise([float("nan")])
