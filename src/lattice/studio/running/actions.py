"""What can be done with a run in the state it is in."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.reporting.budgets import Budgeted, in_the_way
from lattice.service.execution import is_live


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """Whether each applies.

    Parameters
    ----------
    start: it is pending. resume: something is missing. retry: trials have failed.
    cancel: it can be asked to stop. at_once: that is all that can still be asked.
    budget: limits that have to be raised before it can go on.
    finished: it has something to be exported and saved.
    set_baseline: later runs can be held against it, and are not yet.
    """

    start: bool
    resume: bool
    retry: bool
    cancel: bool
    at_once: bool
    rerun: bool
    delete: bool
    finished: bool
    set_baseline: bool
    budget: tuple[Budgeted, ...] = ()


def actions_for(record: RunRecord, *, starting: bool, queued: bool = False, is_baseline: bool = False) -> Actions:
    """What applies to a run.

    Parameters
    ----------
    starting: a process is being started for it, so that nothing else may be.
    queued: it waits for its turn, which can only be taken back.
    is_baseline: whether it is the baseline of its evaluation.
    """
    live = is_live(record)
    whole = record.contents_deleted_at is None
    still, pending = not (live or starting or queued), record.status is RunStatus.PENDING
    completed = record.status is RunStatus.COMPLETED
    all_ended = record.progress.done == record.progress.total
    retry = still and whole and record.progress.failed > 0 and not pending
    resume = still and whole and not completed and not pending and not (record.status is RunStatus.FAILED and all_ended)
    return Actions(
        start=still and whole and pending,
        resume=resume,
        retry=retry,
        cancel=(live and not record.draining) or starting or queued,
        at_once=live and record.draining and record.stop_request is not StopRequest.ABORT,
        rerun=still and whole and not pending,
        delete=still or queued,
        finished=not live and record.progress.done > 0,
        set_baseline=still and completed and record.progress.successful > 0 and not is_baseline,
        budget=tuple(in_the_way(record)) if (resume and not all_ended) or retry else (),
    )
