"""The first page: every evaluation, how it stands and how it went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.service.discovery import add_file, evaluation_files
from lattice.service.overview import EvaluationLine
from lattice.studio.feeds import Feed, Glance
from lattice.studio.listing import Listing
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text, streamed
from lattice.studio.templating import page, part, render

router = APIRouter()
LOOK_EVERY = 0.5


def _listing(q: str = "", status: str = "", sort: str = "", archived: str = "") -> Listing:
    return Listing.of(q, status, sort, archived)


Listed = Annotated[Listing, Depends(_listing)]


@router.get("/")
def show(request: Request, studio: InStudio, listing: Listed) -> Response:
    """All evaluations, or those that the address asks for."""
    lines = studio.overview.lines()
    shown = "table" if request.headers.get("hx-target") == "evaluations" else "page"
    return page(
        request,
        f"evaluations/{shown}.html",
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
    return part(request, "evaluations/files.html", "Evaluation files", {"files": found})


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
    return Feed(_Watched(studio).look, every=LOOK_EVERY)


class _Watched:
    """The list, looked at again and again: a row is written anew where its evaluation has changed."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._rows: dict[str, tuple[EvaluationLine, str]] = {}

    def look(self) -> Glance:
        lines = self._studio.overview.lines()
        self._rows = {line.row.id: (line, self._row(line)) for line in lines}
        rows = {f"row-{evaluation}": text for evaluation, (_, text) in self._rows.items()}
        return Glance(parts={**rows, "known": self._known(lines)})

    def _row(self, line: EvaluationLine) -> str:
        known = self._rows.get(line.row.id)
        if known is not None and known[0] == line:
            return known[1]
        # How long ago something was is told by the page: a row would change with every second for it.
        return render(self._studio.settings.root, "evaluations/row.html", {"line": line, "now": None})

    def _known(self, lines: list[EvaluationLine]) -> str:
        """What a page compares with the rows it shows, to tell that there are others."""
        ids = sorted(line.row.id for line in lines if not line.row.archived)
        return render(self._studio.settings.root, "evaluations/known.html", {"ids": ids})
