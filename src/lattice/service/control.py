"""Stopping runs from outside the process that carries them out, and taking them out of the queue."""

from __future__ import annotations

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.service.execution import is_live
from lattice.store import Store


def cancel_run(store: Store, record: RunRecord, *, at_once: bool = False) -> str:
    """Ask a run to stop, take it out of the queue, or close one that nobody carries out any more.

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
    waited = False
    if not is_live(record):
        waited = store.queue.withdraw(record.id)
        # Until then its process may have begun.
        record = store.run(record.key)
    if is_live(record):
        store.request_stop(record.key, StopRequest.ABORT if at_once else StopRequest.DRAIN)
        done = record.progress.done
        kept = f"{done} {'result stays' if done == 1 else 'results stay'}"
        return f"{name} is asked to stop: {kept}; calls in flight {'are dropped' if at_once else 'will finish'}."
    if record.status in (RunStatus.RUNNING, RunStatus.PENDING):
        claim = store.claim(record.key)
        store.release(record.key, claim, status=RunStatus.CANCELLED)
        return f"{name} is cancelled; {'it was waiting in the queue' if waited else 'nobody was carrying it out'}."
    if waited:
        return f"{name} does not wait in the queue any more; it stays as it ended: {record.status.value}."
    raise UsageError(f"{name} has ended already: {record.status.value}")
