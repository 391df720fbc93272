"""Runs that go on, watched in parallel."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from lattice.core.errors import UsageError
from lattice.service.parallel import chart_together
from lattice.studio.comparing.asking import MOST_RUNS, Asked
from lattice.studio.comparing.contents import chosen_of, reference_of
from lattice.studio.comparing.kept import state_of
from lattice.studio.comparing.watching import charts_mark, ended_context, feeds_of, watching_of
from lattice.studio.pages.charts import chart_answer, kind_named
from lattice.studio.pages.compare import choose
from lattice.studio.state import InStudio
from lattice.studio.streaming import live_text, streamed
from lattice.studio.templating import page

router = APIRouter()

Runs = Annotated[list[str] | None, Query(max_length=50)]


@router.get("/compare/live")
def show(request: Request, studio: InStudio, run: Runs = None) -> Response:
    """Progress, means and distributions of several runs, and the difference so far."""
    asked = Asked.of(run or (), request.query_params)
    if not asked.runs:
        return RedirectResponse(f"{studio.settings.root}/compare", status_code=303)
    try:
        chosen = chosen_of(studio.store, asked.runs)
    except UsageError as error:
        return choose(request, studio, asked, error)
    sides = watching_of(studio, chosen)
    context = {
        "sides": sides,
        "address": Asked(runs=tuple(reference_of(each) for each in chosen)).address(),
        "charts_mark": charts_mark(sides),
        **ended_context(chosen, sides),
        "most": MOST_RUNS,
        "live": live_text(studio.store),
    }
    return page(request, "compare/live.html", context)


@router.get("/compare/live/stream")
async def stream(request: Request, studio: InStudio, run: Runs = None) -> Response:
    """What changes on the page, as it changes."""
    chosen = await asyncio.to_thread(chosen_of, studio.store, Asked.of(run or (), {}).runs)
    return streamed(request, studio, *feeds_of(studio, chosen))


@router.get("/compare/live/charts/{kind}")
def chart(request: Request, studio: InStudio, kind: str, run: Runs = None) -> Response:
    """The runs' means or distributions over each other, as they stand."""
    chosen, wanted = chosen_of(studio.store, Asked.of(run or (), {}).runs), kind_named(kind)
    state = ("together", wanted, *((state_of(each.run), each.target) for each in chosen))
    return chart_answer(request, studio, state, lambda: chart_together(studio.store, chosen, wanted))
