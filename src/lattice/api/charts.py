"""A chart of a run as Python and notebooks use it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.charts import Chart, ChartKind, Theme
from lattice.reporting.charts.rendering import ENDINGS, picture, standalone, svg_file
from lattice.service.charting import chart_of, charts_for
from lattice.store import Store

VEGA_LITE = "application/vnd.vegalite.v5+json"
"""What notebooks know a Vega-Lite specification by."""


class ChartView:
    """One chart; a notebook shows it, as a picture where it does not draw charts itself.

    Parameters
    ----------
    theme: what it is read on.
    """

    def __init__(self, chart: Chart, theme: Theme = Theme.LIGHT) -> None:
        self._chart = chart
        self._theme = theme

    def __repr__(self) -> str:
        return f"<Chart {self._chart.name}: {self._chart.title}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        shown: dict[str, Any] = {"text/plain": repr(self), VEGA_LITE: dict(self.spec)}
        try:
            return {**shown, "image/svg+xml": svg_file(self._chart, self._theme)}
        except ImportError:
            # Without the converter there is the specification, for notebooks that draw it.
            return shown

    @property
    def title(self) -> str:
        """A sentence that says what the chart shows, with the numbers."""
        return self._chart.title

    @property
    def spec(self) -> Mapping[str, Any]:
        """The Vega-Lite specification, complete with its data."""
        return standalone(self._chart, self._theme)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file: ``.svg``, ``.png``, or ``.json`` for the specification.

        Raises
        ------
        UsageError: the ending stands for no picture, or the file cannot be written.
        """
        file = Path(path)
        ending = file.suffix.lower()
        if ending not in ENDINGS:
            raise UsageError(f"{file}: its ending is none of {', '.join(ENDINGS)}")
        try:
            file.write_bytes(picture(self._chart, ending, self._theme))
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}") from error


def chart_view(store: Store, record: RunRecord, kind: str, theme: str) -> ChartView:
    """A chart of a run by its name.

    Raises
    ------
    UsageError: there is no such chart or theme, or the run has nothing that it could show.
    """
    names = ", ".join(each.value for each in charts_for(store, record)) or "none yet"
    try:
        chosen = ChartKind(kind)
    except ValueError:
        raise UsageError(f"there is no chart {kind!r}; of this run there are: {names}") from None
    try:
        read_on = Theme(theme)
    except ValueError:
        raise UsageError(f"theme is one of {', '.join(Theme)}, not {theme!r}") from None
    return ChartView(chart_of(store, record, chosen), read_on)
