"""Conditions that speak of what there is not are found before anything is spent."""

from __future__ import annotations

import pytest

from lattice.core.conditions import parse_condition
from lattice.gates import Names, check, problem

NAMES = Names(
    targets=("Production RAG", "Staging"),
    metrics=("score", "accuracy", "cites a source"),
    native=frozenset({"score", "accuracy"}),
    passing=frozenset({"score"}),
)
AGAINST = Names(targets=("A",), metrics=("score", "accuracy"), native=frozenset({"score"}), against=True)


@pytest.mark.parametrize(
    "text",
    [
        "mean > 0.8",
        "Production RAG/accuracy.ci_lower >= 3.5 on native scale",
        "cites a source.mean > 0.9",
        "pass_rate > 0.9",
        "Staging/failure_rate < 0.05",
        "cost_usd < 5",
    ],
)
def test_what_there_is_is_fine(text: str) -> None:
    assert problem(parse_condition(text), NAMES) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Stagin/mean > 0.8", "did you mean 'Staging'?"),
        ("Elsewhere/mean > 0.8", "there are 'Production RAG', 'Staging'"),
        ("acuracy.mean > 0.8", "did you mean 'accuracy'?"),
        ("accuracy.failure_rate < 0.1", "belongs to a run; leave 'accuracy' out"),
        ("cites a source.mean > 3 on native scale", "has no native scale"),
        ("accuracy.pass_rate > 0.5", "has no pass rate; say what passes"),
        ("difference.mean > 0", "needs a baseline"),
    ],
)
def test_what_there_is_not_is_named(text: str, message: str) -> None:
    found = problem(parse_condition(text), NAMES)
    assert found is not None
    assert message in found


def test_differences_need_a_baseline_and_have_three_metrics() -> None:
    for text in (
        "difference.ci_lower > -0.02",
        "difference.accuracy.mean > 0",
        "difference.mean > 0.5 on native scale",
    ):
        assert problem(parse_condition(text), AGAINST) is None
    found = problem(parse_condition("difference.median > 0"), AGAINST)
    assert found is not None
    assert "a difference has mean, ci_lower, ci_upper, no median" in found
    assert problem(parse_condition("difference.style.mean > 0"), AGAINST) is not None


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)Stagin.*\n.*acuracy"):
        check([parse_condition("Stagin/mean > 1"), parse_condition("acuracy.mean > 1")], NAMES)
    check([parse_condition("mean > 1")], NAMES)
