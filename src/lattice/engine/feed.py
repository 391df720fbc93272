"""Hands out trials one by one, reading inputs as they are needed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence, Set
from itertools import islice
from typing import Protocol

from lattice.core.inputs import Input
from lattice.core.trials import TrialKey
from lattice.engine.plan import Plan, Trial

CHUNK = 128


class InputReader(Protocol):
    """Where inputs are read from, a chunk at a time."""

    def __call__(self, positions: Sequence[int]) -> Awaitable[Mapping[int, Input]]: ...


class Feed:
    """The trials of a plan, in order, never more of them in memory than a chunk of inputs makes.

    Parameters
    ----------
    answered: trials whose response is stored but not judged.
    """

    def __init__(self, plan: Plan, read: InputReader, *, answered: Set[TrialKey] = frozenset()) -> None:
        self._plan = plan
        self._read = read
        self._answered = answered
        self._positions = plan.inputs()
        self._ready: deque[Trial] = deque()
        self._refilling = asyncio.Lock()

    async def next(self) -> Trial | None:
        """The next trial, or None when all have been handed out."""
        while not self._ready:
            if not await self._refill():
                return None
        return self._ready.popleft()

    async def next_of(self, target: int) -> Trial | None:
        """The next trial of one target, out of turn; None when it has none left."""
        while True:
            for trial in self._ready:
                if trial.key.target == target:
                    self._ready.remove(trial)
                    return trial
            if not await self._refill():
                return None

    def put_back(self, trial: Trial) -> None:
        """Return a trial that was taken and not started."""
        self._ready.appendleft(trial)

    async def _refill(self) -> bool:
        before = len(self._ready)
        async with self._refilling:
            if len(self._ready) > before:
                return True
            positions = list(islice(self._positions, CHUNK))
            if not positions:
                return False
            inputs = await self._read(positions)
            for position in positions:
                for key in self._plan.trials(position):
                    self._ready.append(Trial(key=key, input=inputs[position], answered=key in self._answered))
            return True
