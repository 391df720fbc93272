"""What was worked out of runs together, kept while nothing is added to them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from lattice.core.runs import RunRecord

T = TypeVar("T")


class Kept(Generic[T]):
    """The last few results of something slow, each made once for all who ask for it at the same time.

    Parameters
    ----------
    most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, of: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave for the same thing before, or gives now."""
        with self._lock:
            if of in self._made:
                self._made.move_to_end(of)
                return self._made[of]
            making = self._making.setdefault(of, threading.Lock())
        with making:
            with self._lock:
                there = of in self._made
            found = self._made[of] if there else make()
        with self._lock:
            self._making.pop(of, None)
            self._made[of] = found
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return found


def state_of(record: RunRecord) -> Hashable:
    """What is another one as soon as a run's results or its ending are."""
    return record.key, record.seq, record.revision, record.status.value, record.stopped, record.interrupted
