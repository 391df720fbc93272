"""The commands that make sense next, as one would type them."""

from __future__ import annotations

from lattice.core.runs import RunRecord, RunStatus


def next_commands(run: RunRecord) -> list[str]:
    """What to do with a run in the state it is in, most likely first."""
    name = f"{run.evaluation_slug}#{run.number}"
    if run.status is RunStatus.PENDING:
        return [f"lattice show {name}"]
    if run.status is RunStatus.RUNNING and not run.interrupted:
        return [f"lattice watch {name}", *([] if run.draining else [f"lattice cancel {name}"])]
    commands = [*_finishing(run, name), f"lattice show {name}"]
    if run.progress.done:
        commands.append(f"lattice export {name} -o results.csv")
    return commands


def commands_after_showing(run: RunRecord) -> list[str]:
    """The same where its summary has just been shown: all results instead of the summary again."""
    shown = f"lattice show {run.evaluation_slug}#{run.number}"
    instead = [f"{shown} --raw"] if run.progress.done else []
    return [command for each in next_commands(run) for command in (instead if each == shown else [each])]


def _finishing(run: RunRecord, name: str) -> list[str]:
    if run.status is RunStatus.COMPLETED:
        return [f"lattice resume {name} --failed"] if run.progress.failed else []
    if run.stopped == "budget" and (budget := _budget(run)) is not None:
        return [f"lattice resume {name} --budget {2 * budget:.2f}"]
    return [f"lattice resume {name}"] if run.progress.done < run.progress.total else []


def _budget(run: RunRecord) -> float | None:
    """What the run could cost, as it was resumed last or else as it was configured."""
    for place in (run.settings, run.config.get("run", {})):
        budget = place.get("budget") or {}
        cost = budget.get("cost_usd") if isinstance(budget, dict) else budget
        if cost is not None:
            return float(cost)
    return None
