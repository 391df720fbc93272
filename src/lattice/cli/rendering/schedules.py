"""Schedules in rows, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from lattice.cli.rendering.grids import aligned
from lattice.cli.rendering.terminal import Terminal
from lattice.reporting.formats import NOTHING, terminal_text
from lattice.service.reading import reference_of
from lattice.service.schedules import Added, ScheduleLine, firing_words, moment_words, next_words, shown_file
from lattice.store import FiringRecord, ScheduleRecord


def schedules_table(lines: Sequence[ScheduleLine], terminal: Terminal) -> list[str]:
    """Each schedule: evaluation, when, its next time, its last time and what became of it."""
    if not lines:
        return ["No schedules yet. `lattice schedule add FILE --cron '0 2 * * *'` makes one."]
    cells = [("Evaluation", "When", "Next", "Last", "What became of it")]
    for line in lines:
        schedule, last = line.schedule, line.last
        cells.append(
            (
                schedule.evaluation_slug,
                schedule.cron,
                _next(schedule),
                NOTHING if last is None else f"{_on_its_clock(last.due_at, schedule):%m-%d %H:%M}",
                terminal_text(line.outcome, 80),
            )
        )
    return aligned(cells, width=terminal.width)


def _next(schedule: ScheduleRecord) -> str:
    if schedule.archived or schedule.paused:
        return "archived" if schedule.archived else "paused"
    return NOTHING if schedule.next_at is None else f"{_on_its_clock(schedule.next_at, schedule):%a %m-%d %H:%M %Z}"


def _on_its_clock(moment: datetime, schedule: ScheduleRecord) -> datetime:
    """A moment in the time zone of a schedule."""
    return moment.astimezone(ZoneInfo(schedule.timezone))


def schedule_block(line: ScheduleLine, now: datetime, terminal: Terminal) -> Iterator[str]:
    """One schedule with all that it says."""
    schedule = line.schedule
    yield f"Schedule: {terminal_text(schedule.evaluation_name, terminal.width)}"
    yield f"File: {terminal_text(shown_file(schedule))}"
    yield f"When: {line.words} ({schedule.cron})"
    yield f"Next: {'never: the evaluation is archived' if schedule.archived else next_words(schedule, now)}"
    yield f"Missed times: {_CATCH_UP[schedule.catch_up.value]}"
    yield f"While a run is still going: {_OVERLAP[schedule.overlap.value]}"
    for name, value in settings_shown(schedule):
        yield f"{name}: {terminal_text(value)}"


def firing_lines(rows: Sequence[tuple[FiringRecord, str | None]], line: ScheduleLine) -> list[str]:
    """What became of its times, latest first."""
    zone = line.schedule.timezone
    found = []
    for firing, run in rows:
        waits = line.waits_for if line.last is not None and firing.key == line.last.key else None
        asked = " (asked for)" if firing.asked else ""
        found.append(f"  {moment_words(firing.due_at, zone)}{asked}  {terminal_text(firing_words(firing, run, waits))}")
    return found


def added_lines(added: Added, now: datetime) -> Iterator[str]:
    """That a schedule is in force, and how."""
    schedule = added.schedule
    if added.is_new:
        yield f"Scheduled {schedule.evaluation_slug}."
    elif added.changed:
        yield f"Changed the schedule of {schedule.evaluation_slug}:"
        yield from (f"  {terminal_text(each)}" for each in added.changed)
    else:
        yield f"The schedule of {schedule.evaluation_slug} is as it was."
    yield f"Time zone: {schedule.timezone} ({added.zone_from})"
    yield f"Next: {next_words(schedule, now)}"
    if schedule.paused:
        yield f"It is paused: 'lattice schedule resume {schedule.evaluation_slug}' lets it go on."
    elif schedule.archived:
        yield "The evaluation is archived, and is not run until it is taken back in the Studio."
    else:
        yield "It is run while a Studio or 'lattice scheduler' runs over this workspace."


def settings_shown(schedule: ScheduleRecord) -> Iterator[tuple[str, str]]:
    """What is changed about the file for each run."""
    kept = dict(schedule.settings)
    if tags := kept.pop("tags", None):
        yield "Tags", ", ".join(f"{key}={value}" for key, value in tags.items())
    for name, value in kept.items():
        yield name.replace("_", " ").capitalize(), ", ".join(value) if isinstance(value, list) else str(value)


def run_name(line: ScheduleLine) -> str | None:
    """The run of its latest time, as commands take it."""
    return None if line.run is None else reference_of(line.run)


_CATCH_UP = {"once": "one run for all of them (catch_up: once)", "skip": "passed over (catch_up: skip)"}
_OVERLAP = {
    "skip": "the time is skipped (overlap: skip)",
    "queue": "the time waits until it has ended (overlap: queue)",
    "cancel": "that run is cancelled (overlap: cancel)",
}
