"""Schedules: looked at, paused, let go on, run at once. A file on the machine is scheduled there, not from here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lattice.service.schedules import (
    resume_schedule,
    run_now,
    schedule_document,
    schedule_line,
    schedule_lines,
)
from lattice.store import ScheduleRecord
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.finding import InEvaluation
from lattice.studio.api.paging import InPage
from lattice.studio.api.shapes import ScheduleDocument, ScheduleLines
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Schedules"])

MOST_FIRINGS = 500


def _schedule(row: InEvaluation, studio: InStudio) -> ScheduleRecord:
    return studio.store.schedules.of(row.id)


InSchedule = Annotated[ScheduleRecord, Depends(_schedule)]


@router.get("/schedules", responses={**errors(), **answers(ScheduleLines)})
def list_schedules(studio: InStudio, page: InPage) -> Response:
    """All schedules, the one that falls due next first, each with what became of its last time."""
    lines = schedule_lines(studio.store)
    shown = [schedule_document(line, [] if line.last is None else [line.last]) for line in page.of(lines)]
    return json_answer({**page.as_json(len(lines)), "schedules": shown})


@router.get("/evaluations/{evaluation}/schedule", responses={**errors(404), **answers(ScheduleDocument)})
def show_schedule(
    studio: InStudio,
    schedule: InSchedule,
    firings: Annotated[int, Query(description="how many of its last times are given", ge=1, le=MOST_FIRINGS)] = 50,
) -> Response:
    """The schedule of an evaluation and what became of its last times, latest first."""
    return _shown(studio, schedule, firings)


@router.post("/evaluations/{evaluation}/schedule/pause", responses={**errors(404, 409), **answers(ScheduleDocument)})
def pause_schedule(studio: InStudio, schedule: InSchedule) -> Response:
    """Let nothing fall due until it is resumed; what is due and has no run yet gets none."""
    studio.store.schedules.pause(schedule.key)
    return _shown(studio, studio.store.schedules.by_key(schedule.key))


@router.post("/evaluations/{evaluation}/schedule/resume", responses={**errors(404, 409), **answers(ScheduleDocument)})
def let_go_on(studio: InStudio, schedule: InSchedule) -> Response:
    """Let it fall due again, from its next time on; what came in between is not caught up."""
    return _shown(studio, resume_schedule(studio.store, schedule))


@router.post("/evaluations/{evaluation}/schedule/run", responses={**errors(404, 409), **answers(ScheduleDocument)})
def run_at_once(studio: InStudio, schedule: InSchedule) -> Response:
    """Make a run now as the schedule would. What became of it is the first of `firings`; its own times stay."""
    run_now(studio.store, studio.place, schedule)
    return _shown(studio, schedule)


def _shown(studio: Studio, schedule: ScheduleRecord, firings: int = 1) -> Response:
    found = studio.store.schedules.firings(schedule.key, limit=firings)
    return json_answer(schedule_document(schedule_line(studio.store, schedule), found))
