"""All evaluations of a store at one look: how each stands, and how its runs went."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.headline import Headline, headline_of
from lattice.reporting.view import RunView
from lattice.service.execution import is_live
from lattice.service.following import Followed
from lattice.store import QueuePlace, Store
from lattice.store.records import EvaluationRow

TREND = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The mean of one run's first target, for a small trend; without an interval its ends are the mean."""

    number: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationLine:
    """One evaluation.

    Parameters
    ----------
    targets: their names in the latest version.
    view: of its last run while that goes on.
    trend: of its last runs with a mean, oldest first.
    place: of its last run in the queue, while that waits.
    """

    row: EvaluationRow
    targets: tuple[str, ...]
    headline: Headline
    view: RunView | None = None
    trend: tuple[TrendPoint, ...] = ()
    place: QueuePlace | None = None

    @property
    def run(self) -> RunRecord | None:
        """Its last run."""
        return self.row.last_run


class Overview:
    """Reads the lines of all evaluations, again and again.

    What has ended does not change, so that its numbers are read once. Any thread may ask.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ended: dict[int, TrendPoint | None] = {}
        self._followed: dict[int, Followed] = {}

    def lines(self) -> list[EvaluationLine]:
        """Every evaluation, the most recently used first."""
        with self._lock:
            return self._read()

    def _read(self) -> list[EvaluationLine]:
        rows = self._store.evaluations()
        trends = self._trends({row.last_run.key: row.last_run for row in rows if row.last_run is not None})
        live = {row.last_run.key for row in rows if row.last_run is not None and is_live(row.last_run)}
        self._followed = {key: followed for key, followed in self._followed.items() if key in live}
        places = self._store.queue.places()
        return [
            self._line(row, trends.get(row.id, ()), places.get(row.last_run.id) if row.last_run else None)
            for row in rows
        ]

    def _line(self, row: EvaluationRow, trend: tuple[TrendPoint, ...], place: QueuePlace | None) -> EvaluationLine:
        run = row.last_run
        config = {} if row.last_version is None else row.last_version.config
        return EvaluationLine(
            row=row,
            targets=tuple(target["name"] for target in config.get("targets", ())),
            headline=Headline() if run is None else headline_of(run),
            view=self._view(run) if run is not None and is_live(run) else None,
            trend=trend,
            place=place,
        )

    def _view(self, run: RunRecord) -> RunView:
        if run.key not in self._followed:
            self._followed[run.key] = Followed(self._store, run)
        return self._followed[run.key].look().view

    def _trends(self, known: Mapping[int, RunRecord]) -> dict[str, tuple[TrendPoint, ...]]:
        recent = self._store.recent_runs(TREND)
        keys = {key for of_one in recent.values() for key in of_one}
        self._ended = {key: point for key, point in self._ended.items() if key in keys}
        points = self._points(keys, known)
        return {
            evaluation: tuple(point for key in reversed(of_one) if (point := points.get(key)) is not None)
            for evaluation, of_one in recent.items()
        }

    def _points(self, keys: Iterable[int], known: Mapping[int, RunRecord]) -> dict[int, TrendPoint | None]:
        unread = [key for key in keys if key not in self._ended]
        records = {**self._store.runs_by_keys([key for key in unread if key not in known]), **known}
        points = {key: _point(record) for key, record in records.items()}
        self._ended |= {key: point for key, point in points.items() if records[key].status is RunStatus.COMPLETED}
        return {**self._ended, **points}


def _point(run: RunRecord) -> TrendPoint | None:
    mean = headline_of(run).mean
    if mean is None or mean.value is None:
        return None
    return TrendPoint(
        number=run.number,
        mean=mean.value,
        low=mean.value if mean.lower is None else mean.lower,
        high=mean.value if mean.upper is None else mean.upper,
    )
