"""Charts: one specification each, for pages, reports and files alike."""

from __future__ import annotations

from lattice.reporting.charts.palette import SERIES as SERIES_COLOURS
from lattice.reporting.charts.palette import series_colour, series_shape
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable, Theme
from lattice.reporting.charts.theming import themed

__all__ = [
    "SERIES_COLOURS",
    "Chart",
    "ChartKind",
    "ChartTable",
    "Theme",
    "series_colour",
    "series_shape",
    "themed",
]
