"""The live mean: the same sequence, one score at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattice.stats import LiveMean, NoMeanLeft, confidence_sequence
from lattice.stats.live import GRID

LEVELS, WEIGHTS = [0.0, 0.25, 0.5, 0.75, 1.0], np.array([8, 12, 28, 82, 67]) / 197


def draws(n: int, seed: int = 0) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).choice(LEVELS, n, p=WEIGHTS)]


def test_it_agrees_with_the_sequence_to_one_cell_rounded_outward_at_every_look() -> None:
    scores = draws(400)
    exact, live = confidence_sequence(scores), LiveMean()
    for n, score in enumerate(scores):
        live.add(score)
        found = live.interval()
        assert -1e-6 <= exact.lower[n] - found.lower <= 1 / GRID + 1e-6
        assert -1e-6 <= found.upper - exact.upper[n] <= 1 / GRID + 1e-6
    assert (found.n, found.method) == (400, "betting")
    assert found.mean == pytest.approx(exact.mean[-1])


def test_taking_many_at_once_is_taking_them_one_by_one() -> None:
    scores = draws(1_500, seed=1)
    one_by_one, at_once = LiveMean(), LiveMean()
    for score in scores:
        one_by_one.add(score)
    at_once.extend(scores[:700])
    at_once.extend(scores[700:])
    assert one_by_one.interval() == at_once.interval()


def test_a_copy_goes_its_own_way() -> None:
    live = LiveMean()
    live.extend(draws(50))
    before, twin = live.interval(), live.copy()
    twin.extend([0.0] * 20)
    assert live.interval() == before
    live.extend([0.0] * 20)
    assert live.interval() == twin.interval()


def test_bounds_and_level_are_those_of_the_sequence() -> None:
    scores = [1 + 4 * score for score in draws(200, seed=2)]
    live = LiveMean(level=0.8, bounds=(1, 5))
    live.extend(scores)
    exact = confidence_sequence(scores, level=0.8, bounds=(1, 5))
    assert live.interval().lower == pytest.approx(exact.lower[-1], abs=4 / GRID + 1e-6)
    assert live.interval().level == 0.8


def test_a_hundred_thousand_scores_keep_only_the_candidates_that_are_left() -> None:
    live = LiveMean()
    live.extend(draws(100_000, seed=5))
    found = live.interval()
    assert found.n == 100_000
    assert found.lower < float(np.dot(LEVELS, WEIGHTS)) < found.upper
    assert found.upper - found.lower < 0.012


def test_before_the_first_score_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 1 score"):
        LiveMean().interval()


@pytest.mark.parametrize("score", [float("nan"), 1.5, -0.1])
def test_a_score_that_is_none_is_refused(score: float) -> None:
    live = LiveMean()
    with pytest.raises(ValueError, match="outside the bounds"):
        live.add(score)
    assert live.n == 0


def test_scores_that_no_mean_can_explain_leave_an_error_for_good() -> None:
    live = LiveMean()
    for score in [1.0] * 300 + [0.0] * 300:
        live.add(score)
    with pytest.raises(NoMeanLeft):
        live.interval()
    live.add(0.5)
    assert live.n == 601
    with pytest.raises(NoMeanLeft):
        live.interval()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_the_live_interval_never_grows(scores: list[float]) -> None:
    live, lower, upper = LiveMean(), 0.0, 1.0
    for score in scores:
        live.add(score)
        try:
            found = live.interval()
        except NoMeanLeft:
            return
        assert lower <= found.lower <= found.upper <= upper
        lower, upper = found.lower, found.upper
