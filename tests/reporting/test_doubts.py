"""Why judges may not be believed."""

from __future__ import annotations

from typing import Any

import pytest

from lattice.core.evaluation import Evaluation
from lattice.reporting.doubts import doubts_about_judges

FAVOUR = "models favour their own answers"
PLUMBING = "is a very small judge: it shows the plumbing, not the truth; do not believe its scores"


def evaluation(scoring: dict[str, Any] | None, *models: str, **settings: Any) -> Evaluation:
    targets = [{"name": f"T{place}", "model": model} for place, model in enumerate(models, start=1)]
    return Evaluation.model_validate(
        {"name": "E", "targets": targets, "inputs": {"items": ["a"]}, "scoring": scoring, **settings}
    )


def judge(model: str, **settings: Any) -> dict[str, Any]:
    return {"model": model, **settings}


def test_a_judge_that_is_none_of_the_targets_is_not_doubted() -> None:
    assert list(doubts_about_judges(evaluation({"judge": judge("sim/judge")}, "sim/a", "sim/b"))) == []


def test_each_target_whose_own_model_judges_is_named() -> None:
    found = doubts_about_judges(evaluation({"judge": judge("sim/a")}, "sim/a", "sim/b", "sim/a"))
    assert list(found) == [
        f"T1 is judged by its own model, sim/a: {FAVOUR}",
        f"T3 is judged by its own model, sim/a: {FAVOUR}",
    ]


def test_one_seat_of_a_panel_is_enough() -> None:
    scoring = {"judges": [judge("sim/x"), judge("sim/a", name="Second")]}
    assert list(doubts_about_judges(evaluation(scoring, "sim/a"))) == [
        f"one of the judges of T1 is its own model, sim/a: {FAVOUR}"
    ]
    same = {"judges": [judge("sim/a"), judge("sim/a", name="Second")]}
    assert list(doubts_about_judges(evaluation(same, "sim/a"))) == [f"T1 is judged by its own model, sim/a: {FAVOUR}"]


@pytest.mark.parametrize(("own", "named"), [("sim/a", "T1"), ("sim/b", "T2")])
def test_in_pairs_the_baseline_can_be_favoured_as_well(own: str, named: str) -> None:
    scoring = {"judge": judge(own, mode="pairwise")}
    found = doubts_about_judges(evaluation(scoring, "sim/a", "sim/b", type="comparison"))
    assert list(found) == [f"{named} is judged by its own model, {own}: {FAVOUR}"]


def test_a_target_that_is_no_model_cannot_judge_itself() -> None:
    targets = [{"http": {"url": "https://a.example"}}, {"python": "own_stack:answer"}]
    assert list(doubts_about_judges(evaluation({"judge": judge("sim/a")}, targets=targets))) == []


def test_a_small_local_judge_shows_the_plumbing() -> None:
    scoring = {"judge": judge("local/smollm2")}
    assert list(doubts_about_judges(evaluation(scoring, "sim/a"))) == [f"local/smollm2 {PLUMBING}"]
    own = {"local": {"base_url": "http://localhost:8000/v1"}}
    assert list(doubts_about_judges(evaluation(scoring, "sim/a", providers=own))) == []


def test_without_a_judge_there_is_nothing_to_doubt() -> None:
    assert list(doubts_about_judges(evaluation(None, "sim/a", type="operational"))) == []
