"""The conclusions of runs that have none stored: those that were interrupted, kept while nothing is added to them."""

from __future__ import annotations

import threading
from collections import OrderedDict

from lattice.core.runs import RunRecord, RunStatus
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.store import Store

_KEPT = 32

Mark = tuple[int, int, int, str]


def stored_conclusion(record: RunRecord) -> Conclusion | None:
    """What is stored with a run that has ended; None for one that goes on, was interrupted or never started."""
    if record.summary is None or record.status is RunStatus.RUNNING:
        return None
    return Conclusion.from_json(record.summary)


class Conclusions:
    """Sums up runs that have ended without it, each once for all who look.

    To sum one up takes a pass over all its results, which no page waits for: `known` gives what there is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[Mark, Conclusion] = OrderedDict()

    def known(self, record: RunRecord) -> Conclusion | None:
        """The conclusion, where it can be had at once."""
        stored = stored_conclusion(record)
        if stored is not None:
            return stored
        with self._lock:
            return self._found.get(_mark(record))

    def work_out(self, store: Store, record: RunRecord) -> Conclusion:
        """The conclusion, whatever it takes."""
        found = self.known(record)
        if found is not None:
            return found
        made = conclusion_of(store, record)
        with self._lock:
            self._found[_mark(record)] = made
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return made


def _mark(record: RunRecord) -> Mark:
    return record.key, record.seq, record.revision, record.status.value
