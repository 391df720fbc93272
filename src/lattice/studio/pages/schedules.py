"""Schedules: when evaluations run by themselves, and what became of their times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.service.discovery import evaluation_files, schedule_file
from lattice.service.schedules import (
    ScheduleLine,
    firing_words,
    moment_words,
    resume_schedule,
    run_now,
    run_of,
    schedule_line,
    schedule_lines,
)
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page, part

router = APIRouter()
FIRINGS_SHOWN = 30


@router.get("/schedules")
def show_all(request: Request, studio: InStudio) -> Response:
    """All schedules, the one that falls due next first."""
    context = {
        "lines": schedule_lines(studio.store),
        "moment_words": moment_words,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }
    return page(request, "schedules/page.html", context)


@router.get("/schedules/files")
def files(request: Request, studio: InStudio) -> Response:
    """A form that puts the schedule of an evaluation file of the working folder in force."""
    found = [each for each in evaluation_files(studio.store, studio.place.folder) if each.name is not None]
    return part(request, "schedules/form.html", "Schedule an evaluation", {"files": found})


@router.post("/schedules")
def add(
    studio: InStudio,
    path: Annotated[str, Form(max_length=4000)],
    cron: Annotated[str, Form(max_length=200)] = "",
    timezone: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Put the schedule of a file in force; only files that are found in the working folder can be."""
    schedule_file(studio.place, path, cron=cron, timezone=timezone)
    return _back(studio, "")


@router.get("/schedules/{evaluation_id}")
def show(request: Request, studio: InStudio, evaluation_id: str) -> Response:
    """One schedule with its last times."""
    line = _line(studio, evaluation_id)
    firings = studio.store.schedules.firings(line.schedule.key, limit=FIRINGS_SHOWN)
    rows = []
    for firing in firings:
        run = run_of(studio.store, firing)
        waits = line.waits_for if line.last is not None and firing.key == line.last.key else None
        rows.append((firing, run, firing_words(firing, None if run is None else f"#{run.number}", waits)))
    context = {
        "line": line,
        "rows": rows,
        "moment_words": moment_words,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }
    return page(request, "schedules/schedule.html", context)


@router.post("/schedules/{evaluation_id}/pause")
def pause(studio: InStudio, evaluation_id: str) -> Response:
    """Let nothing fall due until it is resumed."""
    line = _line(studio, evaluation_id)
    studio.store.schedules.pause(line.schedule.key)
    return _back(studio, line.schedule.evaluation_id)


@router.post("/schedules/{evaluation_id}/resume")
def resume(studio: InStudio, evaluation_id: str) -> Response:
    """Let it fall due again, from its next time on."""
    line = _line(studio, evaluation_id)
    resume_schedule(studio.store, line.schedule)
    return _back(studio, line.schedule.evaluation_id)


@router.post("/schedules/{evaluation_id}/run-now")
def run_at_once(studio: InStudio, evaluation_id: str) -> Response:
    """Make a run now as the schedule would, and go to it; where none was made, to what is known of its times."""
    line = _line(studio, evaluation_id)
    firing = run_now(studio.store, studio.place, line.schedule)
    record = run_of(studio.store, firing)
    if record is None:
        return _back(studio, line.schedule.evaluation_id)
    return RedirectResponse(f"{studio.settings.root}/runs/{record.id}", status_code=303)


def _line(studio: Studio, evaluation_id: str) -> ScheduleLine:
    return schedule_line(studio.store, studio.store.schedules.of(studio.store.evaluation(evaluation_id).id))


def _back(studio: Studio, evaluation_id: str) -> Response:
    below = f"/{evaluation_id}" if evaluation_id else ""
    return RedirectResponse(f"{studio.settings.root}/schedules{below}", status_code=303)
