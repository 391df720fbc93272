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


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[valid-type,misc]  # chosen by platform
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
    """The running `VirtualLoop`'s time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run ``main(clock)`` to its end in virtual time, and see that it leaves no task and no timer behind."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_watched(main))


async def _watched(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    result = await main(VirtualClock())
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"
    return result
