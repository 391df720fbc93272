"""What ``lattice prune`` will delete and has deleted, in lines and as a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.cli.rendering.artifacts import size_text
from lattice.reporting.formats import count
from lattice.service.pruning import Pruned, PrunePlan
from lattice.store.pruning import Reason

MOST_SHOWN = 10

_WHY: Mapping[Reason, str] = {
    Reason.UNFINISHED: "pending or going on",
    Reason.QUEUED: "waiting in the queue",
    Reason.BASELINE: "baselines",
    Reason.LAST: "the last of their evaluation (--keep-last)",
    Reason.RESPONSES: "runs whose responses a kept run scores",
}


def plan_lines(plan: PrunePlan) -> list[str]:
    """What is old, what of it goes and what stays."""
    settings = plan.settings
    lines = [f"Older than {settings.before:%Y-%m-%d %H:%M} UTC:", f"  {_going(plan)}"]
    lines += [f"    {run.slug}#{run.number}  ({count(run.results)} results)" for run in plan.runs[:MOST_SHOWN]]
    if len(plan.runs) > MOST_SHOWN:
        lines.append(f"    ... and {count(len(plan.runs) - MOST_SHOWN)} more")
    if settings.artifacts is None:
        lines.append("  artifacts are kept")
    else:
        lines.append(f"  {_counted(len(plan.artifacts), 'artifact')} to delete (--keep-artifacts keeps them)")
        lines += [f"    {each.name}  ({size_text(each.size)})" for each in plan.artifacts[:MOST_SHOWN]]
    kept = [f"{count(number)} {_WHY[reason]}" for reason, number in sorted(plan.kept.items())]
    return [*lines, f"  kept: {', '.join(kept)}"] if kept else lines


def question_of(plan: PrunePlan) -> str:
    """What a person is asked before anything is deleted."""
    what = "the texts of " if plan.settings.contents else ""
    runs = f"{what}{_counted(len(plan.runs), 'run')}"
    beside = "keep all artifacts" if plan.settings.artifacts is None else _counted(len(plan.artifacts), "artifact")
    joined = f"{runs}, and {beside}" if plan.settings.artifacts is None else f"{runs} and {beside}"
    return f"Delete {joined}? This cannot be undone"


def pruned_lines(pruned: Pruned, plan: PrunePlan) -> list[str]:
    """What went, and how large the store is now."""
    verb = "Deleted the texts of" if plan.settings.contents else "Deleted"
    lines = [f"{verb} {_counted(pruned.runs, 'run')} and {_counted(pruned.artifacts, 'artifact')}."]
    if pruned.spared:
        lines.append(f"{_counted(pruned.spared, 'run')} stayed: somebody has taken them up meanwhile.")
    swept = pruned.swept
    if swept.versions or swept.input_sets or swept.records:
        parts = [
            _counted(swept.versions, "old version"),
            _counted(swept.input_sets, "unused set of inputs", "unused sets of inputs"),
            _counted(swept.records, "old record"),
        ]
        lines.append(f"Swept: {', '.join(parts)}.")
    lines.append(f"Store: {size_text(pruned.before.total)} before, {size_text(pruned.after.total)} now.")
    if pruned.trouble is not None:
        lines.append(f"It was not made smaller: {pruned.trouble}.")
    elif pruned.after.unused:
        lines.append(f"{size_text(pruned.after.unused)} of it are free and filled again; --compact gives them back.")
    return lines


def plan_document(plan: PrunePlan, pruned: Pruned | None) -> dict[str, Any]:
    """The same for programs; `pruned` is None where nothing was to be deleted."""
    return {
        "before": plan.settings.before.isoformat(),
        "what": "contents" if plan.settings.contents else "runs",
        "runs": [f"{run.slug}#{run.number}" for run in plan.runs],
        "artifacts": [each.name for each in plan.artifacts],
        "kept": {reason.value: number for reason, number in plan.kept.items()},
        "deleted": None if pruned is None else _deleted(pruned),
    }


def _deleted(pruned: Pruned) -> dict[str, Any]:
    return {
        "runs": pruned.runs,
        "spared": pruned.spared,
        "artifacts": pruned.artifacts,
        "versions": pruned.swept.versions,
        "input_sets": pruned.swept.input_sets,
        "records": pruned.swept.records,
        "bytes_before": pruned.before.total,
        "bytes_after": pruned.after.total,
        "bytes_free_inside": pruned.after.unused,
        "not_compacted": pruned.trouble,
    }


def _going(plan: PrunePlan) -> str:
    results = sum(run.results for run in plan.runs)
    what = "whose texts are to be deleted; their numbers stay" if plan.settings.contents else "to delete"
    return f"{_counted(len(plan.runs), 'run')} {what} ({count(results)} results)"


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{count(number)} {one if number == 1 else several or one + 's'}"
