"""How many results a filter holds for, counted once for all pages of a run that has ended."""

from __future__ import annotations

import threading
from collections import OrderedDict

from lattice.core.filters import Filter
from lattice.core.runs import RunRecord
from lattice.store import Store

_KEPT = 256

Mark = tuple[int, int, int, Filter]


class Counts:
    """Counts results; to count takes a pass over all of a run's, so that the last counts are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Mark, int] = OrderedDict()

    def matching(self, store: Store, record: RunRecord, where: Filter) -> int:
        """How many results of a run that has ended a filter holds for.

        Raises
        ------
        UsageError: the filter names a target or a metric that the run does not have.
        """
        mark = (record.key, record.seq, record.revision, where)
        with self._lock:
            known = self._known.get(mark)
        if known is not None:
            return known
        counted = store.count_results(record.key, where)
        with self._lock:
            self._known[mark] = counted
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return counted
