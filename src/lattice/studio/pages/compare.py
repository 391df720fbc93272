"""Runs side by side: the numbers, what they allow to conclude, and the inputs behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from lattice.core.errors import NotFound, UsageError
from lattice.reporting.charts import Chart
from lattice.reporting.charts.scatter import scatter_chart
from lattice.reporting.metrics import metric_forms
from lattice.service.charting import difference_chart
from lattice.service.execution import is_live
from lattice.service.side_by_side import Pairs
from lattice.service.sides import Chosen
from lattice.studio.comparing.asking import MOST_RUNS, Asked, Mode, View
from lattice.studio.comparing.choosing import choosing_of
from lattice.studio.comparing.contents import (
    Contents,
    chosen_of,
    contents_of,
    found_of,
    reference_of,
    target_names,
)
from lattice.studio.comparing.kept import state_of
from lattice.studio.comparing.regions import regions_of
from lattice.studio.comparing.rows import page_of
from lattice.studio.failures import status_of
from lattice.studio.pages.charts import chart_answer
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page

router = APIRouter()

Runs = Annotated[list[str] | None, Query(max_length=50)]


@router.get("/compare")
def show(request: Request, studio: InStudio, run: Runs = None) -> Response:
    """Runs side by side; without any, those that there are to choose from."""
    asked = Asked.of(run or (), request.query_params)
    if not asked.runs or request.query_params.get("choose"):
        return choose(request, studio, asked)
    try:
        chosen = chosen_of(studio.store, asked.runs)
        if picked := request.query_params.get("picked"):
            # A list has the newest first; the baseline is the oldest, or the one that was it before.
            chosen.sort(key=lambda each: (each.run.id != picked, each.run.created_at))
            address = _canonical(asked, chosen).address()
            return RedirectResponse(f"{studio.settings.root}/compare{address}", status_code=303)
        asked = _canonical(asked, chosen)
        if any(is_live(each.run) for each in chosen) and not asked.so_far:
            return RedirectResponse(f"{studio.settings.root}/compare/live{asked.address()}", status_code=303)
        found = found_of(studio.store, studio.comparisons, chosen)
    except UsageError as error:
        return choose(request, studio, asked, error)
    contents = contents_of(found, asked)
    return page(request, "compare/page.html", _context(studio, contents))


@router.get("/compare/charts/{view}")
def chart(request: Request, studio: InStudio, view: View, run: Runs = None) -> Response:
    """The chart of a view."""
    asked = Asked.of(run or (), request.query_params)
    chosen = chosen_of(studio.store, asked.runs)
    contents = contents_of(found_of(studio.store, studio.comparisons, chosen), _canonical(asked, chosen))
    if not contents.metric:
        raise NotFound("there is nothing to compare, and so nothing to draw")
    runs = tuple((state_of(each.run), each.target) for each in chosen)
    state = ("compare", view, runs, contents.matchup, contents.metric, contents.candidate.place)
    return chart_answer(request, studio, state, _draw(contents, view))


def choose(request: Request, studio: Studio, asked: Asked, error: UsageError | None = None) -> Response:
    """The runs to choose from; `error` says why those that were chosen cannot be compared."""
    ids = [each.partition("/")[0] for each in asked.runs]
    text = request.query_params.get("find", "").strip()
    context = {
        "choosing": choosing_of(studio.store, text, ids),
        "text": text,
        "chosen": ids,
        "most": MOST_RUNS,
        "error": str(error) if error else "",
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }
    return page(request, "compare/choose.html", context, status=status_of(error)[0] if error else 200)


def _canonical(asked: Asked, chosen: list[Chosen]) -> Asked:
    """The same with the runs' ids in the place of whatever they were called."""
    query = dict(asked.said())
    return Asked.of([reference_of(each) for each in chosen], query)


def _context(studio: Studio, contents: Contents) -> dict[str, Any]:
    asked, metric = contents.asked, contents.metric
    pairs = _pairs(contents)
    return {
        "it": contents,
        "asked": asked,
        "targets": target_names(contents.found),
        "rows": page_of(studio.store, contents.found, contents.matchup, metric, asked) if pairs is not None else None,
        "regions": regions_of(pairs) if pairs is not None and asked.view is View.SCATTER else None,
        "views": tuple(View),
        "modes": tuple(Mode),
        "most": MOST_RUNS,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }


def _pairs(contents: Contents) -> Pairs | None:
    return contents.found.pairs(contents.matchup.baseline, contents.candidate.side.name, contents.metric)


def _draw(contents: Contents, view: View) -> Callable[[], Chart]:
    compared, pairs = contents.shown, _pairs(contents)
    if view is View.TABLE or compared is None:
        return lambda: difference_chart(contents.part)
    if view is View.DISTRIBUTION or pairs is None:
        return lambda: difference_chart(contents.found.report, compared)
    side = contents.candidate.side
    scale = next((form.scale for form in metric_forms(side.evaluation) if form.name == contents.metric), None)
    both = [
        (before, after)
        for before, after in zip(pairs.baseline.tolist(), pairs.candidate.tolist(), strict=True)
        if before == before and after == after
    ]
    return lambda: scatter_chart(compared, both, scale, contents.candidate.colour)
