"""The results of a run: a table that is filtered, sorted and paged by its address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lattice.core.runs import RunRecord
from lattice.studio.running.conclusions import stored_conclusion
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page
from lattice.studio.trials.browsing import SIZES, Browsing
from lattice.studio.trials.sheet import trial_sheet
from lattice.studio.trials.table import Table, read_table, why_nothing

router = APIRouter()

PART = "results"
"""Id of the element that holds the table, on this page and on that of the run."""


@router.get("/runs/{reference}/results")
def show(request: Request, studio: InStudio, reference: str) -> Response:
    """A page of results; where htmx asks for the table alone, that."""
    record = studio.store.find_run(reference)
    root = studio.settings.root
    if reference != record.id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{root}/runs/{record.id}/results{query}", status_code=307)
    browsing = Browsing.of({**request.query_params, "columns": _columns(request)})
    conclusion = stored_conclusion(record)
    summary = conclusion.summary if conclusion else None
    table = read_table(studio.store, record, browsing, counts=studio.counts, summary=summary)
    part = request.headers.get("hx-target") == PART
    if part and table.problem and request.headers.get("hx-trigger") != PART:
        return _kept(request, table)
    response = page(request, f"results/{'section' if part else 'page'}.html", context_of(studio, record, table))
    if part and request.headers.get("hx-trigger") != PART:
        response.headers["hx-push-url"] = _address(request, root, table)
    return response


def context_of(studio: Studio, record: RunRecord, table: Table) -> dict[str, Any]:
    """What the templates of the table know."""
    key = table.open_key
    return {
        "run": record,
        "table": table,
        "browsing": table.browsing,
        "results_at": f"{studio.settings.root}/runs/{record.id}/results",
        "sizes": SIZES,
        "nothing": why_nothing(table),
        "sheet": trial_sheet(studio.store, record, key) if key is not None else None,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
        "problem": table.problem,
        "saved": None,
    }


def _kept(request: Request, table: Table) -> Response:
    """What is wrong with a filter, beside its field; the table on the page stays as it is."""
    response = page(request, "results/problem.html", {"problem": table.problem, "where": table.browsing.where})
    response.headers["hx-retarget"] = "#filter-problem"
    response.headers["hx-reswap"] = "innerHTML"
    response.headers["hx-push-url"] = "false"
    return response


def _columns(request: Request) -> str:
    """The columns as links name them, or as the boxes of the form do."""
    chosen = request.query_params.getlist("column")
    return ",".join(chosen) if chosen else request.query_params.get("columns", "")


def _address(request: Request, root: str, table: Table) -> str:
    """What the browser shall show: the page that the table stands on, with the table's state."""
    state = table.browsing.address(row=table.browsing.row, upto=None)
    base = f"{root}/runs/{table.run.id}"
    if urlsplit(request.headers.get("hx-current-url", "")).path.rstrip("/").endswith("/results"):
        return f"{base}/results{state}"
    return f"{base}{state}"
