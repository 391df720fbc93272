"""Charts as specifications, which `static/charts.js` draws; and their numbers as a table, for whoever has no script."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from lattice.core.errors import NotFound, UsageError
from lattice.reporting.charts import Chart, ChartKind, Theme, themed
from lattice.service.charting import chart_of, difference_chart, history_chart
from lattice.service.comparing import compare_runs
from lattice.studio.state import InStudio, Studio
from lattice.studio.templating import page

router = APIRouter()

MOST_SIDES = 5
COLOURS = 5
"""Runs whose numbers follow each other differ in colour; the sixth has that of the first."""


@router.get("/charts/runs/{reference}/{kind}")
def of_run(request: Request, studio: InStudio, reference: str, kind: str) -> Response:
    """A chart of one run as it stands."""
    record, chosen = studio.store.find_run(reference), kind_named(kind)
    state = (record.key, record.seq, record.revision, record.status, record.interrupted, chosen)
    colour = (record.number - 1) % COLOURS
    return chart_answer(request, studio, state, lambda: chart_of(studio.store, record, chosen, first_colour=colour))


@router.get("/charts/evaluations/{evaluation}/history")
def of_evaluation(request: Request, studio: InStudio, evaluation: str) -> Response:
    """The means of an evaluation's runs over time."""
    runs = studio.store.runs(evaluation)
    state = (
        "history",
        evaluation,
        studio.store.baselines.get(evaluation),
        *((run.key, run.seq, run.status) for run in runs),
    )
    return chart_answer(request, studio, state, lambda: history_chart(studio.store, evaluation))


@router.get("/charts/compare")
def of_comparison(
    request: Request, studio: InStudio, run: Annotated[list[str], Query(max_length=MOST_SIDES)], metric: str = ""
) -> Response:
    """What differs between runs, or targets of them as ``RUN/TARGET``; the first is the baseline."""
    store = studio.store
    runs = [store.find_run(each.partition("/")[0]) for each in run]
    state = ("differences", *run, metric, *((each.key, each.seq, each.revision, each.status) for each in runs))
    metrics = [metric] if metric else []
    return chart_answer(request, studio, state, lambda: difference_chart(compare_runs(store, run, metrics)))


def kind_named(name: str) -> ChartKind:
    """The kind of chart that an address names.

    Raises
    ------
    NotFound: there is none.
    """
    try:
        return ChartKind(name)
    except ValueError:
        raise NotFound(f"there is no chart {name!r}; there are {', '.join(ChartKind)}") from None


def chart_answer(request: Request, studio: Studio, state: Hashable, make: Callable[[], Chart]) -> Response:
    """A chart in the form that is asked for, unless the reader has it in this state already."""
    theme = Theme.DARK if request.query_params.get("theme") == Theme.DARK else Theme.LIGHT
    try:
        chart = studio.drawings.chart(state, make)
    except NotFound:
        raise
    except UsageError as error:
        # Nothing to draw is a state like any other: scores may be on their way.
        return Response(orjson.dumps({"empty": str(error)}), media_type="application/json")
    if request.query_params.get("as") == "table":
        return page(request, "run/chart_table.html", {"chart": chart})
    return Response(orjson.dumps(document(chart, theme), option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


def document(chart: Chart, theme: Theme) -> dict[str, Any]:
    """What a page needs to draw a chart and to say what it shows."""
    table = chart.table
    return {
        "name": chart.name,
        "title": chart.title,
        "caption": chart.caption,
        "description": chart.description,
        "spec": themed(chart.spec, theme),
        "table": {"columns": table.columns, "rows": table.rows, "numbers_from": table.numbers_from},
    }
