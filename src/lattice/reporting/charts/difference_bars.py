"""One comparison, input by input: how many moved by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import fsum

from lattice.reporting import formats
from lattice.reporting.charts.difference_words import (
    SIGNED_LABELS,
    caption_of,
    difference_words,
    signed,
    title_of,
)
from lattice.reporting.charts.palette import series_colour
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    QUIET_COLOUR,
    RULE_COLOUR,
    WHOLE_LABELS,
    Json,
    Row,
    specification,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.comparison import Comparison, Report

MOST_VALUES = 24
STEPS = 20
_HEIGHT = 240
_ABOVE = 26
_CLEARANCE = 60


def by_input_chart(report: Report, comparison: Comparison) -> Chart:
    """How many inputs moved by how much, the mean difference with its interval above them."""
    names = [side.name for side in report.sides]
    colours = [series_colour(names.index(each)) for each in (comparison.baseline, comparison.candidate)]
    values = _differences(report, comparison)
    binned = _binned(values)
    title = title_of(comparison)
    return Chart(
        name=ChartKind.DIFFERENCES.value,
        title=title,
        caption=caption_of(comparison),
        description=f"{title} Bars count inputs by the difference between their two scores, from −1 to 1.",
        spec=_bars_spec(title, comparison, binned, colours),
        table=ChartTable(
            columns=("Difference", "Inputs"),
            rows=tuple((signed(middle), formats.count(count)) for _, _, middle, count in binned),
            numbers_from=0,
        ),
    )


def _differences(report: Report, comparison: Comparison) -> list[float]:
    """Of every input that has a score on both sides, repeats averaged."""
    before = report.side(comparison.baseline).scores.metrics[comparison.metric]
    after = report.side(comparison.candidate).scores.metrics[comparison.metric]
    found = []
    for position in before.keys() & after.keys():
        old, new = (_average(each[position]) for each in (before, after))
        if old is not None and new is not None:
            found.append(round(new - old, 9))
    return found


def _average(trials: Sequence[float | None]) -> float | None:
    known = [score for score in trials if score is not None]
    return fsum(known) / len(known) if known else None


Bin = tuple[float, float, float, int]
"""From, to, middle, inputs."""


def _binned(values: Sequence[float]) -> list[Bin]:
    """A bar for each difference while there are few of them, else for each tenth; 0 has one of its own."""
    counts = Counter(values)
    if len(counts) > MOST_VALUES:
        counts = Counter(round(value * STEPS / 2) * 2 / STEPS for value in values)
        width = 2 / STEPS
    else:
        ordered = sorted({*counts, 0.0})
        gaps = [high - low for low, high in pairwise(ordered)]
        width = min([*gaps, 0.25])
    half = max(width, 0.01) * 0.4
    return [(value - half, value + half, value, counts[value]) for value in sorted(counts)]


def _bars_spec(title: str, comparison: Comparison, bins: Sequence[Bin], colours: Sequence[str]) -> Json:
    reach = max([abs(middle) for _, _, middle, _ in bins] or [0.0])
    interval = comparison.interval
    ends = [0.1, reach + 0.1] + ([abs(interval.lower), abs(interval.upper)] if interval else [])
    limit = min(1.1, max(ends))
    rows: list[Row] = [
        {
            "from": low,
            "to": high,
            "middle": middle,
            "count": count,
            "way": "better" if middle > 0 else "worse" if middle < 0 else "equal",
        }
        for low, high, middle, count in bins
    ]
    x: Json = {
        "type": "quantitative",
        "scale": {"domain": [-limit, limit], "nice": False},
        "axis": {
            "title": "Difference of the scores (candidate less baseline), 0–1",
            "labelExpr": SIGNED_LABELS,
            "tickCount": 9,
        },
    }
    most = max((count for _, _, _, count in bins), default=1)
    y: Json = {
        "field": "count",
        "type": "quantitative",
        # Room above the highest bar for the mean.
        "scale": {"domain": [0, most * _HEIGHT / (_HEIGHT - _CLEARANCE)], "nice": False},
        "axis": {"title": "Inputs", "labelExpr": WHOLE_LABELS, "tickCount": 4},
    }
    layers: list[Json] = [
        {
            "data": {"values": [{"at": 0}]},
            "mark": {"type": "rule", "strokeWidth": 1, "color": INK_COLOUR},
            "encoding": {"x": {**x, "field": "at"}, "y": {"value": 0}, "y2": {"value": 1.5 * _ABOVE}},
        },
        {
            "mark": {"type": "bar"},
            "encoding": {
                "x": {**x, "field": "from"},
                "x2": {"field": "to"},
                "y": y,
                "y2": {"datum": 0},
                "color": {
                    "field": "way",
                    "type": "nominal",
                    "legend": None,
                    "scale": {
                        "domain": ["worse", "equal", "better"],
                        "range": [colours[0], RULE_COLOUR, colours[1]],
                    },
                },
                "tooltip": tooltip_of(("middle", "Difference", "+.3f"), ("count", "Inputs", ",d")),
            },
        },
        {
            "mark": {"type": "text", "dy": -5, "baseline": "bottom", "fontSize": 11, "color": QUIET_COLOUR},
            "encoding": {
                "x": {**x, "field": "middle"},
                "y": y,
                "text": {"field": "count", "type": "quantitative", "format": ",d"},
            },
        },
        *_mean_layers(comparison, x),
        *_direction_layers(),
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _mean_layers(comparison: Comparison, x: Json) -> list[Json]:
    """The mean difference and its interval, above the bars."""
    if comparison.difference is None:
        return []
    interval = comparison.interval
    row: Row = {
        "difference": comparison.difference,
        "lower": interval.lower if interval else comparison.difference,
        "upper": interval.upper if interval else comparison.difference,
        "said": difference_words(comparison),
    }
    data, place = {"values": [row]}, {"value": _ABOVE}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeWidth": 3, "strokeCap": "round", "color": INK_COLOUR},
            "encoding": {"x": {**x, "field": "lower"}, "x2": {"field": "upper"}, "y": place},
        },
        {
            "data": data,
            "mark": {
                "type": "point",
                "filled": True,
                "shape": "diamond",
                "opacity": 1,
                "size": 110,
                "color": INK_COLOUR,
            },
            "encoding": {
                "x": {**x, "field": "difference"},
                "y": place,
                "tooltip": tooltip_of(("said", "Mean difference")),
            },
        },
    ]


def _direction_layers() -> list[Json]:
    """Which way is which, in words."""
    ends = (("← baseline is better", {"value": 0}, "left"), ("candidate is better →", {"value": "width"}, "right"))
    return [
        {
            "data": {"values": [{"said": said}]},
            "mark": {
                "type": "text",
                "align": align,
                "baseline": "bottom",
                "dy": -6,
                "fontSize": 11,
                "color": QUIET_COLOUR,
            },
            "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "said", "type": "nominal"}},
        }
        for said, x, align in ends
    ]
