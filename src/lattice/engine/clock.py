"""Time, as the engine is given it: so that tests bring a time of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has been set for later."""

    def cancel(self) -> None:
        """Forget it; cancelling one that has fired does nothing."""


class Clock(Protocol):
    """Where the engine reads the time, and what it waits by."""

    def now(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero and less give other tasks a turn."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` from the running event loop after so many seconds."""


class SystemClock:
    """The machine's monotonic clock and the running event loop's timers."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)
