"""The API's own description: OpenAPI for programs, a page for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from pydantic.json_schema import models_json_schema

from lattice import __version__
from lattice.studio.api.answers import json_answer
from lattice.studio.api.orders import (
    AnnotationOrder,
    ArchiveOrder,
    BaselineOrder,
    CancelOrder,
    Deployment,
    RescoreOrder,
    ResumeOrder,
    StartOrder,
    Tagged,
)
from lattice.studio.api.requests import REFERENCE, evaluation_components
from lattice.studio.state import InStudio
from lattice.studio.templating import page

router = APIRouter(include_in_schema=False)

_ORDERS = (
    AnnotationOrder,
    ArchiveOrder,
    BaselineOrder,
    CancelOrder,
    Deployment,
    RescoreOrder,
    ResumeOrder,
    StartOrder,
    Tagged,
)
_TAGS = [
    {"name": "Evaluations", "description": "What can be run."},
    {"name": "Runs", "description": "Started, followed, stopped, finished."},
    {"name": "Results", "description": "What a run has brought."},
    {"name": "Comparison and gates", "description": "What its numbers say."},
    {"name": "Studio", "description": "The Studio itself."},
]
_INTRODUCTION = (
    "The REST API of a Lattice Studio. Documents are those of the command line's `--json`. An error is "
    '`{"error": CODE, "message": …, "detail": …}`. Runs are carried out by processes of their own.'
)


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The description, as OpenAPI 3.1."""
    return json_answer(description_of(request.app))


@router.get("/docs")
def docs(request: Request, studio: InStudio) -> Response:
    """Every address with what it does."""
    return page(request, "api.html", {"described": description_of(request.app), "studio": studio})


def description_of(app: FastAPI) -> dict[str, Any]:
    """The description of an application; made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    settings = app.state.studio.settings
    schema = get_openapi(
        title="Lattice",
        version=__version__,
        description=_INTRODUCTION,
        routes=app.routes,
        tags=_TAGS,
        servers=[{"url": settings.root or "/"}],
    )
    _, orders = models_json_schema([(each, "validation") for each in _ORDERS], ref_template=REFERENCE)
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update({**orders.get("$defs", {}), **evaluation_components()})
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "LATTICE_STUDIO_TOKEN; LATTICE_STUDIO_READ_TOKEN may look at everything and change nothing",
        }
    }
    # A Studio without a token asks for none.
    schema["security"] = [{"token": []}] if settings.token is not None else []
    return schema
