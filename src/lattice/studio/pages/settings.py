"""Settings: appearance, and what this Studio works on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.service.waiting import queued_runs
from lattice.studio.login import within
from lattice.studio.state import InStudio
from lattice.studio.templating import THEME_COOKIE, THEMES, page

router = APIRouter()
A_YEAR = 365 * 86400


@router.get("/settings")
def show(request: Request, studio: InStudio) -> Response:
    """What this Studio works on, the queue of its store, and messages that could not be sent."""
    contents = {
        "studio": studio,
        "queued": queued_runs(studio.store),
        "unsent": studio.store.alerts.outbox.unsent(),
        "now": datetime.now(UTC),
    }
    return page(request, "settings.html", contents)


@router.post("/settings/theme")
def choose_theme(studio: InStudio, theme: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
    """Keep a theme in this browser, and go back to the page that it was chosen on."""
    response = RedirectResponse(studio.settings.root + within(next), status_code=303)
    chosen = theme if theme in THEMES else "auto"
    response.set_cookie(THEME_COOKIE, chosen, max_age=A_YEAR, path=studio.settings.root or "/", samesite="lax")
    return response
