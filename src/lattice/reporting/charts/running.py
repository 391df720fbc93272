"""The running mean with the interval that holds at every look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lattice.reporting import formats
from lattice.reporting.charts.parts import (
    WHOLE_LABELS,
    Json,
    Row,
    bands_of,
    colour_of,
    lines_of,
    shape_of,
    specification,
    threshold_layers,
    threshold_words,
    tooltip_of,
    upright_score_axis,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject
from lattice.reporting.charts.trails import Look, Trail

_HEIGHT = 280
_ROWS_OF_TABLE = 20


def running_chart(subject: Subject, trails: Mapping[str, Trail]) -> Chart:
    """The mean of each target's score, look by look.

    Parameters
    ----------
    trails: by the target's name.
    """
    found = [(series, trails[series.name]) for series in subject.series if trails.get(series.name, _NONE).looks]
    title = _title(subject, found)
    return Chart(
        name=ChartKind.RUNNING.value,
        title=title,
        caption=_caption(subject, found),
        description=f"{title} A line for each target, with a band that narrows as inputs are added.",
        spec=_spec(subject, title, [_row(series, look) for series, trail in found for look in trail.looks]),
        table=_table(found),
    )


_NONE = Trail(looks=())


def _row(series: Series, look: Look) -> Row:
    return {
        "series": series.label,
        "index": series.index,
        "n": look.n,
        "mean": look.mean,
        "lower": look.lower,
        "upper": look.upper,
    }


def _spec(subject: Subject, title: str, rows: Sequence[Row]) -> Json:
    series, headline = subject.series, subject.headline
    scale = subject.scales[headline] if headline else None
    thresholds = [each for each in subject.thresholds if each.metric == headline]
    last = max((row["n"] for row in rows), default=1)
    x: Json = {
        "field": "n",
        "type": "quantitative",
        "scale": {"domain": [0, last], "nice": False},
        "axis": {"title": "Inputs, in the order of the schedule", "labelExpr": WHOLE_LABELS, "grid": False},
    }
    y: Json = {
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": upright_score_axis(scale, title="Running mean"),
    }
    tooltip = tooltip_of(
        ("series", "Target"), ("n", "Inputs", ",d"), ("mean", "Mean", ".3f"),
        ("lower", "Lower end", ".3f"), ("upper", "Upper end", ".3f"),
    )  # fmt: skip
    ends = [row for row in rows if row["n"] == max(each["n"] for each in rows if each["series"] == row["series"])]
    layers: list[Json] = [
        *bands_of(series, x, y),
        *threshold_layers(thresholds, "y"),
        *lines_of(series, {"x": x, "y": {**y, "field": "mean"}, "tooltip": tooltip}, interpolate="step-after"),
        {
            "data": {"values": [dict(row) for row in ends]},
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 90},
            "encoding": {
                "x": x,
                "y": {**y, "field": "mean"},
                "color": colour_of(series),
                "shape": shape_of(series),
                "tooltip": tooltip,
            },
        },
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _title(subject: Subject, found: Sequence[tuple[Series, Trail]]) -> str:
    if not found:
        return "There is no score yet."
    best = max(found, key=lambda each: each[1].looks[-1].mean)
    look = best[1].looks[-1]
    after = f"after {formats.count(look.n)} {'input' if look.n == 1 else 'inputs'}"
    if len(found) == 1:
        whose = f" of {best[0].label}" if len(subject.series) > 1 else ""
        return f"The mean{whose} stands at {formats.score(look.mean)}{_bounds(look)} {after}."
    worst = min(found, key=lambda each: each[1].looks[-1].mean)
    lowest = f"{worst[0].label} the lowest, {formats.score(worst[1].looks[-1].mean)}"
    return f"{best[0].label} has the highest mean {after}, {formats.score(look.mean)}{_bounds(look)}; {lowest}."


def _bounds(look: Look) -> str:
    return "" if look.lower is None or look.upper is None else f" {formats.interval(look.lower, look.upper)}"


def _caption(subject: Subject, found: Sequence[tuple[Series, Trail]]) -> str:
    said = ["Mean over the inputs that came first in the schedule, with a 95% interval (betting), valid at every look."]
    if not subject.running:
        said.append("The interval of the finished run is another one, for a number of inputs fixed in advance.")
    said += [
        f"{series.label} waits for #{trail.waiting_for}."
        if len(subject.series) > 1
        else f"It waits for #{trail.waiting_for}."
        for series, trail in found
        if trail.waiting_for is not None
    ]
    said.append(threshold_words([each for each in subject.thresholds if each.metric == subject.headline]))
    return " ".join(part for part in said if part)


def _table(found: Sequence[tuple[Series, Trail]]) -> ChartTable:
    rows = [
        (
            series.label,
            formats.count(look.n),
            formats.score(look.mean),
            formats.NOTHING if look.lower is None else formats.interval(look.lower, look.upper or 1.0),
        )
        for series, trail in found
        for look in _some(trail.looks)
    ]
    return ChartTable(columns=("Target", "Inputs", "Mean", "Interval"), rows=tuple(rows))


def _some(looks: Sequence[Look]) -> list[Look]:
    """At most so many looks, the last among them."""
    step = max(1, -(-len(looks) // _ROWS_OF_TABLE))
    return list(looks[::-1][::step][::-1])
