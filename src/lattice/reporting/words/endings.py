"""How a run ended, and what it cost."""

from __future__ import annotations

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting import formats
from lattice.reporting.figures import Spending
from lattice.reporting.formats import terminal_text
from lattice.reporting.savings import savings_of


def stop_words(run: RunRecord, spending: Spending) -> list[str]:
    """Why a run ended before its last trial, a sentence each; nothing for one that went to its end."""
    if run.interrupted:
        return ["Interrupted: its process is gone."]
    if run.status is RunStatus.FAILED and run.failure:
        hint = run.failure.get("hint")
        return [
            f"Reason: {run.failure.get('message', 'unknown')}",
            *([f"To mend it: {hint}"] if hint else []),
        ]
    if run.stopped == "budget":
        return ["Stopped: the budget is reached."]
    if (saved := savings_of(run, spending)) is not None:
        return [f"Stopped early: every gate was decided. That saved {saved}."]
    return []


def contents_words(run: RunRecord) -> list[str]:
    """That the texts of a run are gone, where they are; nothing else."""
    if run.contents_deleted_at is None:
        return []
    on = run.contents_deleted_at.date().isoformat()
    return [f"Contents deleted on {on}: what was asked, answered and reasoned is gone; the numbers stay."]


def cost_text(spending: Spending) -> str:
    """``$0.72``; what has no known price is named: ``$0.72 + unknown (no price for local/smollm2)``."""
    if not spending.unpriced_models:
        return formats.money(spending.cost_usd)
    names = ", ".join(terminal_text(model, 60) for model in spending.unpriced_models)
    known = f"{formats.money(spending.cost_usd)} + " if spending.cost_usd else ""
    return f"{known}unknown (no price for {names})"
