"""What a run has spent, and whether its budget allows another trial."""

from __future__ import annotations

import math
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
        self._open: dict[TrialKey, tuple[int, float]] = {}
        self._settling = 0

    def put_response(self, key: TrialKey, response: Response) -> Awaitable[None]:
        self._open[key] = (response.usage.total_tokens, response.cost_usd or 0.0)
        return self.put_shared_response(key, response)

    def put_shared_response(self, key: TrialKey, response: Response) -> Awaitable[None]:
        """Store a response that several trials are judged against, and that has no result of its own."""
        self._pay(response.usage, response.cost_usd)
        return self._journal.put_response(key, response)

    async def put_result(self, result: Result) -> int:
        self._pay(result.usage, result.cost_usd)
        self._pay(result.wasted_usage, result.wasted_cost_usd)
        self._open.pop(result.key, None)
        self._ended += 1
        self._settling += 1
        try:
            return await self._journal.put_result(result)
        finally:
            self._settling -= 1

    def _pay(self, usage: Usage, cost_usd: float | None) -> None:
        self.tokens += usage.total_tokens
        self.cost_usd += cost_usd or 0.0

    def allows_another(self, in_flight: int) -> bool:
        """Whether one more trial may start while `in_flight` are open, each reckoned at the mean of the ended ones."""
        budget = self._budget
        if budget.tokens is None and budget.cost_usd is None:
            return True
        # Those whose result is being stored have ended, and what the others have paid already is part of what they
        # are reckoned at.
        in_flight -= self._settling
        open_tokens = sum(tokens for tokens, _ in self._open.values())
        open_cost = math.fsum(cost for _, cost in self._open.values())
        tokens = self._expected(self.tokens, open_tokens, in_flight)
        cost = self._expected(self.cost_usd, open_cost, in_flight)
        return (budget.tokens is None or tokens < budget.tokens) and (budget.cost_usd is None or cost < budget.cost_usd)

    def _expected(self, spent: float, by_open: float, in_flight: int) -> float:
        """What will have been spent once all open trials have ended."""
        if not self._ended:
            return spent
        by_ended = spent - by_open
        return max(spent, by_ended + in_flight * by_ended / self._ended)
