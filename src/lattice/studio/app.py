"""The Studio as one application: protection, API, pages, assets."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lattice import __version__
from lattice.studio import api, failures, login, metrics, probes
from lattice.studio.api import refusals
from lattice.studio.pages import PAGES
from lattice.studio.security.access_log import AccessLog
from lattice.studio.security.guard import Guard
from lattice.studio.state import Studio
from lattice.studio.templating import STATIC


def create_app(studio: Studio) -> FastAPI:
    """An application over an open store; whoever made that closes it."""
    app = Application(
        title="Lattice",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio = studio
    failures.register(app)
    refusals.register(app)
    app.include_router(login.router)
    app.include_router(probes.router)
    app.include_router(metrics.router, include_in_schema=False)
    app.include_router(api.ROUTER)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Assets(directory=STATIC), name="static")
    return app


class Application(FastAPI):
    """Guarded as a whole: what answers when something breaks stands behind the guard as well."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; what the guard refuses is in the log like everything else."""
        await AccessLog(super().__call__)(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        return Guard(super().build_middleware_stack(), self.state.studio.settings)


class Assets(StaticFiles):
    """Files that browsers keep: their addresses change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and b"v=" in scope["query_string"]:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
