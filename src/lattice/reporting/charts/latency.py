"""How long the calls to each target took."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lattice.reporting import formats
from lattice.reporting.charts.palette import series_colour
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    WHOLE_LABELS,
    Json,
    Row,
    colour_of,
    lines_of,
    shape_of,
    specification,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject
from lattice.reporting.figures import Latency
from lattice.reporting.summary import percentiles

MOST_BINS = 40
_FLOOR = 1e-4
_WIDE = 12.0
_QUICK = 0.0995
_HEADROOM = 1.25
_HEIGHT = 240
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    series: Series
    seconds: NDArray[np.float32]
    found: Latency


def latency_chart(subject: Subject, latencies: Mapping[str, array[float]]) -> Chart:
    """One target: a histogram with its percentiles. Several: the share of calls that took no longer, for each.

    Parameters
    ----------
    latencies: seconds of the calls that succeeded, by the target's name.
    """
    timed = [
        _Timed(series=series, seconds=np.frombuffer(seconds, dtype=np.float32), found=found)
        for series in subject.series
        if (seconds := latencies.get(series.name)) and (found := percentiles(seconds)) is not None
    ]
    title = _title(timed)
    wide = any(float(each.seconds.max()) > _WIDE * max(each.found.p50, _FLOOR) for each in timed)
    build = _histogram if len(timed) == 1 else _curves
    return Chart(
        name=ChartKind.LATENCY.value,
        title=title,
        caption=_caption(timed, wide=wide),
        description=f"{title} {_in_words(timed)}",
        spec=build(subject, title, timed, "log" if wide else "linear"),
        table=ChartTable(
            columns=("Target", "Calls", "p50", "p95", "p99", "Longest"),
            rows=tuple(
                (
                    each.series.label,
                    formats.count(len(each.seconds)),
                    seconds_words(each.found.p50),
                    seconds_words(each.found.p95),
                    seconds_words(each.found.p99),
                    seconds_words(float(each.seconds.max())),
                )
                for each in timed
            ),
        ),
    )


def seconds_words(seconds: float) -> str:
    """As `formats.latency`, and in milliseconds below a tenth of a second: ``3.9 ms``, ``0.35s``."""
    return f"{1000 * seconds:.2g} ms" if seconds < _QUICK else formats.latency(seconds)


def _histogram(subject: Subject, title: str, timed: Sequence[_Timed], scale: str) -> Json:
    (each,) = timed
    counts, edges = _binned(each.seconds, scale)
    rows: list[Row] = [
        {"from": low, "to": high, "count": count}
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]
    percentages = (("p50", each.found.p50), ("p95", each.found.p95), ("p99", each.found.p99))
    marks = [{"at": value, "said": f"{name} {seconds_words(value)}"} for name, value in percentages]
    x = _seconds_axis(scale, float(edges[0]), float(edges[-1]))
    at: Json = {**x, "field": "at"}
    layers: list[Json] = [
        {
            "mark": {"type": "bar", "binSpacing": 1, "color": series_colour(each.series.index)},
            "encoding": {
                "x": {**x, "field": "from"},
                "x2": {"field": "to"},
                "y": {
                    "field": "count",
                    "type": "quantitative",
                    "scale": {"domain": [0, _HEADROOM * int(counts.max())], "nice": False},
                    "axis": {"title": "Calls", "labelExpr": WHOLE_LABELS, "tickCount": 5},
                },
                "y2": {"datum": 0},
                "tooltip": tooltip_of(("from", "From, s", ".3~f"), ("to", "To, s", ".3~f"), ("count", "Calls", ",d")),
            },
        },
        {
            "data": {"values": marks},
            "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.25, "color": INK_COLOUR},
            "encoding": {"x": at, "tooltip": tooltip_of(("said", "Percentile"))},
        },
        *(
            {
                "data": {"values": [mark]},
                "mark": {"type": "text", "align": "left", "dx": 4, "dy": 8 + 14 * line, "color": INK_COLOUR},
                "encoding": {"x": at, "y": {"value": 0}, "text": {"field": "said", "type": "nominal"}},
            }
            for line, mark in enumerate(marks)
        ),
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _curves(subject: Subject, title: str, timed: Sequence[_Timed], scale: str) -> Json:
    series = subject.series
    rows: list[Row] = []
    marks: list[Row] = []
    for each in timed:
        shares = np.linspace(0, 1, _STEPS + 1)
        for share, value in zip(shares.tolist(), np.quantile(each.seconds, shares).tolist(), strict=True):
            rows.append(
                {"series": each.series.label, "index": each.series.index, "share": share, "seconds": max(value, _FLOOR)}
            )
        marks += [
            {"series": each.series.label, "share": share, "seconds": max(value, _FLOOR)}
            for share, value in ((0.5, each.found.p50), (0.95, each.found.p95), (0.99, each.found.p99))
        ]
    low = min((row["seconds"] for row in rows), default=0.0)
    high = max((row["seconds"] for row in rows), default=1.0)
    x = {**_seconds_axis(scale, low if scale == "log" else 0.0, high), "field": "seconds"}
    y: Json = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"title": "Share of calls that took no longer", "format": "%", "values": [0, 0.25, 0.5, 0.75, 0.95, 1]},
    }
    tooltip = tooltip_of(("series", "Target"), ("share", "Share of calls", ".0%"), ("seconds", "Seconds", ".3~f"))
    layers: list[Json] = [
        *lines_of(
            series,
            {"x": x, "y": y, "order": {"field": "share", "type": "quantitative"}},
            interpolate="monotone",
        ),
        {
            "data": {"values": [dict(mark) for mark in marks]},
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 80},
            "encoding": {"x": x, "y": y, "color": colour_of(series), "shape": shape_of(series), "tooltip": tooltip},
        },
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _seconds_axis(scale: str, low: float, high: float) -> Json:
    kind: Json = {"type": "log", "domain": [low, high]} if scale == "log" else {"domain": [low, high], "nice": True}
    return {
        "type": "quantitative",
        "scale": kind,
        "axis": {
            "title": "Seconds of the call that succeeded" + (" (logarithmic)" if scale == "log" else ""),
            "format": "~g",
            "tickCount": 6,
            "grid": scale == "log",
            "labelOverlap": "greedy",
        },
    }


def _binned(seconds: NDArray[np.float32], scale: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    values = np.maximum(seconds.astype(np.float64), _FLOOR)
    low, high = float(values.min()), float(values.max())
    bins = int(min(MOST_BINS, max(8, np.ceil(2 * len(values) ** (1 / 3)))))
    if low == high:
        low, high = low * 0.9, high * 1.1
    edges = np.geomspace(low, high, bins + 1) if scale == "log" else np.linspace(0.0, high, bins + 1)
    # Rounding may have moved the ends.
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    counts, _ = np.histogram(values, bins=edges)
    return counts, edges


def _title(timed: Sequence[_Timed]) -> str:
    if not timed:
        return "No call has succeeded yet."
    if len(timed) == 1:
        found = timed[0].found
        return f"Half of the calls took {seconds_words(found.p50)} or less, 95% {seconds_words(found.p95)} or less."
    quickest, slowest = (choose(timed, key=lambda each: each.found.p50) for choose in (min, max))
    return (
        f"{quickest.series.label} is the quickest, {seconds_words(quickest.found.p50)} at the median; "
        f"{slowest.series.label} takes {seconds_words(slowest.found.p50)}."
    )


def _caption(timed: Sequence[_Timed], *, wide: bool) -> str:
    said = ["Waits for limits and failed attempts are left out."]
    if len(timed) > 1:
        said.append("Points: p50, p95 and p99.")
    if wide:
        said.append("The axis is logarithmic.")
    return " ".join(said)


def _in_words(timed: Sequence[_Timed]) -> str:
    return " ".join(
        f"{each.series.label}: p50 {seconds_words(each.found.p50)}, p95 {seconds_words(each.found.p95)}, "
        f"p99 {seconds_words(each.found.p99)}."
        for each in timed
    )
