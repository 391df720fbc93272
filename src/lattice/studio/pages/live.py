"""The stream of pages that have nothing live of their own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lattice.studio.state import InStudio
from lattice.studio.streaming import streamed

router = APIRouter()


@router.get("/live")
async def stream(request: Request, studio: InStudio) -> Response:
    return streamed(request, studio)
