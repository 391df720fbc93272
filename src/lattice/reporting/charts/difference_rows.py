"""Several comparisons, or one of different inputs: the mean difference of each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from lattice.reporting import formats
from lattice.reporting.charts.difference_words import (
    FINDINGS,
    SIGNED_LABELS,
    caption_of,
    caption_of_several,
    difference_words,
    metric_words,
    named,
    signed,
    title_of,
    title_of_several,
)
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    QUIET_COLOUR,
    SERIES_COLOURS,
    Json,
    Row,
    band,
    specification,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import distinct
from lattice.reporting.comparison import Comparison
from lattice.reporting.conclusions import Finding

MOST_ROWS = 40
_STEP, _LABEL = 34, 28

_SHAPES = {
    Finding.BETTER: "triangle-right",
    Finding.WORSE: "triangle-left",
    Finding.UNCLEAR: "circle",
    Finding.UNKNOWN: "cross",
}


def side_by_side_chart(comparisons: Sequence[Comparison]) -> Chart:
    """The mean difference of each comparison with its interval."""
    shown = comparisons[:MOST_ROWS]
    candidates = {each.candidate for each in shown}
    targets = {each.target for each in shown}
    whose = {each.candidate: each.target if len(targets) == len(candidates) else each.candidate for each in shown}
    names = distinct(
        [f"{each.metric} · {whose[each.candidate]}" if len(candidates) > 1 else each.metric for each in shown], _LABEL
    )
    rows = [
        {
            "row": name,
            "difference": each.difference,
            "lower": each.interval.lower if each.interval else each.difference,
            "upper": each.interval.upper if each.interval else each.difference,
            "short": signed(each.difference),
            "said": f"{difference_words(each)}, {formats.count(each.n)} inputs",
            "finding": FINDINGS[each.finding],
        }
        for name, each in zip(names, shown, strict=True)
        if each.difference is not None
    ]
    title = title_of(shown[0]) if len(shown) == 1 else title_of_several(shown)
    return Chart(
        name=ChartKind.DIFFERENCES.value,
        title=title,
        caption=caption_of(shown[0]) if len(shown) == 1 else caption_of_several(shown, len(comparisons)),
        description=f"{title} A point with its interval for each comparison; what lies across zero may be noise.",
        spec=_rows_spec(title, names, rows),
        table=ChartTable(
            columns=("Metric", "Candidate", "Difference", "Inputs", "Finding"),
            rows=tuple(
                (
                    metric_words(each),
                    named(each.candidate),
                    difference_words(each),
                    formats.count(each.n),
                    FINDINGS[each.finding],
                )
                for each in shown
            ),
            numbers_from=2,
        ),
    )


def _rows_spec(title: str, names: Sequence[str], rows: Sequence[Row]) -> Json:
    limit = min(1.0, 1.15 * max([abs(row[end]) for row in rows for end in ("lower", "upper")] or [0.1]) or 0.1)
    x: Json = {
        "type": "quantitative",
        "scale": {"domain": [-limit, limit], "nice": True},
        "axis": {"title": "Mean difference (candidate less baseline), 0–1", "labelExpr": SIGNED_LABELS, "tickCount": 7},
    }
    y = band("row", names)
    found = [finding for finding in Finding if any(row["finding"] == FINDINGS[finding] for row in rows)]
    domain = [FINDINGS[finding] for finding in found]
    colours = {
        Finding.BETTER: SERIES_COLOURS[0],
        Finding.WORSE: SERIES_COLOURS[1],
        Finding.UNCLEAR: QUIET_COLOUR,
        Finding.UNKNOWN: QUIET_COLOUR,
    }
    colour: Json = {
        "field": "finding",
        "type": "nominal",
        "scale": {"domain": domain, "range": [colours[finding] for finding in found]},
        "legend": {},
    }
    shape: Json = {**colour, "scale": {"domain": domain, "range": [_SHAPES[finding] for finding in found]}}
    tooltip = tooltip_of(("row", "Comparison"), ("said", "Difference"), ("finding", "Finding"))
    layers: list[Json] = [
        {
            "data": {"values": [{"at": 0}]},
            "mark": {"type": "rule", "strokeWidth": 1, "color": INK_COLOUR},
            "encoding": {"x": {**x, "field": "at"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round", "opacity": 0.55},
            "encoding": {
                "y": y,
                "x": {**x, "field": "lower"},
                "x2": {"field": "upper"},
                "color": colour,
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 100},
            "encoding": {
                "y": y,
                "x": {**x, "field": "difference"},
                "color": colour,
                "shape": shape,
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "color": INK_COLOUR},
            "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "short", "type": "nominal"}},
        },
    ]
    return specification(title, rows, layers, height={"step": _STEP})
