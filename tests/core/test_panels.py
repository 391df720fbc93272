"""What a panel of judges may be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lattice.core.evaluation import Scoring
from lattice.core.judging import JudgeSettings


def problems(scoring: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Scoring.model_validate(scoring)
    return str(caught.value)


A, B = {"model": "sim/a"}, {"model": "sim/b"}


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ({"judges": [A]}, "at least 2 items"),
        ({"judges": [A, A]}, "another judge is called 'a'; give each a name of its own"),
        ({"judges": [A, {**B, "scale": "binary"}]}, "all judges of a panel have the same scale"),
        ({"judges": [A, {**B, "criteria": [{"name": "tone"}]}]}, "all judges of a panel have the same criteria"),
        ({"judges": [A, {**B, "pass": ">= 3"}]}, "all judges of a panel have the same pass"),
        ({"judges": [A, {**B, "mode": "pairwise"}]}, "pairwise mode has one judge"),
        ({"judge": A, "judges": [A, B]}, "expected exactly one of"),
        ({"judge": A, "aggregate": "median"}, "nothing to aggregate"),
        ({"judge": {**A, "mode": "pairwise", "samples": 2}}, "judged once in each order"),
        ({"judge": {**A, "samples": 0}}, "greater than or equal to 1"),
        ({"judge": {**A, "name": "a/b"}}, "without slashes"),
        ({"judge": {**A, "samples": 2, "criteria": [{"name": "disagreement"}]}}, "how far its votes lie apart"),
    ],
)
def test_what_makes_no_panel_is_said(scoring: dict[str, Any], message: str) -> None:
    assert message in problems(scoring)


def test_a_judge_is_called_by_its_name_or_by_the_last_part_of_its_model() -> None:
    assert JudgeSettings(model="openai/gpt-4.1").label == "gpt-4.1"
    assert JudgeSettings(model="router/meta/llama").label == "llama"
    assert JudgeSettings(model="router/meta/llama", name="strict").label == "strict"


def test_one_judge_with_one_vote_is_no_panel() -> None:
    assert not Scoring.model_validate({"judge": A}).seats
    assert [seat.metrics for seat in Scoring.model_validate({"judges": [A, B]}).seats] == [("judge:a",), ("judge:b",)]
