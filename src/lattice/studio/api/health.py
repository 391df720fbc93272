"""Whether the Studio answers."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from lattice import __version__
from lattice.service.execution import is_live
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.shapes import Health
from lattice.studio.state import InStudio

router = APIRouter(tags=["Studio"])


@router.get("/health", responses={**errors(), **answers(Health)})
def health(studio: InStudio) -> Response:
    """Whether the Studio and its store answer, how many runs are carried out, and how many wait for their turn."""
    running = sum(is_live(run) for run in studio.store.running())
    queued = len(studio.store.queue.waiting())
    return json_answer({"status": "ok", "version": __version__, "running": running, "queued": queued})
