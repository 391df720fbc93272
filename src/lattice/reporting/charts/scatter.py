"""Every input of a comparison as a point: the baseline's score across, the candidate's upright."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lattice.reporting import formats
from lattice.reporting.charts.difference_words import signed, title_of
from lattice.reporting.charts.palette import series_colour
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    QUIET_COLOUR,
    RULE_COLOUR,
    Json,
    Row,
    score_axis,
    specification,
    tooltip_of,
    upright_score_axis,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.comparison import Comparison
from lattice.scoring.scales import Scale

MOST_VALUES = 24
STEPS = 20
REGION = "region"
"""Name of the parameter that holds what was marked with the mouse."""

_HEIGHT = 360
_MOST_ROWS = 60

Place = tuple[float, float]


def scatter_chart(comparison: Comparison, points: Sequence[Place], scale: Scale | None, first_colour: int = 1) -> Chart:
    """How many inputs have which two scores; above the diagonal the candidate is better.

    Parameters
    ----------
    points: scores of baseline and candidate on 0–1, one for each input that has both.
    scale: of the metric; None where it has no levels of its own.
    first_colour: index of the candidate's colour.
    """
    places = gathered(points)
    title = title_of(comparison)
    rows = [
        {
            "baseline": before,
            "candidate": after,
            "count": count,
            "said": signed(after - before),
            "way": "better" if after > before else "worse" if after < before else "equal",
        }
        for (before, after), count in sorted(places.items())
    ]
    return Chart(
        name=ChartKind.DIFFERENCES.value,
        title=title,
        caption=_caption(comparison, len(points)),
        description=f"{title} Circles stand for inputs with the same two scores, and grow with their number.",
        spec=_spec(title, rows, scale, (series_colour(0), series_colour(first_colour))),
        table=_table(places),
    )


def _caption(comparison: Comparison, inputs: int) -> str:
    unfair = " Not fair: something beside the targets differs." if comparison.unfair else ""
    return (
        f"{formats.count(inputs)} inputs that both have a score for; above the dashed line the candidate is better, "
        f"on it they are equal.{unfair}"
    )


def gathered(points: Sequence[Place]) -> Counter[Place]:
    """How many inputs lie at each place; in steps of 0.05 where there are many different scores."""
    counts = Counter((round(before, 9), round(after, 9)) for before, after in points)
    if len({value for place in counts for value in place}) <= MOST_VALUES:
        return counts
    return Counter((round(before * STEPS) / STEPS, round(after * STEPS) / STEPS) for before, after in points)


def _table(places: Counter[Place]) -> ChartTable:
    largest = sorted(places.items(), key=lambda each: (-each[1], each[0]))[:_MOST_ROWS]
    return ChartTable(
        columns=("Baseline", "Candidate", "Difference", "Inputs"),
        rows=tuple(
            (formats.score(before), formats.score(after), signed(after - before), formats.count(count))
            for (before, after), count in largest
        ),
        numbers_from=0,
    )


def _spec(title: str, rows: Sequence[Row], scale: Scale | None, colours: tuple[str, str]) -> Json:
    sight = {"domain": [-0.06, 1.06], "nice": False}
    x: Json = {
        "field": "baseline",
        "type": "quantitative",
        "scale": sight,
        "axis": {**score_axis(scale, title="Baseline"), "grid": True},
    }
    y: Json = {
        "field": "candidate",
        "type": "quantitative",
        "scale": sight,
        "axis": upright_score_axis(scale, title="Candidate"),
    }
    ends = [{"baseline": 0.0, "candidate": 0.0}, {"baseline": 1.0, "candidate": 1.0}]
    way: Json = {
        "field": "way",
        "type": "nominal",
        "scale": {"domain": ["worse", "equal", "better"], "range": [colours[0], RULE_COLOUR, colours[1]]},
    }
    layers: list[Json] = [
        {
            "data": {"values": ends},
            "mark": {"type": "line", "strokeWidth": 1, "strokeDash": [4, 4], "color": QUIET_COLOUR},
            "encoding": {"x": x, "y": y},
        },
        {
            "params": [{"name": REGION, "select": {"type": "interval", "encodings": ["x", "y"]}}],
            "mark": {"type": "point", "filled": True, "opacity": 0.75},
            "encoding": {
                "x": x,
                "y": y,
                "size": {
                    "field": "count",
                    "type": "quantitative",
                    "scale": {"range": [40, 1100], "zero": True},
                    "legend": None,
                },
                "color": {**way, "legend": {"title": None}},
                "shape": {
                    **way,
                    "scale": {
                        "domain": ["worse", "equal", "better"],
                        "range": ["triangle-down", "circle", "triangle-up"],
                    },
                    "legend": {"title": None},
                },
                "tooltip": tooltip_of(
                    ("baseline", "Baseline", ".2f"),
                    ("candidate", "Candidate", ".2f"),
                    ("said", "Difference"),
                    ("count", "Inputs", ",d"),
                ),
            },
        },
        {
            "transform": [{"filter": {"field": "count", "gt": 1}}],
            "mark": {"type": "text", "fontSize": 10.5, "color": INK_COLOUR},
            "encoding": {"x": x, "y": y, "text": {"field": "count", "type": "quantitative", "format": ",d"}},
        },
    ]
    return specification(title, rows, layers, height=_HEIGHT)
