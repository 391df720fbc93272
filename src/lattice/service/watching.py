"""The duty of looking after runs that nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from lattice.core.evaluation import Evaluation
from lattice.service.assessing import BACK_TO, UNWATCHED, Assessor
from lattice.store import Store

Look = Callable[[], object]

PATIENCE = 60.0
"""Seconds in which a run whose process is gone may be taken up again before that is told."""


@dataclass(slots=True)
class AlertWatch:
    """Assesses what ended, stopped, was late or did not start since the last round."""

    store: Store
    assessor: Assessor
    patience: float = PATIENCE
    clock: Callable[[], float] = time.monotonic
    name: str = "alerts"
    _gone_since: dict[int, float] = field(default_factory=dict)

    def perform(self) -> None:
        """One round over the store.

        Raises
        ------
        Exception: the first that one run gave; the others were looked at all the same.
        """
        since = self.store.alerts.now() - BACK_TO
        troubles: list[Exception] = []
        for look in (*self._ended(since), *self._unstarted(since), *self._open()):
            try:
                look()
            except Exception as error:  # noqa: BLE001 - raised below, when the others have been looked at
                troubles.append(error)
        if troubles:
            raise troubles[0]

    def _ended(self, since: datetime) -> Iterator[Look]:
        keys = self.store.alerts.ended(UNWATCHED, since)
        records = self.store.runs_by_keys(keys)
        yield from (partial(self.assessor.ended, records[key]) for key in keys if key in records)

    def _unstarted(self, since: datetime) -> Iterator[Look]:
        for firing in self.store.alerts.failed_firings(since):
            yield partial(self.assessor.unstarted, firing)

    def _open(self) -> Iterator[Look]:
        now = self.store.alerts.now()
        open_ = self.store.alerts.open(UNWATCHED, now - BACK_TO)
        records = self.store.runs_by_keys(open_)
        self._gone_since = {
            key: since for key, since in self._gone_since.items() if key in records and records[key].interrupted
        }
        for key, record in records.items():
            settings = Evaluation.model_validate(record.config).alerts
            if settings is None:
                continue
            if record.interrupted and self._is_long_gone(key):
                yield partial(self.assessor.interrupted, record)
            if now - open_[key] > timedelta(minutes=settings.late_after):
                yield partial(self.assessor.late, record, open_[key])

    def _is_long_gone(self, key: int) -> bool:
        now = self.clock()
        return now - self._gone_since.setdefault(key, now) >= self.patience
