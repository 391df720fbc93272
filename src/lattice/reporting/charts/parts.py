"""Parts that several specifications share: axes of scores, encodings of series, rules of thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lattice.reporting.charts.palette import INK, QUIET, RULE, SERIES, series_colour, series_dash, series_shape
from lattice.reporting.charts.records import Theme
from lattice.reporting.charts.subjects import Series, Threshold
from lattice.scoring.scales import Scale

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
INK_COLOUR, QUIET_COLOUR, RULE_COLOUR = INK[Theme.LIGHT], QUIET[Theme.LIGHT], RULE[Theme.LIGHT]
MOST_TICKS = 11
_LEGEND_LETTERS = 56
_QUARTERS = 4
_HAIR = 1e-9
SERIES_COLOURS = SERIES[Theme.LIGHT]

WHOLE_LABELS = "datum.value % 1 === 0 ? format(datum.value, ',d') : ''"
"""Labels of an axis of counts, as an expression: a short one has ticks between them."""

Json = dict[str, Any]
Row = Mapping[str, Any]

NO_WISHES: Json = {}
"""A legend as the theme has it."""


def specification(description: str, rows: Iterable[Row], layers: Sequence[Json], **more: Any) -> Json:
    """A whole specification over rows of data; it takes the width of what it is put into."""
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": [dict(row) for row in rows]},
        **more,
        "layer": list(layers),
    }


def score_axis(scale: Scale | None, *, title: str = "Score") -> Json:
    """An axis of scores on 0–1; the levels of the judge's own scale stand under or beside their scores.

    The expressions hold numbers of the scale and nothing else.
    """
    if scale is None:
        return {"title": f"{title}, 0–1", "format": ".2f", "tickCount": 5, "labelFlush": False}
    low, high = scale.minimum, scale.maximum
    places = [level.score for level in scale.levels]
    if len(places) > MOST_TICKS:
        places = [0.0, 0.25, 0.5, 0.75, 1.0]
    native = f"format({low} + {high - low} * datum.value, '.3~f')"
    return {
        "title": f"{title}, 0–1 (below: {scale.label})",
        "values": places,
        "labelExpr": f"[format(datum.value, '.2f'), {native}]",
        "labelFlush": False,
        "labelOverlap": "greedy",
    }


def upright_score_axis(scale: Scale | None, *, title: str = "Score") -> Json:
    """The same for an upright axis: ``0.75 · 4``."""
    found = score_axis(scale, title=title)
    if scale is None:
        return found
    native = f"format({scale.minimum} + {scale.maximum - scale.minimum} * datum.value, '.3~f')"
    return {
        **found,
        "title": f"{title}, 0–1 · {scale.label}",
        "labelExpr": f"format(datum.value, '.2f') + ' · ' + {native}",
    }


def scores_in_sight(rows: Iterable[Row], thresholds: Sequence[Threshold] = ()) -> list[float]:
    """The part of 0–1 that an upright axis of points shows: whole quarters around intervals and thresholds."""
    values = [each.value for each in thresholds]
    for row in rows:
        values += [row[end] for end in ("lower", "upper", "mean") if row[end] is not None]
    if not values:
        return [0.0, 1.0]
    low = math.floor(min(values) * _QUARTERS + _HAIR) / _QUARTERS
    high = math.ceil(max(values) * _QUARTERS - _HAIR) / _QUARTERS
    return [max(0.0, min(low, high - 1 / _QUARTERS)), min(1.0, max(high, low + 1 / _QUARTERS))]


def colour_of(series: Sequence[Series], *, legend: Json | None = NO_WISHES) -> Json:
    """Colour by the field ``series``; the labels are data, in the order of the series."""
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": [each.label for each in series], "range": [series_colour(each.index) for each in series]},
        "legend": _legend(series, legend),
    }


def shape_of(series: Sequence[Series], *, legend: Json | None = NO_WISHES) -> Json:
    """Shape likewise; both stand in one legend."""
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": [each.label for each in series], "range": [series_shape(each.index) for each in series]},
        "legend": _legend(series, legend),
    }


def _legend(series: Sequence[Series], wishes: Json | None) -> Json | None:
    """One where there are several, in as many columns as stand on a narrow page."""
    if wishes is None or len(series) < 2:
        return None
    longest = max(len(each.label) for each in series)
    return {"columns": max(1, _LEGEND_LETTERS // (longest + 5)), **wishes}


def legend_above(thresholds: Sequence[Threshold]) -> Json:
    """Room between the legend and the texts of thresholds."""
    return {"offset": 26} if thresholds else {}


def lines_of(series: Sequence[Series], encoding: Json, **mark: Any) -> list[Json]:
    """A line for each series in its colour and dash; the legend is that of the points."""
    return [
        {
            "transform": [_only(each)],
            "mark": {
                "type": "line",
                "color": series_colour(each.index),
                "strokeDash": series_dash(each.index),
                **mark,
            },
            "encoding": encoding,
        }
        for each in series
    ]


def bands_of(series: Sequence[Series], x: Json, y: Json) -> list[Json]:
    """The area between the fields ``lower`` and ``upper`` for each series, with thin edges that keep areas apart."""
    opacity = 0.16 if len(series) == 1 else 0.07
    layers: list[Json] = []
    for each in series:
        transform = [_only(each), {"filter": {"field": "lower", "valid": True}}]
        colour = series_colour(each.index)
        area = {"type": "area", "opacity": opacity, "interpolate": "step-after", "color": colour}
        edge = {"type": "line", "strokeWidth": 0.8, "opacity": 0.7, "interpolate": "step-after", "color": colour}
        between = {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}}
        layers.append({"transform": transform, "mark": area, "encoding": between})
        layers += [
            {"transform": transform, "mark": edge, "encoding": {"x": x, "y": {**y, "field": end}}}
            for end in ("lower", "upper")
        ]
    return layers


def _only(series: Series) -> Json:
    # By its number: what a filter compares with becomes part of an expression.
    return {"filter": {"field": "index", "equal": series.index}}


def offset_of(series: Sequence[Series], channel: str = "yOffset") -> Json:
    """A place for each series within a band, where there are several."""
    if len(series) < 2:
        return {}
    return {
        channel: {
            "field": "series",
            "type": "nominal",
            "sort": None,
            "scale": {"domain": [each.label for each in series], "paddingInner": 0.2},
        }
    }


def band(field: str, domain: Sequence[str], **axis: Any) -> Json:
    """A band for each value, in the given order."""
    return {
        "field": field,
        "type": "nominal",
        "sort": None,
        "scale": {"domain": list(domain), "paddingInner": 0.3, "paddingOuter": 0.15},
        "axis": {"title": None, "labelColor": INK_COLOUR, "labelFontSize": 12, **axis},
    }


def threshold_layers(thresholds: Sequence[Threshold], channel: str) -> list[Json]:
    """A dashed rule for each threshold, and its condition beside it while there is room.

    Parameters
    ----------
    channel: ``x`` or ``y``, on which the scores lie.
    """
    texts: dict[float, dict[str, None]] = {}
    for each in thresholds:
        texts.setdefault(each.value, {})[each.text] = None
    marks = [{"at": value, "text": " · ".join(texts[value])} for value in sorted(texts)]
    if not marks:
        return []
    # The other layers say which part of the scale is seen.
    at = {"field": "at", "type": "quantitative", "scale": {"zero": False}}
    rule: Json = {
        "data": {"values": marks},
        "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.25, "color": QUIET_COLOUR},
        "encoding": {channel: at, "tooltip": tooltip_of(("text", "Gate"))},
    }
    sides = _PLACES[channel].get(len(marks), ())
    return [rule, *(_beside(mark, channel, place) for mark, place in zip(marks, sides, strict=False))]


# Where the text of one threshold stands, and the texts of two: away from each other.
_PLACES: dict[str, dict[int, tuple[Json, ...]]] = {
    "x": {
        1: ({"align": "center", "baseline": "bottom", "dy": -5},),
        2: (
            {"align": "right", "baseline": "bottom", "dy": -5, "dx": 4},
            {"align": "left", "baseline": "bottom", "dy": -5, "dx": -4},
        ),
    },
    "y": {
        1: ({"align": "left", "baseline": "middle", "dx": 6},),
        2: (
            {"align": "left", "baseline": "line-top", "dx": 6, "dy": -4},
            {"align": "left", "baseline": "line-bottom", "dx": 6, "dy": 4},
        ),
    },
}


def _beside(mark: Row, channel: str, place: Json) -> Json:
    across = {"y": {"value": 0}} if channel == "x" else {"x": {"value": "width"}}
    return {
        "data": {"values": [mark]},
        "mark": {"type": "text", "color": QUIET_COLOUR, "fontSize": 11, "limit": 260, **place},
        "encoding": {
            channel: {"field": "at", "type": "quantitative", "scale": {"zero": False}},
            **across,
            "text": {"field": "text", "type": "nominal"},
        },
    }


def threshold_words(thresholds: Sequence[Threshold]) -> str:
    """What the dashed lines are; nothing without any."""
    texts = list(dict.fromkeys(each.text for each in thresholds))
    return f"Dashed: {', '.join(texts)}." if texts else ""


def tooltip_of(*fields: tuple[str, str] | tuple[str, str, str]) -> list[Json]:
    """Fields with their titles, and a format for numbers."""
    return [
        {
            "field": field,
            "title": title,
            "type": "quantitative" if form else "nominal",
            **({"format": form[0]} if form else {}),
        }
        for field, title, *form in fields
    ]
