"""Follows runs through the store, wherever they are carried out, and shows them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from lattice.cli.rendering.live import ProgressView
from lattice.cli.streams import while_read
from lattice.core.errors import LatticeError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.estimate import allowance_of
from lattice.reporting.view import Activity, ErrorLog, Moment, RunView, Terms, view_of
from lattice.service.obstacles import judges_of, unpriced_for
from lattice.store import Store

LOOK_EVERY = 0.25
MOST_ATTEMPTS = 500


def terms_of(record: RunRecord) -> Terms:
    """What a run's configuration says about showing it."""
    evaluation = Evaluation.model_validate(record.config)
    unpriced = unpriced_for(record, evaluation)
    judges = {spec for _, spec, _ in judges_of(evaluation)}
    models = judges if record.origin else judges | {target.source for target in evaluation.targets}
    return Terms(
        targets=tuple(target.name for target in evaluation.targets),
        max_concurrent=evaluation.run.max_concurrent,
        repeats=evaluation.run.repeats,
        allowance=allowance_of(evaluation),
        budget_usd=evaluation.run.budget.cost_usd,
        unpriced=bool(unpriced),
        headline=next(iter(evaluation.metric_names), None),
        all_unpriced=models <= set(unpriced),
    )


class Followed:
    """One run that is followed: its row, and its attempt log as it grows."""

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._store = store
        self._key = record.key
        self._terms = terms_of(record)
        self._errors = ErrorLog(self._terms.targets)
        self._attempt = 0
        self._seq = record.seq

    def look(self, view: ProgressView) -> RunView:
        """Read what is new, report errors, and say how the run is."""
        record = self._store.run(self._key)
        attempts = self._store.attempts(self._key, after=self._attempt, limit=MOST_ATTEMPTS)
        lines = self._errors.add(attempts)
        if attempts:
            self._attempt = attempts[-1].id
        if self._errors.retrying and record.seq > self._seq:
            lines += self._errors.ended(self._store.scored_since(self._key, self._seq))
        self._seq = record.seq
        shown = view_of(record, self._terms, self._errors, _moment(record))
        view.report(lines, shown)
        return shown


def _moment(record: RunRecord) -> Moment:
    now = datetime.now(UTC)
    since = (now - record.claim.heartbeat).total_seconds() if record.claim else 0.0
    return Moment(now=now, since_commit=max(0.0, since), activity=Activity.of(record.activity))


class Follower(AbstractContextManager["Follower"]):
    """Shows runs from a thread of its own while something else goes on in this one.

    What it cannot read it does not show: the run itself is not disturbed by that, and says so itself at its end.
    """

    def __init__(self, followed: Sequence[Followed], view: ProgressView) -> None:
        self._followed = followed
        self._view = view
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="lattice-progress", daemon=True)

    def __enter__(self) -> Self:
        self._view.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with while_read(sys.stderr):
            self._view.erase()
            self._view.__exit__(kind, error, trace)

    def _follow(self) -> None:
        # Nobody may look any more, which is no reason for the run to end.
        with while_read(sys.stderr):
            while not self._ended.wait(LOOK_EVERY):
                self._look(self._view.update)
            # How the run has ended is told by its summary; the errors since the last look are not.
            self._look(_nothing)

    def _look(self, update: Callable[[Sequence[RunView]], None]) -> None:
        try:
            update([run.look(self._view) for run in self._followed])
        except LatticeError:
            # The store may be busy for a moment or full for good; whoever writes to it reports that.
            self._ended.wait(LOOK_EVERY)


def _nothing(views: Sequence[RunView]) -> None:
    """The run has ended and its summary comes next."""


def follow_to_the_end(followed: Sequence[Followed], view: ProgressView) -> None:
    """Show runs in this thread until none of them goes on.

    Raises
    ------
    KeyboardInterrupt: the reader has seen enough; the runs go on.
    """
    pause = threading.Event()
    with view:
        while True:
            shown = [run.look(view) for run in followed]
            view.update(shown)
            if all(each.is_over for each in shown):
                return
            pause.wait(LOOK_EVERY)
