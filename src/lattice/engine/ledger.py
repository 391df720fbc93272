"""What a run has spent, and whether its budget allows another trial."""

from __future__ import annotations

from collections.abc import Awaitable

from lattice.core.evaluation import Budget
from lattice.core.models import Usage
from lattice.core.trials import Response, Result, TrialKey
from lattice.engine.trial import Journal


class Ledger:
    """A journal that counts what it passes on.

    Parameters
    ----------
    journal: where outcomes go.
    budget: of the whole run; None in it means no limit.
    tokens, cost_usd: spent in earlier sessions.
    ended: trials that ended in them.
    """

    def __init__(
        self, journal: Journal, budget: Budget, *, tokens: int = 0, cost_usd: float = 0.0, ended: int = 0
    ) -> None:
        self._journal = journal
        self._budget = budget
        self.tokens = tokens
        self.cost_usd = cost_usd
        self._ended = ended

    def put_response(self, key: TrialKey, response: Response) -> Awaitable[None]:
        self._pay(response.usage, response.cost_usd)
        return self._journal.put_response(key, response)

    def put_result(self, result: Result) -> Awaitable[int]:
        self._pay(result.usage, result.cost_usd)
        self._pay(result.wasted_usage, result.wasted_cost_usd)
        self._ended += 1
        return self._journal.put_result(result)

    def _pay(self, usage: Usage, cost_usd: float | None) -> None:
        self.tokens += usage.total_tokens
        self.cost_usd += cost_usd or 0.0

    def allows_another(self, in_flight: int) -> bool:
        """Whether one more trial may start while `in_flight` are open, each reckoned at the mean of the ended ones."""
        share = in_flight / self._ended if self._ended else 0.0
        tokens = self.tokens + share * self.tokens
        cost = self.cost_usd + share * self.cost_usd
        budget = self._budget
        return (budget.tokens is None or tokens < budget.tokens) and (budget.cost_usd is None or cost < budget.cost_usd)
