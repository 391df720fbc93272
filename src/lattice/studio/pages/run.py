"""The page of a run, live and finished."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from lattice.core.runs import RunRecord
from lattice.service.alert_listing import begun_by
from lattice.service.charting import charts_for
from lattice.studio.running.details import attempts_page, configuration_of, errors_page, formats_offered
from lattice.studio.running.history import neighbours_of
from lattice.studio.running.sheets import Sheet, known_of, sheet_of
from lattice.studio.running.watching import charts_mark, context_of, feed_of, launch_of
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text, streamed
from lattice.studio.templating import page, render

router = APIRouter()


class Tab(StrEnum):
    """What is shown below a run's numbers."""

    RESULTS = "results"
    CHARTS = "charts"
    ERRORS = "errors"
    CONFIGURATION = "configuration"
    ATTEMPTS = "attempts"
    EXPORT = "export"


@router.get("/runs/{reference}")
def show(request: Request, studio: InStudio, reference: str) -> Response:
    """A run; where htmx asks for the tabs alone, these."""
    record = studio.store.find_run(reference)
    if reference != record.id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{studio.settings.root}/runs/{record.id}{query}", status_code=307)
    tab = _tab(request)
    below = _tab_context(studio, record, tab, request)
    if request.headers.get("hx-target") == "tab":
        return page(request, "run/tab.html", {"run": record, "now": datetime.now(UTC), **below})
    sheet = _sheet(studio, record)
    around = {
        **context_of(sheet),
        **below,
        "live": live_text(studio.store),
        "neighbours": neighbours_of(studio.store, record),
        "charts_mark": charts_mark(studio.store, record),
        "formats": formats_offered(),
        "begun": begun_by(studio.store, record),
        "messages": studio.store.alerts.outbox.about(record.id),
    }
    return page(request, "run/page.html", around)


@router.get("/runs/{reference}/live")
async def stream(request: Request, studio: InStudio, reference: str) -> Response:
    """What changes on the page of a run, as it changes."""
    record = await asyncio.to_thread(studio.store.find_run, reference)
    return streamed(request, studio, feed_of(studio, record.key))


@router.get("/runs/{reference}/numbers")
def numbers(studio: InStudio, reference: str) -> Response:
    """The numbers of a run that was not summed up when it stopped; worked out here, once."""
    record = studio.store.find_run(reference)
    if not record.progress.done:
        return HTMLResponse("", status_code=204)
    studio.conclusions.work_out(studio.store, record)
    return HTMLResponse(render(studio.settings.root, "run/parts/scores.html", context_of(_sheet(studio, record))))


def _sheet(studio: Studio, record: RunRecord) -> Sheet:
    return sheet_of(
        studio.store,
        record,
        known_of(record),
        launch=launch_of(studio, record),
        conclusion=studio.conclusions.known(record),
    )


def _tab(request: Request) -> Tab:
    asked = request.query_params.get("tab", "")
    return next((tab for tab in Tab if tab.value == asked), Tab.RESULTS)


def _tab_context(studio: Studio, record: RunRecord, tab: Tab, request: Request) -> Mapping[str, Any]:
    """What the chosen tab shows; the others are read when they are chosen."""
    context: dict[str, Any] = {"tab": tab.value, "tabs": tuple(Tab), "query": request.url.query}
    number = request.query_params.get("page", "1")
    place = min(int(number), 10**6) if number.isascii() and number.isdigit() else 1
    if tab is Tab.CHARTS:
        context["charts"] = [kind.value for kind in charts_for(studio.store, record)]
    elif tab is Tab.ERRORS:
        context["failures"] = errors_page(studio.store, record, max(1, place))
    elif tab is Tab.ATTEMPTS:
        before = request.query_params.get("after", "0")
        context["attempts"] = attempts_page(studio.store, record, int(before) if before.isdecimal() else 0)
    elif tab is Tab.CONFIGURATION:
        context["configuration"] = configuration_of(studio.store, record)
    elif tab is Tab.EXPORT:
        context["formats"] = formats_offered()
    return context
