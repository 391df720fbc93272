"""Search over evaluations, runs and pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lattice.service.searching import find
from lattice.studio.state import InStudio
from lattice.studio.templating import page

router = APIRouter()

PLACES = (
    ("Evaluations", "/"),
    ("New evaluation", "/evaluations/new"),
    ("Compare runs", "/compare"),
    ("Schedules", "/schedules"),
    ("Artifacts", "/artifacts"),
    ("Judges & annotations", "/judges"),
    ("Settings", "/settings"),
)


@router.get("/search")
def search(request: Request, studio: InStudio, q: str = "", part: str = "") -> Response:
    """What matches; a part of a page for the dialog, a page of its own without script."""
    words = q.casefold().split()
    places = [(label, address) for label, address in PLACES if all(word in label.casefold() for word in words)]
    context = {"q": q, "found": find(studio.store, q), "places": places}
    return page(request, "search/found.html" if part else "search/page.html", context)
