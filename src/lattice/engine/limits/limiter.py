"""One place for all calls of all runs in a process: nothing starts that a provider would refuse."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.evaluation import Limits
from lattice.core.limits import LimitKey
from lattice.engine.clock import Clock
from lattice.engine.limits.account import Account
from lattice.engine.limits.lane import Lane
from lattice.engine.limits.permit import Permit
from lattice.engine.limits.state import GateState


@dataclass(frozen=True, slots=True)
class Configured:
    """Limits that a run has asked to hold."""

    account: Account
    limits: Limits

    def release(self) -> None:
        """Hold them no longer, when the run has ended; to be called once."""
        self.account.release(self.limits)


class Limiter:
    """Says when a call may be made.

    Calls of one event loop share it, whichever run they belong to.

    - **Configured limits** hold for a provider and key, over all models. The tighter of two runs' settings
      holds.
    - **Told limits** hold for a model: the first call of a model goes alone, and its headers say what
      follows. Models of one key that are told the same limit share it, unless what is left shows otherwise
      (`sharing`).
    - **Learned limits**: where refusals come without any number, the rate is counted from what was accepted
      between them (`learning`), and the number of calls in flight adapts (`concurrency`).
    - **The pace** is even. At most rate · w plus one second's worth start in any window of w seconds, and
      what was left unused for a moment is caught up within that (`pace`).
    - **A refusal pauses** every call that shares the limit, as long as the provider says, else for a second,
      doubled while refusals go on. Then refused calls go first, in order, at the pace; with nothing to go by,
      one call goes ahead, the one with the fewest refusals behind it, until it has been accepted.
    - Calls that wait are served first come, first served for each limit. A wait is no attempt.

    Parameters
    ----------
    clock: time, and the timer that wakes waiting calls.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[tuple[str, str], Account] = {}
        self._places: dict[LimitKey, tuple[Account, Lane]] = {}

    def configure(self, provider: str, account: str, limits: Limits) -> Configured:
        """Hold limits for every call to a provider with one key, until they are released.

        Parameters
        ----------
        account: as in `LimitKey`.
        """
        place = self._account(provider, account)
        place.configure(limits)
        return Configured(place, limits)

    async def acquire(self, key: LimitKey, tokens: int = 0, *, refusals: int = 0) -> Permit:
        """Wait until a call may be made.

        Parameters
        ----------
        tokens: estimate of what it will use.
        refusals: how often the provider has refused this very call; refused calls go first.
        """
        place = self._places.get(key) or self._place(key)
        account, lane = place
        start = account.start(lane, tokens, refusals)
        if start is None:
            start = await account.wait(lane, tokens, refusals)
        return Permit(account, lane, tokens, start)

    def state(self) -> tuple[GateState, ...]:
        """How every model's calls stand, for faces to show."""
        return tuple(state for (provider, _), account in self._accounts.items() for state in account.states(provider))

    def _place(self, key: LimitKey) -> tuple[Account, Lane]:
        account = self._account(key.provider, key.account)
        place = self._places[key] = (account, account.lane(key.model))
        return place

    def _account(self, provider: str, account: str) -> Account:
        place = self._accounts.get((provider, account))
        if place is None:
            place = self._accounts[(provider, account)] = Account(self._clock)
        return place
