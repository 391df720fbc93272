"""Pages for people, one module per page, each with a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from lattice.studio.pages import (
    artifacts,
    charts,
    compare,
    compare_live,
    evaluation,
    evaluations,
    judges,
    live,
    new,
    results,
    run,
    run_actions,
    schedules,
    search,
    settings,
    trial,
)

PAGES: tuple[APIRouter, ...] = (
    evaluations.router,
    new.router,
    evaluation.router,
    run.router,
    run_actions.router,
    results.router,
    trial.router,
    judges.router,
    charts.router,
    compare_live.router,
    compare.router,
    live.router,
    schedules.router,
    artifacts.router,
    search.router,
    settings.router,
)
