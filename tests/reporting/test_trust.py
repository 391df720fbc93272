"""When a judge is said to be trusted, and in which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lattice.reporting.figures import Bounds
from lattice.reporting.trust import Standing, Trust, trust_of, trust_sentence


def standing(kappa: float | None, *ends: float, n: int = 30, judged: tuple[float, ...] = (1, 2, 5)) -> Standing:
    interval = Bounds(lower=ends[0], upper=ends[1], level=0.95, method="fisher_z") if ends else None
    return Standing(kappa=kappa, interval=interval, n=n, judged=judged)


@pytest.mark.parametrize(
    ("found", "trust"),
    [
        (standing(0.84, 0.60, 0.93), Trust.TRUSTED),
        (standing(0.84, 0.60, 0.93, n=29), Trust.NOT_YET),
        (standing(0.80, 0.59, 0.90), Trust.NOT_YET),
        (standing(0.30, -0.10, 0.60), Trust.NOT_YET),
        (standing(0.16, -0.16, 0.45), Trust.NOT_TRUSTED),
        (standing(0.16, -0.16, 0.45, n=10), Trust.NOT_TRUSTED),
        (standing(0.16, -0.16, 0.45, n=9), Trust.NOT_YET),
        (standing(None), Trust.NOT_YET),
        (standing(0.0, judged=(4,)), Trust.NOT_TRUSTED),
        (standing(0.0, judged=(4,), n=9), Trust.NOT_YET),
        (standing(0.0, judged=(3, 4)), Trust.NOT_YET),
    ],
)
def test_the_burden_of_proof_is_the_judges(found: Standing, trust: Trust) -> None:
    assert trust_of(found) is trust
    assert ("not to be trusted" in trust_sentence(found)) == (trust is not Trust.TRUSTED)


def test_the_sentence_has_the_number() -> None:
    assert trust_sentence(standing(0.16, -0.16, 0.45)) == (
        "This judge is not to be trusted: its agreement with the person is kappa = 0.16 "
        "(95% interval -0.16 to 0.45, n = 30), and even the upper end is below 0.60."
    )
    assert "to be trusted on inputs like these: its agreement" in trust_sentence(standing(0.84, 0.71, 0.91))


def test_a_trusted_judge_that_leans_is_said_to() -> None:
    kind = replace(standing(0.84, 0.71, 0.91), leaning=0.4)
    assert trust_sentence(kind).endswith("Yet it gives 0.40 levels more than the person on average.")
    assert "0.40 levels less" in trust_sentence(replace(kind, leaning=-0.4))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (standing(0.9, 0.8, 0.95, n=12), "trust takes at least 30 results"),
        (standing(0.7, 0.5, 0.85), "more scored results narrow it"),
        (standing(None), "both gave the same score to all 30"),
        (standing(0.0, judged=(3, 4)), "the person gave the same score to everything"),
        (standing(0.0, judged=(4,)), "it gave the same score to everything"),
    ],
)
def test_the_sentence_says_what_is_missing(found: Standing, said: str) -> None:
    assert said in trust_sentence(found)
