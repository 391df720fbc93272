"""Where a run stands among the runs of its evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.errors import NotFound
from lattice.core.runs import RunRecord
from lattice.service.baselines import baseline_run
from lattice.store import Store

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The runs that a run's page leads to.

    Parameters
    ----------
    previous: the last run before it that has results, to compare with.
    running: another run that goes on, to be watched beside it.
    baseline: the one that is set for its evaluation, where that is another run.
    origin: whose stored responses it scores; None where it calls its targets, or where that run is gone.
    """

    previous: RunRecord | None
    running: RunRecord | None
    baseline: RunRecord | None
    origin: RunRecord | None


def neighbours_of(store: Store, record: RunRecord) -> Neighbours:
    """The neighbours of a run."""
    last = store.runs(record.evaluation_id, limit=_LOOKED_AT)
    baseline = baseline_run(store, record.evaluation_id)
    others = [each for each in store.running() if each.key != record.key and not each.interrupted]
    return Neighbours(
        previous=next((each for each in last if each.number < record.number and each.progress.done), None),
        running=next((each for each in others if each.evaluation_id == record.evaluation_id), next(iter(others), None)),
        baseline=baseline if baseline is not None and baseline.id != record.id else None,
        origin=_origin(store, record),
    )


def _origin(store: Store, record: RunRecord) -> RunRecord | None:
    if record.origin is None:
        return None
    try:
        return store.find_run(record.origin)
    except NotFound:
        return None
