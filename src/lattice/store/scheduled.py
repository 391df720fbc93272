"""Schedules and their firings as they are kept and read; see `lattice.store.scheduling`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from lattice.core.runs import Claim
from lattice.core.schedules import CatchUp, FiringState, Overlap
from lattice.store.claims import read_claim
from lattice.store.text import decode_mapping, decode_optional, decode_text
from lattice.store.times import read_optional_time, read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule as it is to be kept.

    Parameters
    ----------
    file: the evaluation file, its folder as it is kept with runs.
    host: the machine that the file is on.
    settings: what is changed about the file for each run, and its tags, as JSON data.
    """

    file: str
    host: str
    cron: str
    timezone: str
    catch_up: CatchUp
    overlap: Overlap
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord(NewSchedule):
    """A schedule of an evaluation; there is at most one of each.

    Parameters
    ----------
    id: what the API calls it.
    archived: the evaluation was put away.
    next_at: when it falls due next, UTC; None while it is paused.
    """

    key: int
    id: str
    evaluation_id: str
    evaluation_name: str
    evaluation_slug: str
    archived: bool
    paused: bool
    created_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFiring:
    """One time of a schedule that has come.

    Parameters
    ----------
    missed: how many earlier times it stands for as well.
    reason: why it is skipped, where it is.
    """

    due_at: datetime
    missed: int = 0
    state: FiringState = FiringState.DUE
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRecord(NewFiring):
    """What became of one time of a schedule.

    Parameters
    ----------
    asked: somebody asked for it; it is no time of the schedule.
    run_id: of the run that was made.
    ended_at: when it was started, skipped or failed.
    claim: of the process that sees to it.
    """

    key: int
    schedule_key: int
    asked: bool
    run_id: str | None
    ended_at: datetime | None
    claim: Claim | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingRun:
    """A run that waits in the queue or is carried out."""

    key: int
    id: str
    name: str


def read_schedule(row: Row[Any]) -> ScheduleRecord:
    """A schedule out of its row, its evaluation's columns among it."""
    return ScheduleRecord(
        key=row.key,
        id=row.id,
        evaluation_id=row.evaluation_id,
        evaluation_name=decode_text(row.name),
        evaluation_slug=row.slug,
        archived=row.archived,
        file=decode_text(row.file),
        host=decode_text(row.host),
        cron=row.cron,
        timezone=row.timezone,
        catch_up=CatchUp(row.catch_up),
        overlap=Overlap(row.overlap),
        settings=decode_mapping(row.settings),
        paused=row.paused,
        created_at=read_time(row.created_at),
        next_at=read_optional_time(row.next_at),
    )


def read_firing(row: Row[Any]) -> FiringRecord:
    """A firing out of its row."""
    return FiringRecord(
        key=row.key,
        schedule_key=row.schedule_key,
        due_at=read_time(row.due_at),
        missed=row.missed,
        asked=row.asked,
        state=FiringState(row.state),
        reason=decode_optional(row.reason),
        run_id=row.run_id,
        ended_at=read_optional_time(row.ended_at),
        claim=read_claim(row),
    )
