"""``GET /metrics``: the numbers that a monitoring system collects. Whoever may look may read them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from lattice.service.metrics import CONTENT_TYPE, metrics_registry, metrics_text
from lattice.studio.state import InStudio

router = APIRouter()


@router.get("/metrics")
def metrics(studio: InStudio) -> Response:
    """The store as it is now, in the text format of Prometheus."""
    registry = metrics_registry(studio.store, lambda: studio.keeper.troubles)
    return Response(metrics_text(registry), media_type=CONTENT_TYPE)
