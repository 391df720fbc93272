"""The one page that answers without a token; beside it only `lattice.studio.probes` do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.studio.security.guard import Guard
from lattice.studio.security.sessions import LASTS, access_of_token, cookie_name, issue
from lattice.studio.state import InStudio
from lattice.studio.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show(request: Request, next: str = "/") -> Response:
    """Ask for a token."""
    return page(request, "login.html", {"next": within(next), "wrong": False})


@router.post("/login")
async def log_in(
    request: Request, studio: InStudio, token: Annotated[str, Form(max_length=1000)], next: Annotated[str, Form()] = "/"
) -> Response:
    """Give a cookie for a token."""
    access = access_of_token(studio.settings, token.strip())
    guard: Guard = request.scope["state"]["guard"]
    await guard.slow_down(access)
    if access is None:
        return page(request, "login.html", {"next": within(next), "wrong": True}, 401)
    response = RedirectResponse(studio.settings.root + within(next), status_code=303)
    response.set_cookie(
        cookie_name(studio.settings),
        issue(studio.settings, access),
        max_age=LASTS,
        path=studio.settings.root or "/",
        httponly=True,
        samesite="lax",
        secure=studio.settings.is_https,
    )
    return response


@router.post("/logout")
def log_out(studio: InStudio) -> Response:
    """Take the cookie back."""
    response = RedirectResponse(f"{studio.settings.root}/login", status_code=303)
    response.delete_cookie(cookie_name(studio.settings), path=studio.settings.root or "/")
    return response


def within(address: str) -> str:
    """A path of this Studio; anything that would lead elsewhere becomes the first page."""
    safe = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if safe and address.isprintable() else "/"
