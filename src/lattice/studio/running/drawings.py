"""Charts as pages draw them, each made once for all who look at it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from lattice.reporting.charts import Chart

_KEPT = 128


@dataclass(slots=True)
class Drawings:
    """The charts that were made last, by what they show and the state of it.

    The running mean of a long run takes a pass over all its results: whoever asks while it is being made waits for it
    instead of making it once more.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: OrderedDict[Hashable, Chart] = field(default_factory=OrderedDict)
    _making: dict[Hashable, threading.Lock] = field(default_factory=dict)

    def chart(self, of: Hashable, make: Callable[[], Chart]) -> Chart:
        """The chart of something in a state; `make` makes it where there is none yet."""
        with self._lock:
            if (found := self._made.get(of)) is not None:
                return found
            making = self._making.setdefault(of, threading.Lock())
        with making:
            found = self._made.get(of)
            if found is None:
                found = make()
        with self._lock:
            self._making.pop(of, None)
            self._made[of] = found
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return found
