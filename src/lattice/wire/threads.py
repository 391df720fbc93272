"""Threads for functions that block, so that the engine's own thread never does.

A thread cannot be ended from outside. One whose call has timed out is left behind and another takes its
place; the threads are daemons, so a function that never returns holds up neither the run nor the process.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any

from lattice.core.errors import CallError, ErrorKind

_MOST_LEFT_BEHIND = 256

_Call = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class OutOfTime(Exception):
    """A call took longer than it may; not a `TimeoutError`, which the function itself may raise."""


class Threads:
    """A bounded number of threads, started when they are needed.

    Parameters
    ----------
    name: what the threads are called, for people who look at a process.
    limit: calls that run at the same time; further ones wait without having started.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._places = asyncio.Semaphore(limit)
        self._idle: list[_Thread] = []
        self._left_behind: list[_Thread] = []

    async def run(self, function: Callable[[], Any], *, timeout: float) -> Any:
        """Call a function in a thread of its own and wait for what it gives.

        Parameters
        ----------
        timeout: seconds from the moment the function starts.

        Raises
        ------
        OutOfTime: it has not returned in time; it may go on, unheard.
        CallError: of kind ``target_error``; so many calls never returned that another would only be one more.
        Exception: whatever the function raised.
        """
        async with self._places:
            thread = self._thread()
            try:
                async with asyncio.timeout(timeout) as scope:
                    result = await thread.call(function)
            except asyncio.CancelledError:
                self._leave(thread)
                raise
            except Exception as error:
                if isinstance(error, TimeoutError) and scope.expired():
                    self._leave(thread)
                    raise OutOfTime from None
                self._idle.append(thread)
                raise
            self._idle.append(thread)
            return result

    def close(self) -> None:
        """Let the threads that wait for work end."""
        while self._idle:
            self._idle.pop().leave()

    def _leave(self, thread: _Thread) -> None:
        thread.leave()
        self._left_behind.append(thread)

    def _thread(self) -> _Thread:
        if self._idle:
            return self._idle.pop()
        self._left_behind = [thread for thread in self._left_behind if thread.is_busy]
        if len(self._left_behind) >= _MOST_LEFT_BEHIND:
            count = f"{_MOST_LEFT_BEHIND} earlier calls"
            raise CallError(ErrorKind.TARGET_ERROR, f"{count} timed out and still have not returned")
        return _Thread(self._name)


class _Thread:
    """One daemon thread and the calls that wait for it."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._work, name=name, daemon=True)
        self._worker.start()

    @property
    def is_busy(self) -> bool:
        """Whether it has not ended yet; meant for threads that have been left."""
        return self._worker.is_alive()

    def call(self, function: Callable[[], Any]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()
        self._calls.put((lambda: context.run(function), loop, future))
        return future

    def leave(self) -> None:
        """End it as soon as its call has returned."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            function, loop, future = call
            try:
                outcome, error = function(), None
            except BaseException as raised:  # noqa: BLE001 - handed over to whoever awaits the call
                outcome, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, future, outcome, error)
            except RuntimeError:  # the loop has been closed: nobody waits any more
                return
            del call, function, future, outcome, error


def _settle(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    elif isinstance(error, Exception) and not isinstance(error, StopIteration):
        future.set_exception(error)
    else:  # in the awaiting task these would mean its own end
        future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
