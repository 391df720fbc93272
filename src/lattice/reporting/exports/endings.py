"""How a run stands, in the words of reports."""

from __future__ import annotations

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import Spending
from lattice.reporting.formats import whole_percent
from lattice.reporting.savings import savings_of


def status_word(run: RunRecord) -> str:
    """``Completed``, ``Failed (interrupted)``, ``Running (draining)``."""
    if run.interrupted:
        return "Failed (interrupted)"
    word = run.status.value.capitalize()
    return f"{word} (draining)" if run.draining and run.status is RunStatus.RUNNING else word


def progress_words(run: RunRecord) -> str:
    """``47 / 200 (24%)``."""
    done, total = run.progress.done, run.progress.total
    return f"{done} / {total} ({whole_percent(done, total)})"


def reason_of(run: RunRecord, spending: Spending) -> str | None:
    """Why a run ended before its last trial, in a sentence; None for one that went to its end.

    What failed may be told in a provider's words, which are as untrusted as any.
    """
    if run.interrupted:
        return "Interrupted: its process is gone."
    if run.status is RunStatus.FAILED and run.failure:
        hint = run.failure.get("hint")
        return f"{run.failure.get('message', 'unknown')}" + (f" ({hint})" if hint else "")
    if run.stopped == "budget":
        return "Stopped: the budget is reached."
    saved = savings_of(run, spending)
    return None if saved is None else f"Stopped early: every gate was decided. That saved {saved}."
