"""What two configurations say differently."""

from __future__ import annotations

from typing import Any

from lattice.config.differences import differences
from lattice.core.evaluation import Evaluation


def evaluation(**changes: Any) -> Evaluation:
    return Evaluation.model_validate(
        {
            "name": "A",
            "targets": [{"model": "sim/a", "system": "Be kind.\nBe short."}],
            "inputs": {"items": ["x"]},
            "scoring": {"judge": {"model": "sim/j"}},
            **changes,
        }
    )


def lines(before: Evaluation, after: Evaluation) -> list[str]:
    return [line for each in differences(before, after) for line in each.lines()]


def test_equal_configurations_have_none_whatever_was_written_down() -> None:
    assert differences(evaluation(), evaluation(run={"repeats": 1})) == ()


def test_a_changed_value_stands_beside_the_old_one() -> None:
    found = lines(evaluation(), evaluation(scoring={"judge": {"model": "sim/k"}}, gates=["mean > 0.5"]))
    assert found == [
        "- scoring.judge.model: sim/j",
        "+ scoring.judge.model: sim/k",
        "- gates: []",
        "+ gates: ['mean > 0.5']",
    ]


def test_what_is_there_on_one_side_alone_has_one_line() -> None:
    assert lines(evaluation(), evaluation(inputs={"items": ["x"], "limit": 3})) == ["+ inputs.limit: 3"]


def test_a_long_text_is_compared_line_by_line() -> None:
    other = evaluation(targets=[{"model": "sim/a", "system": "Be kind.\nBe brief."}])
    assert lines(evaluation(), other) == ["targets.0.system:", "  - Be short.", "  + Be brief."]
