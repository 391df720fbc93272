"""Sees to schedules: writes down what falls due, and makes one run of it.

Any number of processes may do so over one store. Each reads the evaluation file afresh for every run; the run is put
into the queue, and a process of its own carries it out.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lattice.config import parse_override
from lattice.config.slug import slug
from lattice.core.cron import Cron
from lattice.core.errors import ClaimLost, InvalidEvaluation, LatticeError, NotFound, StoreError, UsageError
from lattice.core.runs import Claim, RunStatus, StopRequest
from lattice.core.schedules import CatchUp, FiringState, Overlap
from lattice.engine.plan import schedule_seed
from lattice.service.control import cancel_run
from lattice.service.launching import Place
from lattice.service.preparation import Overrides, prepare_in_sight, stage, trials_of
from lattice.store import FiringRecord, GoingRun, NewFiring, ScheduleRecord, Store, VersionRecord
from lattice.store.runs import NewRun
from lattice.store.times import WallClock, utc_now

log = logging.getLogger(__name__)

TRIGGER = "schedule"
GRACE = timedelta(minutes=5)
"""A time that is seen to within this is on time; later on it was missed."""
MOST_COUNTED = 1000
"""Missed times beyond these are not counted."""
LONGEST_REASON = 600


class Scheduling:
    """The duty of everyone who serves a store: nothing that falls due is lost, nothing is run twice.

    Parameters
    ----------
    place: where evaluation files are found.
    clock: tells the present moment in UTC; the store's own.
    """

    name = "schedules"

    def __init__(self, store: Store, place: Place, *, clock: WallClock = utc_now) -> None:
        self._store = store
        self._place = place
        self._clock = clock

    def perform(self) -> None:
        """Write down what has fallen due, and see to every firing that is open.

        Raises
        ------
        StoreError: the store refused; what is left is seen to in the next round.
        """
        for schedule in self._store.schedules.due():
            firing, following = falls_due(schedule, self._clock())
            if self._store.schedules.fall_due(schedule, firing, following) and firing.state is FiringState.SKIPPED:
                log.info("%s: skipped: %s", schedule.evaluation_slug, firing.reason)
        for firing in self._store.schedules.open():
            self.see_to(firing)

    def see_to(self, firing: FiringRecord) -> None:
        """Make the run of a firing that is due, skip or fail it, or leave it for later.

        Raises
        ------
        StoreError: the store refused; the firing stays due.
        """
        schedules = self._store.schedules
        try:
            schedule = schedules.by_key(firing.schedule_key)
        except NotFound:
            return
        going = schedules.going(schedule.evaluation_id)
        if going is not None and schedule.overlap is not Overlap.SKIP and not schedule.archived:
            self._wait_for(schedule, going)
            return
        claim = schedules.claim(firing.key)
        if claim is None:
            return
        try:
            self._decide(schedule, firing, claim, going)
        except ClaimLost:
            log.info("%s: paused or removed meanwhile, or seen to by another process", schedule.evaluation_slug)
        except StoreError:
            schedules.let_go(firing.key, claim)
            raise

    def _decide(self, schedule: ScheduleRecord, firing: FiringRecord, claim: Claim, going: GoingRun | None) -> None:
        if schedule.archived:
            self._end(
                schedule, firing, claim, FiringState.SKIPPED, "the evaluation is archived; take it back to run it"
            )
        elif going is not None:
            self._end(schedule, firing, claim, FiringState.SKIPPED, f"{going.name} was still going")
        elif self._is_elsewhere(schedule, firing):
            self._store.schedules.let_go(firing.key, claim)
        else:
            self._start(schedule, firing, claim)

    def _start(self, schedule: ScheduleRecord, firing: FiringRecord, claim: Claim) -> None:
        try:
            new = self._new_run(schedule)
        except StoreError:
            raise
        except LatticeError as error:
            self._end(schedule, firing, claim, FiringState.FAILED, _reason(error))
            return
        except Exception as error:  # a defect with one file must not hold up all other schedules for ever
            log.exception("%s cannot be prepared", schedule.file)
            self._end(schedule, firing, claim, FiringState.FAILED, f"{type(error).__name__}: {error}"[:LONGEST_REASON])
            return
        made = self._store.schedules.start(firing, claim, new)
        if isinstance(made, GoingRun):
            # It began a moment ago: the next round does with it what the schedule says.
            self._store.schedules.let_go(firing.key, claim)
        else:
            run = self._store.run(made)
            log.info("%s: queued %s#%d", schedule.evaluation_slug, run.evaluation_slug, run.number)

    def _new_run(self, schedule: ScheduleRecord) -> NewRun:
        """The run of what the file says now.

        Raises
        ------
        UsageError: it says nothing that can be run, or is another evaluation by now.
        """
        path = path_of(schedule, self._place)
        if path is None or not path.is_file():
            raise UsageError(f"the file {path or schedule.file} is not there; add the schedule again from where it is")
        prepared = prepare_in_sight(path, self._place.environ, overrides_in(schedule.settings))
        found = prepared.evaluation
        if slug(found.name) != schedule.evaluation_slug:
            raise UsageError(
                f"{path} holds the evaluation {found.name!r} by now, not {schedule.evaluation_name!r}; "
                "add the schedule of that one and remove this one"
            )
        folder = _folder(schedule)
        version = stage(self._store, prepared, folder=folder)
        tags = self._place.tagged(schedule.settings.get("tags", {}), folder)
        return _run_of(version, trials_of(found, version.input_set.count), tags, folder)

    def _wait_for(self, schedule: ScheduleRecord, going: GoingRun) -> None:
        """Leave a firing due until an earlier run has ended, which is asked to end where the schedule says so."""
        if schedule.overlap is not Overlap.CANCEL:
            return
        run = self._store.run(going.key)
        if run.status is RunStatus.RUNNING and not run.interrupted:
            if run.stop_request is StopRequest.NONE:
                log.info("%s: %s is asked to stop", schedule.evaluation_slug, going.name)
                self._store.request_stop(going.key, StopRequest.DRAIN)
            return
        self._store.schedules.withdraw(going)
        if run.status in (RunStatus.PENDING, RunStatus.RUNNING):
            cancel_run(self._store, run)

    def _is_elsewhere(self, schedule: ScheduleRecord, firing: FiringRecord) -> bool:
        """Whether the file is for another machine's process to find, which has a while for it."""
        path = path_of(schedule, self._place)
        here = path is not None and path.is_file()
        return not here and schedule.host != socket.gethostname() and self._clock() - firing.due_at < GRACE

    def _end(
        self, schedule: ScheduleRecord, firing: FiringRecord, claim: Claim, state: FiringState, reason: str
    ) -> None:
        self._store.schedules.end(firing.key, claim, state, reason)
        level = logging.WARNING if state is FiringState.FAILED else logging.INFO
        log.log(level, "%s: %s: %s", schedule.evaluation_slug, state.value, reason)


def falls_due(schedule: ScheduleRecord, now: datetime) -> tuple[NewFiring, datetime | None]:
    """What a schedule whose next time has come falls due for, and when it does next.

    Of several times that have passed there is one firing, for the last one, which says how many it stands for.
    """
    assert schedule.next_at is not None
    cron = cron_of(schedule)
    before = schedule.next_at - timedelta(seconds=1)
    latest = cron.latest(before, now) or schedule.next_at
    missed = cron.count(before, latest, at_most=MOST_COUNTED)
    following = cron.after(now)
    if schedule.catch_up is CatchUp.SKIP and now - latest > GRACE:
        reason = "nobody was there to start it: neither a Studio nor a scheduler ran; catch_up is skip"
        return NewFiring(due_at=latest, missed=missed, state=FiringState.SKIPPED, reason=reason), following
    return NewFiring(due_at=latest, missed=missed), following


def cron_of(schedule: ScheduleRecord) -> Cron:
    """When it falls due."""
    return Cron(fields=schedule.cron, zone=schedule.timezone)


def path_of(schedule: ScheduleRecord, place: Place) -> Path | None:
    """The evaluation file; None where its folder is not on this machine."""
    folder = place.found(_folder(schedule))
    return None if folder is None else folder / schedule.file.rpartition("/")[2]


def overrides_in(settings: Mapping[str, Any]) -> Overrides:
    """What kept settings change about a file.

    Raises
    ------
    UsageError: one of them cannot be read.
    """
    return Overrides(
        sets=tuple(parse_override(text) for text in settings.get("set", ())),
        max_concurrent=settings.get("max_concurrent"),
        limit=settings.get("limit"),
        sample=settings.get("sample"),
        repeats=settings.get("repeats"),
        targets=tuple(settings.get("targets", ())),
    )


def _folder(schedule: ScheduleRecord) -> str:
    return schedule.file.rpartition("/")[0] or "/"


def _run_of(version: VersionRecord, total: int, tags: dict[str, str], folder: str) -> NewRun:
    return NewRun(
        version_key=version.key,
        seed=schedule_seed(version.input_set.hash),
        total=total,
        trigger=TRIGGER,
        tags=tags,
        folder=folder,
    )


def _reason(error: LatticeError) -> str:
    """Why a file cannot be run, short enough for a line."""
    if isinstance(error, InvalidEvaluation) and len(error.problems) > 1:
        others = len(error.problems) - 1
        more = "1 more problem" if others == 1 else f"{others} more problems"
        return f"{str(error.problems[0])[:LONGEST_REASON]} (and {more}: lattice validate lists them)"
    return str(error)[:LONGEST_REASON]
