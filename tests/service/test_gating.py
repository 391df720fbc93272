"""Regressions: a candidate that is worse beyond noise, or that cannot be told to be none."""

from __future__ import annotations

import numpy as np
from tests.reporting.run_records import evaluation
from tests.reporting.sides import Native, side, stopped

from lattice.gates import Verdict
from lattice.reporting.comparison import compare
from lattice.reporting.sides import Side
from lattice.service.gating import Decision, decide_regressions


def draws(mean: float, seed: int, n: int = 200) -> list[Native]:
    return [float(each) for each in 1 + np.random.default_rng(seed).binomial(4, mean, n)]


def regressions(*pairs: tuple[Side, Side]) -> Decision:
    return decide_regressions(compare(pairs))


def test_worse_beyond_noise_fails_and_everything_else_passes() -> None:
    base = side("a", draws(0.7, 1))
    assert regressions((base, side("b", draws(0.5, 2)))).verdict is Verdict.FAIL
    assert regressions((base, side("b", draws(0.7, 3)))).verdict is Verdict.PASS
    assert regressions((base, side("b", draws(0.9, 4)))).verdict is Verdict.PASS


def test_scores_that_are_missing_may_hide_a_regression() -> None:
    natives = draws(0.7, 1)
    dropped: list[Native] = [None if place % 5 == 0 else native for place, native in enumerate(natives)]
    found = regressions((side("a", natives), side("b", dropped)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "40 of 200" in found.gates[0].reason


def test_few_missing_scores_do_not() -> None:
    natives = draws(0.7, 1)
    found = regressions((side("a", natives), side("b", [None, None, *draws(0.75, 5)[2:]])))
    assert found.verdict is Verdict.PASS


def test_an_unfair_or_unfinished_pair_is_not_evaluated() -> None:
    base = side("a", draws(0.7, 1))
    unfair = regressions((base, side("b", draws(0.7, 3), configured=evaluation(rubric="Be kind."))))
    assert unfair.verdict is Verdict.NOT_EVALUATED
    assert "not a fair comparison with a: different rubrics" in unfair.gates[0].reason
    order = list(range(1, 201))
    ended = regressions((side("a", draws(0.7, 1), order=order), stopped("b", draws(0.2, 3), order=order)))
    assert ended.verdict is Verdict.NOT_EVALUATED
    assert "cancelled" in ended.gates[0].reason


def test_too_few_scores_are_inconclusive() -> None:
    assert regressions((side("a", [3.0]), side("b", [3.0]))).verdict is Verdict.INCONCLUSIVE


def test_of_many_comparisons_one_fails_only_once_corrected() -> None:
    base, other = draws(0.75, 1), draws(0.70, 6)
    assert regressions((side("a", base), side("b", other))).verdict is Verdict.FAIL
    same = [(side("a", base), side(f"c{n}", base)) for n in range(7)]
    found = regressions((side("a", base), side("b", other)), *same)
    assert found.verdict is Verdict.PASS
    assert "not once corrected for 8 comparisons" in found.gates[0].reason
