"""A specification in the colours of a theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.reporting.charts.palette import GRID, INK, QUIET, RULE, recoloured, series_colour
from lattice.reporting.charts.records import Theme

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

# What somebody else wrote stands under these keys: it may look like a colour.
_NOT_OURS = frozenset({"data", "datasets", "domain", "sort", "values", "title", "description"})


def themed(spec: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    """The specification of a chart for a page of that theme, which shines through it.

    Parameters
    ----------
    spec: in the colours of `Theme.LIGHT`.
    """
    coloured: dict[str, Any] = _recoloured(spec, theme)
    return {**coloured, "background": "transparent", "config": _config(theme)}


def _recoloured(part: Any, theme: Theme) -> Any:
    if isinstance(part, str):
        return recoloured(part, theme)
    if isinstance(part, Mapping):
        return {key: each if key in _NOT_OURS else _recoloured(each, theme) for key, each in part.items()}
    if isinstance(part, (list, tuple)):
        return [_recoloured(each, theme) for each in part]
    return part


def _config(theme: Theme) -> dict[str, Any]:
    ink, quiet, grid, rule = INK[theme], QUIET[theme], GRID[theme], RULE[theme]
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": quiet,
            "titleColor": quiet,
            "labelFontSize": 11.5,
            "titleFontSize": 11.5,
            "titleFontWeight": "normal",
            "labelPadding": 6,
            "titlePadding": 10,
            "gridColor": grid,
            "domainColor": rule,
            "tickColor": rule,
            "tickSize": 4,
            "labelLimit": 240,
        },
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            "orient": "top",
            "title": None,
            "labelColor": ink,
            "labelFontSize": 12,
            "labelLimit": 220,
            "symbolSize": 80,
            "symbolOpacity": 1,
            "symbolStrokeWidth": 0,
            "columnPadding": 26,
            "offset": 10,
        },
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": ink,
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": quiet,
            "subtitleFontSize": 12,
            "subtitlePadding": 6,
            "offset": 14,
        },
        "text": {"color": ink, "fontSize": 11.5},
        "rule": {"color": rule},
        "point": {"filled": True, "size": 80, "color": series_colour(0, theme)},
        "bar": {"color": series_colour(0, theme)},
        "line": {"color": series_colour(0, theme), "strokeWidth": 2},
        "area": {"color": series_colour(0, theme)},
        "aria": False,
    }
