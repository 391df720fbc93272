"""The queue as people see it: which runs were started out of it, and which wait."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from lattice.core.errors import NotFound
from lattice.core.runs import RunRecord
from lattice.store import QueuePlace, Store
from lattice.store.queueing import positions


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRun:
    """One run of the queue.

    Parameters
    ----------
    place: where it stands; None once it is started.
    """

    run: RunRecord
    place: QueuePlace | None


def queued_runs(store: Store) -> list[QueuedRun]:
    """All runs of the queue: those that are carried out, and behind them those that wait, in their order."""
    entries = store.queue.entries()
    places = positions(entries)
    shown = []
    for entry in entries:
        # It may have been deleted since.
        with suppress(NotFound):
            shown.append(QueuedRun(run=store.find_run(entry.run_id), place=places.get(entry.run_id)))
    return sorted(shown, key=lambda each: 0 if each.place is None else each.place.position)
