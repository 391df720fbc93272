"""Stopping runs from outside the process that carries them out."""

from __future__ import annotations

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.store import Store


def cancel_run(store: Store, record: RunRecord, *, at_once: bool = False) -> str:
    """Ask a run to stop, or close one that nobody carries out any more.

    Parameters
    ----------
    at_once: calls in flight are not waited for.

    Returns
    -------
    What was done, for the user.

    Raises
    ------
    UsageError: the run has ended already.
    """
    name = f"{record.evaluation_slug}#{record.number}"
    if record.status is RunStatus.RUNNING and not record.interrupted:
        store.request_stop(record.key, StopRequest.ABORT if at_once else StopRequest.DRAIN)
        done = record.progress.done
        kept = f"{done} {'result stays' if done == 1 else 'results stay'}"
        return f"{name} is asked to stop: {kept}; calls in flight {'are dropped' if at_once else 'will finish'}."
    if record.status in (RunStatus.RUNNING, RunStatus.PENDING):
        claim = store.claim(record.key)
        store.release(record.key, claim, status=RunStatus.CANCELLED)
        return f"{name} is cancelled; nobody was carrying it out."
    raise UsageError(f"{name} has ended already: {record.status.value}")
