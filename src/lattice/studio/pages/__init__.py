"""Pages for people, one module per page, each with a `router`."""

from __future__ import annotations

from fastapi import APIRouter

from lattice.studio.pages import artifacts, charts, evaluation, evaluations, live, new, run, run_actions, search, settings

PAGES: tuple[APIRouter, ...] = (
    evaluations.router,
    new.router,
    evaluation.router,
    run.router,
    run_actions.router,
    charts.router,
    live.router,
    artifacts.router,
    search.router,
    settings.router,
)
