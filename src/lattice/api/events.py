"""What happens in a run, as records in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lattice.api.results import Result
from lattice.core.errors import ErrorKind
from lattice.core.runs import Progress as Counts
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Step
from lattice.reporting.view import RunningMean, RunView, Wait
from lattice.service.following import Followed
from lattice.store import AttemptRow, Store

AT_ONCE = 100
"""How many results or attempts are read, and held, at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """A call to a target or a judge failed; perhaps it is made again.

    Parameters
    ----------
    position, id: of the input.
    attempt, allowed: which attempt this was, of how many.
    wait: seconds until the next attempt; None where there is none.
    at: when it failed, UTC.
    """

    position: int
    id: str
    target: str
    repeat: int
    step: Step
    kind: ErrorKind
    message: str
    attempt: int
    allowed: int
    wait: float | None
    at: datetime

    @classmethod
    def of(cls, row: AttemptRow) -> CallFailed:
        attempt = row.attempt
        return cls(
            position=attempt.key.position,
            id=row.input_id,
            target=row.target,
            repeat=attempt.key.repeat,
            step=attempt.step,
            kind=attempt.kind,
            message=attempt.message,
            attempt=attempt.number,
            allowed=attempt.allowed,
            wait=attempt.wait,
            at=attempt.at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """A trial has its result, scored or failed."""

    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How the run is, at most four times a second.

    Parameters
    ----------
    progress: counts of trials; every one that is done has been told of before.
    elapsed, remaining: seconds; `remaining` is None while it cannot be told.
    means: the mean so far of each target, with an interval that is valid at every look.
    cost_usd: what is known of the cost; None where no price is known.
    waits: what calls wait for, such as a rate limit.
    draining: it starts nothing new any more.
    """

    progress: Counts
    elapsed: float
    remaining: float | None
    means: tuple[RunningMean, ...]
    tokens: int
    cost_usd: float | None
    waits: tuple[Wait, ...]
    draining: bool

    @classmethod
    def of(cls, view: RunView) -> Progressed:
        return cls(
            progress=view.progress,
            elapsed=view.elapsed,
            remaining=view.remaining,
            means=view.means,
            tokens=view.tokens,
            cost_usd=view.cost_usd,
            waits=view.waits,
            draining=view.draining,
        )


Happening = CallFailed | TrialEnded | Progressed


class Watcher:
    """Reads what a run brings, from its first commit on, without holding more than `AT_ONCE` rows of it.

    Methods read the store and belong into a thread where an event loop runs.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._store = store
        self._key = record.key
        self._followed = Followed(store, record)
        self._attempt = 0
        self._seq = 0
        self.record = record

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come, as of the last look."""
        return self.record.interrupted or self.record.status not in (RunStatus.PENDING, RunStatus.RUNNING)

    def look(self) -> Progressed:
        """See how the run is; what was committed until now can be read from then on."""
        found = self._followed.look()
        self.record = found.record
        return Progressed.of(found.view)

    def failed_calls(self) -> list[CallFailed]:
        """The next failed calls; none when all have been read."""
        rows = self._store.attempts(self._key, after=self._attempt, limit=AT_ONCE)
        if rows:
            self._attempt = rows[-1].id
        return [CallFailed.of(row) for row in rows]

    def ended_trials(self) -> list[TrialEnded]:
        """The next results up to the last look; none when all have been read."""
        rows = self._store.results(self._key, after_seq=self._seq, limit=AT_ONCE)
        known = [row for row in rows if row.seq <= self.record.seq]
        if known:
            self._seq = known[-1].seq
        return [TrialEnded(result=Result.of(row)) for row in known]

    def pages(self) -> Iterator[list[CallFailed] | list[TrialEnded]]:
        """Everything that is new since it was read last, page by page; a trial's errors before its end."""
        while failed := self.failed_calls():
            yield failed
        while ended := self.ended_trials():
            yield ended
