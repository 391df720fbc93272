"""The whole store in a few numbers, cheap enough to be asked for every few seconds.

What a run has brought is read once and again only when the run has changed, and whether any run of an evaluation has
changed is told by sums over all of them. All of one look is read in one transaction, so that a run which is deleted
meanwhile is counted once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select

from lattice.core.runs import RunStatus
from lattice.store.claims import CLAIM_COLUMNS, is_held, read_claim
from lattice.store.database import Database
from lattice.store.figures import BROUGHT, Figures, attempts_name, figures_of
from lattice.store.processes import current_process
from lattice.store.schema import alert_states, attempts, evaluations, notifications, queue, retired, runs, schedules
from lattice.store.text import decode_mapping
from lattice.store.times import WallClock

INTERRUPTED = "interrupted"
LATE_AFTER = 60.0
"""Seconds after its time from which a schedule is late."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMeasure:
    """One evaluation.

    Parameters
    ----------
    runs: how many there are by status, ``interrupted`` among them.
    successful, failed: trials of these runs as they stand now.
    figures: what its runs have brought, deleted ones too; see `lattice.store.figures`.
    """

    slug: str
    runs: Mapping[str, int]
    successful: int
    failed: int
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many of something wait, and seconds since the first of them was due or asked for."""

    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One look at a store.

    Parameters
    ----------
    evaluations: oldest first.
    activities: what the runs do that are carried out now, as the engine last saved it.
    queue: runs that wait for their turn.
    schedules: by ``active`` and ``paused``.
    due, late: active schedules whose time has come, and those that it came for over a minute ago.
    notifications: by ``sent``, ``pending`` and ``failed`` (given up).
    pending: notifications that are still to be sent.
    alerts: by their state.
    """

    evaluations: tuple[EvaluationMeasure, ...]
    activities: tuple[Mapping[str, Any], ...]
    queue: Waiting
    schedules: Mapping[str, int]
    due: Waiting
    late: Waiting
    notifications: Mapping[str, int]
    pending: Waiting
    alerts: Mapping[str, int]


@dataclass(slots=True)
class _Known:
    """What was read of a run, and in which state it was then."""

    state: tuple[Any, ...]
    last_attempt: int = 0
    attempts: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Sums:
    """What was read of an evaluation: its runs, what they have brought together, and what told that it is so still."""

    state: tuple[Any, ...] = ()
    runs: dict[int, _Known] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)

    def add_up(self) -> None:
        self.figures = Counter()
        for run in self.runs.values():
            self.figures.update(run.figures)
            self.figures.update(run.attempts)


class Measures:
    """Looks at a store again and again. Safe to use from several threads; looks wait for each other."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._sums: dict[int, _Sums] = {}

    def take(self) -> Measured:
        """The store as it is now."""
        now = self._clock().timestamp()
        with self._lock, self._database.read() as connection:
            activities, interrupted = self._running(connection)
            due: Any = select(func.count(), func.min(schedules.c.next_at)).where(~schedules.c.paused)
            return Measured(
                evaluations=tuple(self._evaluations(connection, interrupted)),
                activities=activities,
                queue=_waiting(connection, _UNTAKEN, now),
                schedules=_counts(connection, case((schedules.c.paused, "paused"), else_="active"), schedules.c.key),
                due=_waiting(connection, due.where(schedules.c.next_at <= now), now),
                late=_waiting(connection, due.where(schedules.c.next_at < now - LATE_AFTER), now),
                notifications=_counts(connection, _OUTCOME, notifications.c.key),
                pending=_waiting(connection, _PENDING, now),
                alerts=_counts(connection, alert_states.c.state, alert_states.c.alert),
            )

    def _running(self, connection: Connection) -> tuple[tuple[Mapping[str, Any], ...], Counter[int]]:
        here, now = current_process(), self._clock()
        activities, interrupted = [], Counter[int]()
        for row in connection.execute(_CLAIMED):
            if is_held(read_claim(row), released=row.claim_released, here=here, now=now):
                activities.append(decode_mapping(row.activity))
            else:
                interrupted[row.evaluation_key] += 1
        return tuple(activities), interrupted

    def _evaluations(self, connection: Connection, interrupted: Mapping[int, int]) -> Iterator[EvaluationMeasure]:
        overviews = {row.evaluation_key: row for row in connection.execute(_OVERVIEW)}
        self._renew(connection, overviews)
        earlier = {row.evaluation_key: decode_mapping(row.figures) for row in connection.execute(select(retired))}
        for row in connection.execute(select(evaluations.c.key, evaluations.c.slug).order_by(evaluations.c.key)):
            overview = overviews.get(row.key)
            figures = Counter(self._sums[row.key].figures) if row.key in self._sums else Counter[str]()
            figures.update(earlier.get(row.key, {}))
            yield EvaluationMeasure(
                slug=row.slug,
                runs=_statuses(overview, interrupted.get(row.key, 0)),
                successful=0 if overview is None else int(overview.successful_trials),
                failed=0 if overview is None else int(overview.failed_trials),
                figures=figures,
            )

    def _renew(self, connection: Connection, overviews: Mapping[int, Row[Any]]) -> None:
        """Read what has changed since the last look, and forget what is gone."""
        is_first = not self._sums
        for gone in self._sums.keys() - overviews.keys():
            del self._sums[gone]
        changed = set()
        for key, row in overviews.items():
            sums = self._sums.setdefault(key, _Sums())
            if sums.state != tuple(row):
                sums.state = tuple(row)
                changed.add(key)
        for some in _portions(sorted(changed)):
            self._renew_runs(connection, some, is_first)
        if is_first:
            self._count_all_attempts(connection)
        for key in changed:
            self._sums[key].add_up()

    def _renew_runs(self, connection: Connection, evaluation_keys: Sequence[int], is_first: bool) -> None:
        rows = connection.execute(_RUNS.where(runs.c.evaluation_key.in_(evaluation_keys))).all()
        there = {row.key for row in rows}
        for key in evaluation_keys:
            known = self._sums[key].runs
            for gone in known.keys() - there:
                del known[gone]
        changed = [row for row in rows if self._has_changed(row)]
        for row in changed:
            known_run = self._sums[row.evaluation_key].runs.setdefault(row.key, _Known(_state(row)))
            known_run.state = _state(row)
            if not is_first:
                self._count_more_attempts(connection, row.key, known_run)
        of = {row.key: row.evaluation_key for row in changed}
        for some in _portions(list(of)):
            for row in connection.execute(select(runs.c.key, *BROUGHT).where(runs.c.key.in_(some))):
                self._sums[of[row.key]].runs[row.key].figures = figures_of(row)

    def _has_changed(self, row: Row[Any]) -> bool:
        known = self._sums[row.evaluation_key].runs.get(row.key)
        return known is None or known.state != _state(row)

    def _count_all_attempts(self, connection: Connection) -> None:
        """Once, since there may be a million of them."""
        by_run = {key: known for sums in self._sums.values() for key, known in sums.runs.items()}
        for row in connection.execute(_ATTEMPTS):
            if (known := by_run.get(row.run_key)) is not None:
                known.attempts[attempts_name(row.step, row.kind)] += row.n
                known.last_attempt = max(known.last_attempt, row.last)

    def _count_more_attempts(self, connection: Connection, run_key: int, known: _Known) -> None:
        """Failed calls of a run get higher numbers as they come."""
        more = attempts.c.run_key == run_key, attempts.c.key > known.last_attempt
        for row in connection.execute(_ATTEMPTS.where(*more)):
            known.attempts[attempts_name(row.step, row.kind)] += row.n
            known.last_attempt = max(known.last_attempt, row.last)


def _of_status(status: RunStatus) -> Any:
    return func.sum(case((runs.c.status == status.value, 1), else_=0)).label(status.value)


_OVERVIEW: Select[Any] = (
    select(
        runs.c.evaluation_key,
        func.count().label("runs"),
        func.sum(runs.c.key).label("keys"),
        func.sum(runs.c.seq).label("seqs"),
        func.sum(runs.c.revision).label("revisions"),
        func.sum(runs.c.heartbeat).label("heartbeats"),
        func.sum(runs.c.successful).label("successful_trials"),
        func.sum(runs.c.failed).label("failed_trials"),
        *(_of_status(status) for status in RunStatus),
    )
    .where(runs.c.deleted_at.is_(None))
    .group_by(runs.c.evaluation_key)
)

_RUNS: Select[Any] = select(
    runs.c.key, runs.c.evaluation_key, runs.c.status, runs.c.seq, runs.c.revision, runs.c.heartbeat
).where(runs.c.deleted_at.is_(None))

_CLAIMED: Select[Any] = select(
    runs.c.evaluation_key,
    runs.c.activity,
    *CLAIM_COLUMNS,
).where(runs.c.deleted_at.is_(None), runs.c.status == RunStatus.RUNNING.value)

# Whoever takes a run keeps its place in the queue while it is carried out.
_UNTAKEN: Select[int, Any] = select(func.count(), func.min(queue.c.queued_at)).where(queue.c.claim_token.is_(None))

_BY = attempts.c.run_key, attempts.c.step, attempts.c.kind
_ATTEMPTS: Select[Any] = select(*_BY, func.count().label("n"), func.max(attempts.c.key).label("last")).group_by(*_BY)

_OUTCOME = case(
    (notifications.c.sent_at.is_not(None), "sent"), (notifications.c.next_at.is_not(None), "pending"), else_="failed"
)
_PENDING: Any = select(func.count(), func.min(notifications.c.created_at)).where(
    notifications.c.sent_at.is_(None), notifications.c.next_at.is_not(None)
)


def _state(row: Row[Any]) -> tuple[Any, ...]:
    """What is another one after each commit of a run, and after its end."""
    return (row.status, row.seq, row.revision, row.heartbeat)


def _statuses(overview: Row[Any] | None, interrupted: int) -> Mapping[str, int]:
    """How many runs there are by status; those whose process is gone are told from those that run."""
    if overview is None:
        return {}
    found = {status.value: int(overview._mapping[status.value]) for status in RunStatus}
    found[RunStatus.RUNNING.value] -= interrupted
    return {**found, INTERRUPTED: interrupted}


def _counts(connection: Connection, by: Any, counted: Any) -> Mapping[str, int]:
    # By the label: PostgreSQL takes two copies of an expression with parameters for two expressions.
    query = select(by.label("standing"), func.count(counted).label("n")).group_by("standing")
    return {row.standing: row.n for row in connection.execute(query)}


def _waiting(connection: Connection, query: Any, now: float) -> Waiting:
    count, first = connection.execute(query).one()
    return Waiting(count=count, seconds=max(0.0, now - first) if first is not None else 0.0)


def _portions(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
