"""What a run may spend, what it has spent, and how much more lets it go on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lattice.core.runs import RunRecord
from lattice.reporting.formats import count, money

NEARLY = 0.95
"""The share of a limit from which a run that stopped at its budget may have stopped there: what was in flight
was reckoned in beforehand, and may have come to less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """One of the limits of a run's budget, and what the run has spent of it.

    Parameters
    ----------
    key: ``cost_usd`` or ``tokens``.
    limit, spent: in USD or tokens, of the whole run.
    """

    key: str
    limit: float
    spent: float

    @property
    def is_reached(self) -> bool:
        """Whether no trial starts any more, even with none in flight."""
        return self.spent >= self.limit

    @property
    def share(self) -> float:
        """Spent, over the limit; infinite for a limit of 0."""
        return self.spent / self.limit if self.limit else math.inf

    @property
    def larger(self) -> float:
        """A limit that lets the run go on: twice the present one, or what was spent if that is more."""
        return 2.0 * (self.limit if 2.0 * self.limit > self.spent else self.spent)

    @property
    def text(self) -> str:
        """``$5.02 of a budget of $5.00``, ``2,310 of a budget of 2,000 tokens``."""
        if self.key == "tokens":
            return f"{count(int(self.spent))} of a budget of {count(int(self.limit))} tokens"
        return f"{money(self.spent)} of a budget of {money(self.limit)}"

    @property
    def option(self) -> str:
        """The option of ``lattice resume`` that gives it the larger limit."""
        if self.key == "tokens":
            return f"--budget-tokens {math.ceil(self.larger)}"
        # Two digits that count, of cents and of the fractions of them that small runs cost.
        digits = max(2, 1 - math.floor(math.log10(self.larger)))
        return f"--budget {self.larger:.{digits}f}"


def budgets_of(run: RunRecord, settings: Mapping[str, Any] | None = None) -> list[Budgeted]:
    """The limits that hold for a run, each with what was spent of it.

    Parameters
    ----------
    settings: what it is carried out with; what it was resumed with last if absent.
    """
    configured = run.config.get("run", {}).get("budget") or {}
    given = (run.settings if settings is None else settings).get("budget") or {}
    limits = {**configured, **given}
    spent: dict[str, float] = {"cost_usd": spent_usd(run), "tokens": spent_tokens(run)}
    return [Budgeted(key=key, limit=limit, spent=spent[key]) for key in spent if (limit := limits.get(key)) is not None]


def spent_usd(run: RunRecord) -> float:
    """What all its calls cost, as far as prices are known."""
    return float(sum(run.live.get("cost_usd", {}).values()))


def spent_tokens(run: RunRecord) -> int:
    """Input and output tokens of all its calls."""
    return sum(sum(pair) for pair in run.live.get("usage", {}).values())


def in_the_way(run: RunRecord) -> list[Budgeted]:
    """The limits to be raised before the run can go on.

    A run that stopped at its budget may have spent a little less than that; then it is the limit that is used up most.
    """
    limits = budgets_of(run)
    reached = [each for each in limits if each.is_reached]
    if run.stopped != "budget" or not limits:
        return reached
    return [each for each in limits if each.share >= NEARLY] or [max(limits, key=lambda each: each.share)]
