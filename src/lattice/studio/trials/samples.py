"""Random samples of results that a person scores without seeing what the judge said."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.reporting.annotation_sheet import Drawn, draw
from lattice.service.execution import is_live
from lattice.store import Store

_KEPT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A sample, and how far a person is with it.

    Parameters
    ----------
    keys: in the order in which they are shown.
    scored: those that have a person's score.
    """

    keys: tuple[TrialKey, ...]
    scored: frozenset[TrialKey]
    available: int

    @property
    def done(self) -> int:
        return len(self.scored)

    @property
    def open(self) -> int | None:
        """The place of the first one that has no score, counted from 1; None at the end."""
        return next((place for place, key in enumerate(self.keys, start=1) if key not in self.scored), None)


class Samples:
    """Draws samples; to draw one takes a pass over all scores, so that the last ones are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple[int, int, int, int], Drawn] = OrderedDict()

    def blind(self, store: Store, record: RunRecord, size: int, seed: int) -> Blind:
        """The sample of a run, the same as ``lattice annotate`` draws with this size and seed.

        Raises
        ------
        UsageError: the run goes on, so that what has ended is no random part of it; it has no scored results, or its
            contents were deleted.
        """
        if is_live(record):
            raise UsageError(
                "the run is still going on, and what has finished first is no random part of it; "
                "draw the sample when it has ended"
            )
        if record.contents_deleted_at is not None:
            raise UsageError("the contents of this run were deleted, so that there is nothing left to be scored")
        drawn = self._sample(store, record, size, seed)
        if not drawn.keys:
            raise UsageError("this run has no scored results to sample from")
        given = {each.key for each in store.annotations(record.key) if each.score is not None}
        return Blind(keys=drawn.keys, scored=frozenset(given.intersection(drawn.keys)), available=drawn.available)

    def _sample(self, store: Store, record: RunRecord, size: int, seed: int) -> Drawn:
        mark = (record.key, record.seq, size, seed)
        with self._lock:
            found = self._drawn.get(mark)
        if found is None:
            found = draw(store.iterate_scores(record.key), size, seed)
            with self._lock:
                self._drawn[mark] = found
                while len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
        return found
