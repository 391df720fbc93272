"""What people do with schedules: put one in force, change it, pause it, look at it."""

from __future__ import annotations

import difflib
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lattice.config import load
from lattice.config.slug import slug
from lattice.core.cron import Cron, check_cron, check_zone
from lattice.core.errors import LatticeError, NotFound, UsageError
from lattice.core.runs import RunRecord
from lattice.core.schedules import CatchUp, FiringState, Overlap, ScheduleSettings
from lattice.reporting.document import timestamp
from lattice.reporting.formats import duration
from lattice.service.launching import Place
from lattice.service.preparation import prepare, stage
from lattice.service.scheduling import Scheduling, cron_of, overrides_in
from lattice.service.workspace import folder_to_keep
from lattice.store import FiringRecord, GoingRun, NewSchedule, ScheduleRecord, Store
from lattice.store.times import WallClock, utc_now

LOCALTIME = Path("/etc/localtime")
UTC_NAME = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody says about a schedule; None leaves it to the file, and then to the default.

    Parameters
    ----------
    settings: what is changed about the file for each run, and its tags, as it is kept.
    """

    cron: str | None = None
    timezone: str | None = None
    catch_up: CatchUp | None = None
    overlap: Overlap | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A schedule that is in force now.

    Parameters
    ----------
    is_new: there was none before.
    changed: what it said before and says now, a line each.
    zone_from: where its time zone comes from.
    """

    schedule: ScheduleRecord
    is_new: bool
    changed: tuple[str, ...]
    zone_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """A schedule as lists show it.

    Parameters
    ----------
    last: its latest firing, and `run` the run of that, where it is still there.
    waits_for: the run whose end a firing that is due waits for.
    """

    schedule: ScheduleRecord
    last: FiringRecord | None
    run: RunRecord | None
    waits_for: GoingRun | None = None

    @property
    def words(self) -> str:
        """When it falls due, for people."""
        return cron_of(self.schedule).words()

    @property
    def state(self) -> str:
        """What becomes of its next time: ``archived``, ``paused``, ``active``."""
        if self.schedule.archived:
            return "archived"
        return "paused" if self.schedule.paused else "active"

    @property
    def outcome(self) -> str:
        """What became of its latest time."""
        if self.last is None:
            return "not yet"
        return firing_words(self.last, None if self.run is None else f"#{self.run.number}", self.waits_for)


def add_schedule(store: Store, place: Place, path: Path, wish: Wish, *, clock: WallClock = utc_now) -> Added:
    """Put the schedule of a file in force, after all is checked that is checked before a run.

    The evaluation becomes a version of the workspace as by ``lattice add``; an earlier schedule of it is changed.

    Raises
    ------
    InvalidEvaluation: the file cannot be run.
    UsageError: nobody says when, or what is said is no schedule.
    """
    prepared = prepare(path, place.environ, overrides_in(wish.settings))
    said = prepared.evaluation.schedule
    before = _earlier(store, slug(prepared.evaluation.name))
    zone, zone_from = _zone(wish, said, before, place.environ)
    cron = Cron(fields=_cron(wish, said, path), zone=zone)
    following = cron.after(clock())
    if following is None:
        raise UsageError(f"--cron {cron.fields}: it never falls due")
    base = prepared.surroundings.base
    folder = folder_to_keep(base, place.db, place.environ, place.folder)
    version = stage(store, prepared, folder=folder)
    new = NewSchedule(
        file=f"{folder.rstrip('/')}/{path.name}",
        host=socket.gethostname(),
        cron=cron.fields,
        timezone=zone,
        catch_up=wish.catch_up or (said.catch_up if said else CatchUp.ONCE),
        overlap=wish.overlap or (said.overlap if said else Overlap.SKIP),
        settings=wish.settings,
    )
    schedule = store.schedules.put(version.evaluation_id, new, following)
    return Added(
        schedule=schedule,
        is_new=before is None,
        changed=() if before is None else _changes(before, schedule),
        zone_from=zone_from,
    )


def find_schedule(store: Store, place: Place, text: str) -> ScheduleRecord:
    """The schedule that is meant: by its evaluation file, which need not be there any more, or its name or slug.

    Raises
    ------
    NotFound: there is none; the message says which there are.
    """
    known = store.schedules.all()
    path = place.folder / text
    kept = f"{folder_to_keep(path.parent, place.db, place.environ, place.folder).rstrip('/')}/{path.name}"
    meant = {slug(text), *_slug_in(path)}
    for schedule in known:
        if schedule.file == kept or schedule.evaluation_slug in meant or schedule.id == text:
            return schedule
    slugs = [schedule.evaluation_slug for schedule in known]
    if not slugs:
        raise NotFound("there are no schedules here; 'lattice schedule add FILE' makes one")
    near = difflib.get_close_matches(slug(text), slugs, n=1)
    raise NotFound(
        f"there is no schedule of {text}; " + (f"did you mean {near[0]}?" if near else f"there are: {', '.join(slugs)}")
    )


def resume_schedule(store: Store, schedule: ScheduleRecord, *, clock: WallClock = utc_now) -> ScheduleRecord:
    """Let it fall due again from now on; what would have come while it was paused is not caught up.

    Where it is not paused, nothing changes.
    """
    if schedule.paused:
        store.schedules.resume(schedule.key, cron_of(schedule).after(clock()))
    return store.schedules.by_key(schedule.key)


def run_now(store: Store, place: Place, schedule: ScheduleRecord, *, clock: WallClock = utc_now) -> FiringRecord:
    """Make a run at once as the schedule would; its own times stay as they are.

    Returns
    -------
    What became of it; one that is still due waits for the end of an earlier run.

    Raises
    ------
    UsageError: a time of the schedule is due already and waits.
    """
    firing = store.schedules.ask(schedule)
    Scheduling(store, place, clock=clock).see_to(firing)
    return store.schedules.firing(firing.key)


def schedule_lines(store: Store) -> list[ScheduleLine]:
    """All schedules, the one that falls due next first."""
    last = store.schedules.last_firings()
    return [_line(store, schedule, last.get(schedule.key)) for schedule in store.schedules.all()]


def schedule_line(store: Store, schedule: ScheduleRecord) -> ScheduleLine:
    """One schedule."""
    return _line(store, schedule, next(iter(store.schedules.firings(schedule.key, limit=1)), None))


def schedule_line_of(store: Store, evaluation_id: str) -> ScheduleLine | None:
    """The schedule of an evaluation, by the evaluation's id; None where it has none."""
    found = store.schedules.find(evaluation_id)
    return None if found is None else schedule_line(store, found)


def run_of(store: Store, firing: FiringRecord) -> RunRecord | None:
    """The run of a firing, where it was made and is still there."""
    if firing.run_id is None:
        return None
    try:
        return store.find_run(firing.run_id)
    except NotFound:
        return None


def firing_words(firing: FiringRecord, run: str | None, waits_for: GoingRun | None = None) -> str:
    """What became of a firing: ``started #12``, ``skipped: rag#11 was still going``, ``waits for rag#11``."""
    match firing.state:
        case FiringState.DUE:
            said = "due" if waits_for is None else f"waits for {waits_for.name}"
        case FiringState.STARTED:
            said = f"started {run}" if run else "started a run that was deleted"
        case _:
            said = f"{firing.state.value}: {firing.reason}"
    if not firing.missed:
        return said
    return f"{said} (stands for {firing.missed} missed {'time' if firing.missed == 1 else 'times'} as well)"


def local_zone(environ: Mapping[str, str], link: Path = LOCALTIME) -> str | None:
    """The name of this machine's time zone, as ``TZ`` or the link of the system tells it; None where neither does."""
    given = environ.get("TZ", "").removeprefix(":")
    try:
        named = given or os.readlink(link)
        return check_zone(named.rpartition("zoneinfo/")[2])
    except (OSError, ValueError):
        return None


def schedule_document(line: ScheduleLine, firings: Sequence[FiringRecord]) -> dict[str, Any]:
    """A schedule as JSON data.

    Parameters
    ----------
    firings: of its times, those that are to be in it.
    """
    schedule = line.schedule
    return {
        "id": schedule.id,
        "evaluation": {
            "id": schedule.evaluation_id,
            "slug": schedule.evaluation_slug,
            "name": schedule.evaluation_name,
        },
        "file": shown_file(schedule),
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "catch_up": schedule.catch_up.value,
        "overlap": schedule.overlap.value,
        "settings": dict(schedule.settings),
        "state": line.state,
        "words": line.words,
        "next_at": timestamp(schedule.next_at),
        "firings": [
            {
                "due_at": timestamp(firing.due_at),
                "asked": firing.asked,
                "missed": firing.missed,
                "state": firing.state.value,
                "reason": firing.reason,
                "run": firing.run_id,
            }
            for firing in firings
        ],
    }


def shown_file(schedule: ScheduleRecord) -> str:
    """The file as one would type it in the workspace's folder."""
    return schedule.file.removeprefix("./")


def _earlier(store: Store, wanted: str) -> ScheduleRecord | None:
    """The schedule that an evaluation has already, by its slug."""
    return next((each for each in store.schedules.all() if each.evaluation_slug == wanted), None)


def _zone(
    wish: Wish, said: ScheduleSettings | None, before: ScheduleRecord | None, environ: Mapping[str, str]
) -> tuple[str, str]:
    """The time zone, and where it comes from."""
    if wish.timezone is not None:
        try:
            return check_zone(wish.timezone), "as given"
        except ValueError as error:
            raise UsageError(f"--timezone {wish.timezone}: {error}") from None
    if said is not None and said.timezone is not None:
        return said.timezone, "from the file"
    if before is not None:
        return before.timezone, "as before"
    local = local_zone(environ)
    if local is not None:
        return local, "this machine's own; --timezone names another"
    return UTC_NAME, "since this machine does not tell its own; --timezone names another"


def _cron(wish: Wish, said: ScheduleSettings | None, path: Path) -> str:
    if wish.cron is not None:
        try:
            return check_cron(wish.cron)
        except ValueError as error:
            raise UsageError(f"--cron: {error}") from None
    if said is None:
        raise UsageError(
            f"{path} does not say when it is to run: give --cron '0 2 * * *', or write schedule: {{cron: '0 2 * * *'}} "
            "into it"
        )
    return said.cron


def _slug_in(path: Path) -> list[str]:
    """The slug of the evaluation in a file, if it is one."""
    if not path.is_file():
        return []
    try:
        return [slug(load(path).evaluation.name)]
    except LatticeError:
        return []


_SHOWN = ("file", "cron", "timezone", "catch_up", "overlap", "settings")


def _changes(before: ScheduleRecord, now: ScheduleRecord) -> tuple[str, ...]:
    pairs = [(name, getattr(before, name), getattr(now, name)) for name in _SHOWN]
    return tuple(f"{name}: {_said(old)} → {_said(new)}" for name, old, new in pairs if old != new)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_part(each)}" for name, each in value.items()) or "nothing"
    return str(value)


def _part(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={each}" for name, each in value.items())
    return " ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _line(store: Store, schedule: ScheduleRecord, last: FiringRecord | None) -> ScheduleLine:
    is_due = last is not None and last.state is FiringState.DUE
    return ScheduleLine(
        schedule=schedule,
        last=last,
        run=None if last is None else run_of(store, last),
        waits_for=store.schedules.going(schedule.evaluation_id) if is_due else None,
    )


def next_words(schedule: ScheduleRecord, now: datetime) -> str:
    """``Sun 2026-11-29 02:00 CET, in 9h 3m``."""
    if schedule.next_at is None:
        return "paused"
    left = (schedule.next_at - now).total_seconds()
    return f"{moment_words(schedule.next_at, schedule.timezone)}, " + (f"in {duration(left)}" if left > 0 else "now")


def moment_words(moment: datetime, zone: str) -> str:
    """A moment on the clock of a time zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"
