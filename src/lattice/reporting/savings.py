"""What a run saved that ended as soon as its gates were decided."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.runs import RunRecord
from lattice.reporting.figures import Spending
from lattice.reporting.formats import count, money


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What was planned and not needed.

    Parameters
    ----------
    unit: ``inputs``, or ``trials`` where an input has several.
    saved, total: how many of them were not needed, of how many planned.
    cost_usd: about what they would have cost, at the mean of those that were; None where a price is unknown.
    """

    unit: str
    saved: int
    total: int
    cost_usd: float | None

    def __str__(self) -> str:
        """``688 of 1,000 inputs and about $1.20``."""
        counted = f"{count(self.saved)} of {count(self.total)} {self.unit}"
        return f"{counted} and about {money(self.cost_usd)}" if self.cost_usd else counted


def savings_of(run: RunRecord, spending: Spending) -> Savings | None:
    """What a run saved by stopping once every gate was decided; None for one that did not."""
    progress = run.progress
    if run.stopped != "decided" or not progress.done:
        return None
    saved = progress.total - progress.done
    spent = None if spending.unpriced_models else spending.cost_usd
    return Savings(
        unit="inputs" if progress.total == run.input_count else "trials",
        saved=saved,
        total=progress.total,
        cost_usd=None if spent is None else spent / progress.done * saved,
    )
