"""The commands that make sense next, as one would type them."""

from __future__ import annotations

import shlex

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.budgets import in_the_way


def next_commands(run: RunRecord, *, against: str | None = None) -> list[str]:
    """What to do with a run in the state it is in, most likely first.

    Parameters
    ----------
    against: what it was to be held against, where that was named: what finishes it has to name it as well.
    """
    name = f"{run.evaluation_slug}#{run.number}"
    if run.status is RunStatus.PENDING:
        return [f"lattice resume {name}", f"lattice show {name}"]
    if run.status is RunStatus.RUNNING and not run.interrupted:
        return [f"lattice watch {name}", *([] if run.draining else [f"lattice cancel {name}"])]
    commands = [*_finishing(run, name, against), f"lattice show {name}"]
    if run.progress.done:
        commands.append(f"lattice export {name} -o results.csv")
    return commands


def commands_after_showing(run: RunRecord) -> list[str]:
    """The same where its summary has just been shown: all results instead of the summary again."""
    shown = f"lattice show {run.evaluation_slug}#{run.number}"
    instead = [f"{shown} --raw"] if run.progress.done else []
    return [command for each in next_commands(run) for command in (instead if each == shown else [each])]


def _finishing(run: RunRecord, name: str, against: str | None) -> list[str]:
    """What finishes it, with the larger budget that it takes; nothing does once its contents are deleted."""
    if run.contents_deleted_at is not None:
        return []
    failed, all_ended = run.progress.failed, run.progress.done == run.progress.total
    budget = [each.option for each in in_the_way(run)]
    named = [f"--against {shlex.quote(against)}"] if against else []
    if failed and (run.status is RunStatus.COMPLETED or (all_ended and not run.interrupted)):
        return [" ".join([f"lattice resume {name} --failed", *budget, *named])]
    if run.status is RunStatus.COMPLETED:
        return []
    # Where all trials have ended, only the run's end is to be written down, and that costs nothing.
    return [" ".join([f"lattice resume {name}", *([] if all_ended else budget), *named])]
