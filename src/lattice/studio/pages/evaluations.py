"""The first page: every evaluation, how it stands and how it went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.service.discovery import add_file, evaluation_files
from lattice.service.overview import EvaluationLine
from lattice.studio.feeds import Feed, Glance
from lattice.studio.listing import Listing
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text, streamed
from lattice.studio.templating import page, render

router = APIRouter()
LOOK_EVERY = 0.5


def _listing(q: str = "", status: str = "", sort: str = "", archived: str = "") -> Listing:
    return Listing.of(q, status, sort, archived)


Listed = Annotated[Listing, Depends(_listing)]


@router.get("/")
def show(request: Request, studio: InStudio, listing: Listed) -> Response:
    """All evaluations, or those that the address asks for."""
    lines = studio.overview.lines()
    part = "table" if request.headers.get("hx-target") == "evaluations" else "page"
    return page(
        request,
        f"evaluations/{part}.html",
        {
            "listing": listing,
            "lines": listing.chosen(lines),
            "counts": listing.counts(lines),
            "total": len(listing.all_of(lines)),
            "archived": sum(line.row.archived for line in lines),
            "now": datetime.now(UTC),
            "live": live_text(studio.store),
        },
    )


@router.get("/evaluations/live")
async def stream(request: Request, studio: InStudio) -> Response:
    """The rows of the list as they change."""
    return streamed(request, studio, studio.feeds.feed("evaluations", lambda: _feed(studio)))


@router.get("/evaluations/files")
def files(request: Request, studio: InStudio) -> Response:
    """Evaluation files of the working folder."""
    found = evaluation_files(studio.store, studio.place.folder)
    return page(request, "evaluations/files.html", {"files": found, "folder": studio.place.folder})


@router.post("/evaluations/files")
def add(studio: InStudio, path: Annotated[str, Form(max_length=4000)]) -> Response:
    """Take a file into the workspace, as Pending."""
    added = studio.store.evaluation(add_file(studio.place, path))
    return RedirectResponse(f"{studio.settings.root}/evaluations/{added.id}", status_code=303)


@router.post("/evaluations/{evaluation_id}/archive")
def archive(studio: InStudio, evaluation_id: str, archived: Annotated[str, Form()] = "1") -> Response:
    """Put an evaluation away, or take it back."""
    studio.store.archive(evaluation_id, archived == "1")
    return RedirectResponse(f"{studio.settings.root}/", status_code=303)


def _feed(studio: Studio) -> Feed:
    return Feed(lambda: _look(studio), every=LOOK_EVERY)


def _look(studio: Studio) -> Glance:
    lines = studio.overview.lines()
    now = datetime.now(UTC)
    parts = {f"row-{line.row.id}": _row(studio, line, now) for line in lines}
    return Glance(parts={**parts, "known": _known(studio, lines)})


def _row(studio: Studio, line: EvaluationLine, now: datetime) -> str:
    return render(studio.settings.root, "evaluations/row.html", {"line": line, "now": now})


def _known(studio: Studio, lines: list[EvaluationLine]) -> str:
    """What a page compares with the rows it shows, to tell that there are others."""
    context: dict[str, Any] = {"ids": sorted(line.row.id for line in lines if not line.row.archived)}
    return render(studio.settings.root, "evaluations/known.html", context)
