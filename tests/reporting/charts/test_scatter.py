"""Inputs of a comparison as points."""

from __future__ import annotations

from tests.reporting.sides import side

from lattice.core.judging import JudgeSettings
from lattice.reporting.charts.rendering import svg
from lattice.reporting.charts.scatter import REGION, gathered, scatter_chart
from lattice.reporting.comparison import compare
from lattice.scoring.scales import scale_of

OLD = [2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 2.0, 3.0, 4.0, 3.0]
NEW = [3.0, 3.0, 4.0, 4.0, 4.0, 5.0, 3.0, 4.0, 1.0, 3.0]
COMPARISON = compare([(side("a#1", OLD), side("a#2", NEW))]).comparisons[0]
POINTS = [((old - 1) / 4, (new - 1) / 4) for old, new in zip(OLD, NEW, strict=True)]


def test_points_count_inputs_with_the_same_two_scores() -> None:
    chart = scatter_chart(COMPARISON, POINTS, scale_of(JudgeSettings(model="sim/judge")))
    rows = chart.spec["data"]["values"]
    assert sum(row["count"] for row in rows) == len(OLD)
    worse = [row for row in rows if row["way"] == "worse"]
    assert [(row["baseline"], row["candidate"], row["count"]) for row in worse] == [(0.75, 0.0, 1)]
    assert chart.table.rows[0] == ("0.25", "0.50", "+0.25", "3")
    assert chart.title == COMPARISON_TITLE


COMPARISON_TITLE = scatter_chart(COMPARISON, POINTS, None).title


def test_a_region_can_be_marked_and_the_chart_drawn() -> None:
    chart = scatter_chart(COMPARISON, POINTS, None)
    assert [each["params"][0]["name"] for each in chart.spec["layer"] if "params" in each] == [REGION]
    assert "<svg" in svg(chart)


def test_many_different_scores_are_put_together_in_steps() -> None:
    points = [(n / 1000, (1000 - n) / 1000) for n in range(1001)]
    places = gathered(points)
    assert sum(places.values()) == 1001
    assert len(places) <= 21
