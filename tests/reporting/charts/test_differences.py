"""What differs between two sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.reporting.run_records import evaluation
from tests.reporting.sides import side

from lattice.reporting.charts import series_colour
from lattice.reporting.charts.differences import differences_chart
from lattice.reporting.comparison import Report, compare

OLD = [2, 2, 3, 3, 4, 4, 2, 3, 4, 3] * 4
NEW = [3, 3, 4, 4, 4, 5, 3, 4, 4, 2] * 4


def report(*candidates: list[Any], names: tuple[str, ...] = ("score",), **changes: Any) -> Report:
    baseline = side("a#1", OLD, names=names, **changes)
    return compare(
        [(baseline, side(f"a#{place}", each, names=names, **changes)) for place, each in enumerate(candidates, 2)]
    )


def test_inputs_are_counted_by_how_far_they_moved() -> None:
    chart = differences_chart(report(NEW))
    counts = {row["middle"]: row["count"] for row in chart.spec["data"]["values"]}
    assert counts == {-0.25: 4, 0.0: 8, 0.25: 28}
    assert chart.title.startswith("a#2 is better than a#1 in score: +0.15 [+0.")
    assert "28 better, 4 worse, 8 equal" in chart.caption
    assert chart.table.rows == (("−0.25", "4"), ("0", "8"), ("+0.25", "28"))


def test_each_side_has_its_colour() -> None:
    chart = differences_chart(report(NEW))
    bars = next(layer for layer in chart.spec["layer"] if layer["mark"]["type"] == "bar")
    colours = dict(zip(*(bars["encoding"]["color"]["scale"][end] for end in ("domain", "range")), strict=True))
    assert (colours["worse"], colours["better"]) == (series_colour(0), series_colour(1))


def test_what_may_be_noise_is_not_called_a_difference() -> None:
    chart = differences_chart(report(OLD[1:] + OLD[:1]))
    assert chart.title.startswith("a#2 cannot be told from a#1 in score: ")


def test_many_different_differences_are_put_together() -> None:
    old = {place: [1 + (place * 7 % 40) / 10] for place in range(1, 41)}
    new = {place: [1 + (place * 11 % 40) / 10] for place in range(1, 41)}
    found = compare([(side("a#1", old), side("a#2", new))])
    rows = differences_chart(found).spec["data"]["values"]
    assert len(rows) <= 21
    assert sum(row["count"] for row in rows) == 40


def test_several_comparisons_stand_side_by_side() -> None:
    configured = evaluation(criteria=[{"name": "tone"}])
    chart = differences_chart(report(NEW, OLD, names=("score", "tone"), configured=configured))
    assert [row["row"] for row in chart.spec["data"]["values"]] == [
        "score · a#2",
        "tone · a#2",
        "score · a#3",
        "tone · a#3",
    ]
    assert chart.title == "Of 4 comparisons: 2 better, 2 not to be told from noise."
    assert chart.caption.startswith("Against a#1.")


def test_one_of_several_comparisons_can_be_looked_into() -> None:
    found = report(NEW, OLD)
    chart = differences_chart(found, found.comparisons[1])
    assert [row["count"] for row in chart.spec["data"]["values"]] == [40]


def test_runs_over_different_inputs_have_an_interval_and_no_bars() -> None:
    chart = differences_chart(compare([(side("a#1", OLD), side("a#2", NEW, inputs_hash="other"))]))
    assert len(chart.spec["data"]["values"]) == 1
    assert "Not fair" in chart.caption


def test_a_failed_input_is_no_difference() -> None:
    chart = differences_chart(report([None, *NEW[1:]]))
    assert sum(row["count"] for row in chart.spec["data"]["values"]) == len(OLD) - 1


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was compared"):
        differences_chart(replace(report(NEW), comparisons=()))
