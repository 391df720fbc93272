"""An evaluation's runs over time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.reporting.charts.subjects import example, renamed, scored
from tests.reporting.run_records import NOW

from lattice.reporting.charts.history import CROSS, MOST_RUNS, NO_GATE, Past, history_chart
from lattice.reporting.charts.subjects import Subject


def past(number: int, subject: Subject, verdict: str = "pass", version: int = 1) -> Past:
    at = NOW + timedelta(days=number)
    return Past(number=number, version=version, verdict=verdict, at=at, subject=subject)


LOW, HIGH = scored({0: [2, 3, 2, 3]}), scored({0: [4, 5, 5, 5]})


def shapes(spec: Any) -> dict[str, str]:
    found = [layer["encoding"]["shape"]["scale"] for layer in spec["layer"] if "shape" in layer["encoding"]]
    return dict(zip(found[0]["domain"], found[0]["range"], strict=True))


def test_the_last_run_is_held_against_the_one_before() -> None:
    chart = history_chart([past(1, LOW), past(2, HIGH)])
    assert chart.title == "Run #2 has a mean of 0.94, up from 0.38."
    assert history_chart([past(1, HIGH), past(2, LOW)]).title == "Run #2 has a mean of 0.38, down from 0.94."
    assert history_chart([past(1, LOW), past(2, LOW)]).title == "Run #2 has a mean of 0.38, as before."
    assert history_chart([past(1, LOW)]).title == "Run #1 has a mean of 0.38."


def test_the_verdict_of_the_gates_is_a_shape() -> None:
    chart = history_chart([past(1, LOW, "fail"), past(2, HIGH, "pass"), past(3, HIGH, "inconclusive")])
    assert shapes(chart.spec) == {"pass": "circle", "fail": CROSS, "inconclusive": "diamond"}
    assert [row[3] for row in chart.table.rows] == ["inconclusive", "pass", "fail"]


def test_without_gates_there_is_no_legend_of_verdicts() -> None:
    chart = history_chart([past(1, LOW, NO_GATE)])
    [legend] = [layer["encoding"]["shape"]["legend"] for layer in chart.spec["layer"] if "shape" in layer["encoding"]]
    assert legend is None


def test_a_changed_configuration_is_marked() -> None:
    chart = history_chart([past(1, LOW), past(2, HIGH, version=2), past(3, HIGH, version=2)])
    marks = [row for layer in chart.spec["layer"] for row in layer.get("data", {}).get("values", ())]
    assert [row["version"] for row in marks] == ["v2", "v2"]
    assert {row["run"] for row in marks} == {"#2\n3 Mar"}
    assert "Dotted: the configuration changed." in chart.caption


def test_a_single_target_is_followed_under_another_name() -> None:
    chart = history_chart([past(1, renamed(["Old"])), past(2, renamed(["New"]))])
    assert {row["series"] for row in chart.spec["data"]["values"]} == {"New"}
    assert len(chart.spec["data"]["values"]) == 2


def test_of_several_targets_those_of_the_last_run_are_followed() -> None:
    chart = history_chart([past(1, renamed(["A", "gone"])), past(2, renamed(["A", "B"]))])
    assert [(row["run"][:2], row["series"]) for row in chart.spec["data"]["values"]] == [
        ("#1", "A"),
        ("#2", "A"),
        ("#2", "B"),
    ]


def test_a_run_that_measured_something_else_is_left_out() -> None:
    other = replace(LOW, scales={"cites": None})
    assert len(history_chart([past(1, other), past(2, HIGH)]).spec["data"]["values"]) == 1


def test_a_long_history_shows_its_end() -> None:
    chart = history_chart([past(number, LOW) for number in range(1, MOST_RUNS + 11)])
    assert len(chart.spec["data"]["values"]) == MOST_RUNS
    assert f"The last {MOST_RUNS} of {MOST_RUNS + 10} runs." in chart.caption


def test_thresholds_of_the_last_run_are_in_sight() -> None:
    chart = history_chart([past(1, example(gates=("mean > 0.3",)))])
    domains = [each["scale"].get("domain") for layer in chart.spec["layer"] if (each := layer["encoding"].get("y"))
               and "scale" in each]  # fmt: skip
    assert [0.25, 1.0] in domains
