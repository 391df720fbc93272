"""What a chart is: a specification, the finding it shows, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ChartKind(StrEnum):
    """The charts there are. Of one run, but for `DIFFERENCES` (two sides) and `HISTORY` (an evaluation's runs)."""

    MEANS = "means"
    DISTRIBUTION = "distribution"
    RUNNING = "running"
    CRITERIA = "criteria"
    LATENCY = "latency"
    COST_QUALITY = "cost_quality"
    HISTORY = "history"
    DIFFERENCES = "differences"


class Theme(StrEnum):
    """What a chart is read on."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartTable:
    """The numbers of a chart, as they are shown to people.

    Parameters
    ----------
    columns: their names.
    rows: a cell for each column; ``-`` where there is nothing.
    numbers_from: index of the first column that holds numbers.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart, to be shown on a page, in a report or as a file.

    Parameters
    ----------
    name: of its kind, as commands and addresses take it.
    title: a sentence that says what the chart shows, with the numbers.
    caption: what is counted, and by which method: what one has to know to read it.
    description: the chart in words, for those who do not see it.
    spec: Vega-Lite, complete with its data and without a title; in the colours of `Theme.LIGHT` (see `themed`).
        Names that somebody else wrote are values of its data and nothing else.
    table: the same numbers.
    """

    name: str
    title: str
    caption: str
    description: str
    spec: Mapping[str, Any]
    table: ChartTable
