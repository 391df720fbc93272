"""The REST API, under ``/api/v1``. Handlers that touch the store are plain functions, which run in threads."""

from __future__ import annotations

from fastapi import APIRouter

from lattice.studio.api import (
    alerts,
    comparing,
    control,
    documentation,
    evaluations,
    events,
    exporting,
    health,
    hooks,
    results,
    runs,
    schedules,
    verdicts,
)

ROUTER = APIRouter(prefix="/api/v1")
for _each in (
    health,
    evaluations,
    alerts,
    runs,
    control,
    results,
    events,
    exporting,
    comparing,
    schedules,
    verdicts,
    hooks,
    documentation,
):
    ROUTER.include_router(_each.router)
