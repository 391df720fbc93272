"""An event loop on which waiting takes no time: when nothing is left to do, its clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lattice.engine.clock import SystemClock

T = TypeVar("T")


class Stuck(AssertionError):
    """Everything waits, and no timer is set: in real time this would hang for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    passed = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.passed += max(timeout, 0.0)
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code that does no real input or output: sleeps, timers and timeouts keep their order."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


class VirtualClock(SystemClock):
    """The running `VirtualLoop`'s time; `timers` are those that were set and have neither fired nor been cancelled."""

    def __init__(self) -> None:
        self._handles: list[asyncio.TimerHandle] = []

    @property
    def timers(self) -> int:
        now = self.now()
        return sum(not handle.cancelled() and handle.when() > now for handle in self._handles)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        handle = asyncio.get_running_loop().call_later(seconds, callback)
        self._handles.append(handle)
        return handle

    def now(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run ``main(clock)`` to its end in virtual time, and see that it leaves no task and no timer behind."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_watched(main))


async def _watched(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    clock = VirtualClock()
    result = await main(clock)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"
    assert not clock.timers, "a timer is left behind"
    return result
