"""The REST API, under ``/api/v1``. Handlers that touch the store are plain functions, which run in threads."""

from __future__ import annotations

from fastapi import APIRouter

from lattice.studio.api import (
    comparing,
    control,
    documentation,
    evaluations,
    events,
    exporting,
    health,
    results,
    runs,
    schedules,
)

ROUTER = APIRouter(prefix="/api/v1")
for _each in (health, evaluations, runs, control, results, events, exporting, comparing, schedules, documentation):
    ROUTER.include_router(_each.router)
