"""Functions that people bring along: called without ever blocking the engine, and whatever goes wrong is said."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from lattice.core.errors import CallError, ErrorKind
from lattice.wire.messages import Scrubber
from lattice.wire.threads import OutOfTime, Threads

DEFAULT_THREADS = 64

Function = Callable[..., Any]
"""A ``def``, an ``async def``, or anything else that can be called."""


class OwnFunction:
    """Calls a function: an ``async def`` in the engine's loop, a ``def`` in a thread.

    Parameters
    ----------
    reference: ``module:name``, for the threads' names.
    threads: calls of a blocking function at the same time.
    raised: stands before what an exception says, such as ``The check mine:check raised ``.
    clock: seconds that only grow.
    """

    def __init__(
        self,
        reference: str,
        function: Function,
        *,
        threads: int = DEFAULT_THREADS,
        raised: str = "",
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._function = function
        self._awaitable = _is_async(function)
        self._threads = Threads(f"lattice {reference}", threads)
        self._raised = raised
        self._clock = clock

    async def call(self, *arguments: Any, timeout: float) -> tuple[Any, float]:
        """Call the function exactly once; what it gave, and the seconds it took, waits for a thread left out.

        Raises
        ------
        OutOfTime: it took longer than `timeout` seconds.
        CallError: of kind ``target_error``; it raised. A `CallError` of its own is passed on.
        """
        try:
            return await self._called(arguments, timeout)
        except (CallError, OutOfTime):
            raise
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            raise self._failed(error) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a function raises is its result
            raise self._failed(error) from None

    def close(self) -> None:
        """Let the threads end that wait for work."""
        self._threads.close()

    async def _called(self, arguments: tuple[Any, ...], timeout: float) -> tuple[Any, float]:
        if self._awaitable:
            return await self._awaited(lambda: self._function(*arguments), timeout)
        given, latency = await self._threads.run(partial(self._timed, arguments), timeout=timeout)
        if not inspect.isawaitable(given):
            return given, latency
        return await self._awaited(lambda: given, timeout)

    def _timed(self, arguments: tuple[Any, ...]) -> tuple[Any, float]:
        started = self._clock()
        given = self._function(*arguments)
        return given, self._clock() - started

    async def _awaited(self, make: Callable[[], Any], timeout: float) -> tuple[Any, float]:
        started = self._clock()
        try:
            async with asyncio.timeout(timeout) as scope:
                given = await make()
        except TimeoutError as error:
            raise (OutOfTime if scope.expired() else error) from None
        return given, self._clock() - started

    def _failed(self, error: BaseException) -> CallError:
        return CallError(ErrorKind.TARGET_ERROR, f"{self._raised}{said(error)}")


def said(error: BaseException) -> str:
    """Type and message of an exception on one short line."""
    try:
        text = Scrubber().message(str(error))
    except Exception as broken:  # noqa: BLE001 - an exception's own __str__ may fail, which is said too
        text = f"its message cannot be shown ({type(broken).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_being_cancelled() -> bool:
    """Whether somebody cancelled this task, rather than the function raising the same exception."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_async(function: Function) -> bool:
    called = getattr(function, "__call__", None)  # noqa: B004 - the method itself is inspected
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
