"""A Python function as a target: ``module:name``, found from the evaluation file's folder."""

from __future__ import annotations

import asyncio
import importlib
import importlib.machinery
import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import ToolCall, Usage
from lattice.core.targets import Answer
from lattice.core.trials import Response
from lattice.targets.bodies import plain_input
from lattice.targets.threads import OutOfTime, Threads
from lattice.wire.messages import Scrubber
from lattice.wire.session import timed_out

DEFAULT_THREADS = 64

Function = Callable[[Any], Any]
"""Takes a text, or a conversation as mappings; gives a text or an `Answer`, or an awaitable of one."""


class PythonTarget:
    """Calls a function once per input: an ``async def`` in the engine's loop, a ``def`` in a thread.

    Parameters
    ----------
    name: shown everywhere.
    reference: ``module:name``; its module is what limits are kept by.
    function: what is called with the input.
    threads: calls of a blocking function at the same time.
    clock: seconds that only grow, for the latency.
    """

    def __init__(
        self,
        name: str,
        reference: str,
        function: Function,
        *,
        threads: int = DEFAULT_THREADS,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._name = name
        self._reference = reference
        self._function = function
        self._awaitable = _is_async(function)
        self._threads = Threads(f"lattice target {reference}", threads)
        self._clock = clock

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> LimitKey:
        return LimitKey(provider=f"python:{self._reference.partition(':')[0]}")

    async def answer(self, input: Input, *, timeout: float) -> Response:
        """Call the function exactly once.

        Raises
        ------
        CallError: it took longer than `timeout` seconds (``timeout``), raised, or gave something that is
            neither a text nor an `Answer` (``target_error``). A `CallError` of its own is passed on.
        """
        try:
            given, latency = await self._called(input, timeout)
        except CallError:
            raise
        except OutOfTime:
            raise timed_out(timeout) from None
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            raise CallError(ErrorKind.TARGET_ERROR, _said(error)) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a target raises is its result
            raise CallError(ErrorKind.TARGET_ERROR, _said(error)) from None
        return self._response(given, latency)

    def close(self) -> None:
        """Let the threads end that wait for work."""
        self._threads.close()

    async def _called(self, input: Input, timeout: float) -> tuple[Any, float]:
        """What the function gave, and the seconds it took, waits for a thread left out."""
        argument = plain_input(input)
        if self._awaitable:
            return await self._awaited(self._function, argument, timeout)
        given, latency = await self._threads.run(partial(self._timed, argument), timeout=timeout)
        if not inspect.isawaitable(given):
            return given, latency
        return await self._awaited(lambda _: given, argument, timeout)

    def _timed(self, argument: Any) -> tuple[Any, float]:
        started = self._clock()
        given = self._function(argument)
        return given, self._clock() - started

    async def _awaited(self, function: Function, argument: Any, timeout: float) -> tuple[Any, float]:
        started = self._clock()
        try:
            async with asyncio.timeout(timeout) as scope:
                given = await function(argument)
        except TimeoutError as error:
            raise (OutOfTime if scope.expired() else error) from None
        return given, self._clock() - started

    def _response(self, given: Any, latency: float) -> Response:
        if isinstance(given, str):
            return Response(text=given, latency=latency)
        if not isinstance(given, Answer):
            kind = type(given).__name__
            raise CallError(ErrorKind.TARGET_ERROR, f"{self._reference} returned {kind}, not a str or lattice.Answer")
        _check(given)
        return Response(
            text=given.text,
            latency=latency,
            usage=given.usage or Usage(),
            cost_usd=given.cost_usd,
            model=given.model,
            finish_reason=given.finish_reason,
            tool_calls=tuple(given.tool_calls),
            context=None if given.context is None else tuple(given.context),
        )


def build_python_target(
    name: str,
    reference: str,
    base: Path,
    *,
    threads: int = DEFAULT_THREADS,
    clock: Callable[[], float] = perf_counter,
) -> PythonTarget:
    """A Python target with its module imported.

    Parameters
    ----------
    reference: ``module:name``.
    base: folder of the evaluation file; modules in it come before installed ones.
    threads: calls of a blocking function at the same time.

    Raises
    ------
    UsageError: the module cannot be imported, or has no such function.
    """
    function = load_function(reference, base)
    return PythonTarget(name, reference, function, threads=threads, clock=clock)


def load_function(reference: str, base: Path) -> Function:
    """The function that ``module:name`` means, seen from a folder.

    The folder is put in front of Python's own path and stays there, since a function may import more when
    it is called.

    Raises
    ------
    UsageError: the module cannot be imported, it has no such function, or a module of this name has been
        imported from elsewhere.
    """
    module_name, _, attribute = reference.partition(":")
    folder = str(base.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    _check_not_shadowed(module_name.partition(".")[0], folder)
    try:
        function: Any = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - importing runs the module, which may raise anything
        raise UsageError(f"{reference}: importing {module_name} failed: {_said(error)}") from None
    for part in attribute.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        raise UsageError(f"{reference}: {module_name} has no function {attribute}")
    found: Function = function
    _check_takes_one(found, reference)
    return found


def _check_not_shadowed(package: str, folder: str) -> None:
    loaded = sys.modules.get(package)
    here = importlib.machinery.PathFinder.find_spec(package, [folder])
    if loaded is None or here is None or here.origin is None:
        return
    origin = getattr(loaded, "__file__", None)
    if origin is None or Path(origin).resolve() != Path(here.origin).resolve():
        raise UsageError(
            f"a module {package!r} has been imported from {origin or 'elsewhere'} already; "
            f"give {here.origin} another name, or run it in a process of its own"
        )


def _check_takes_one(function: Function, reference: str) -> None:
    try:
        inspect.signature(function).bind("input")
    except TypeError as error:
        raise UsageError(f"{reference} must take the input as its one argument: {error}") from None
    except ValueError:  # some built-in functions do not tell their signature
        return


def _is_being_cancelled() -> bool:
    """Whether somebody cancelled this task, rather than the function raising the same exception."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_async(function: Function) -> bool:
    called = getattr(function, "__call__", None)  # noqa: B004 - the method itself is inspected
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


def _check(given: Any) -> None:
    """A record that people fill in themselves may hold anything."""
    sound = (
        isinstance(given.text, str)
        and (given.usage is None or isinstance(given.usage, Usage))
        and (given.context is None or _holds_only(given.context, str))
        and _holds_only(given.tool_calls, ToolCall)
    )
    if not sound:
        raise CallError(
            ErrorKind.TARGET_ERROR,
            "an Answer's text must be a str, its usage a Usage, its context a list of str, its tool_calls "
            "a list of ToolCall",
        )


def _holds_only(items: Any, kind: type) -> bool:
    return isinstance(items, (list, tuple)) and all(isinstance(item, kind) for item in items)


def _said(error: BaseException) -> str:
    """Type and message of an exception on one short line."""
    try:
        text = Scrubber().message(str(error))
    except Exception as broken:  # noqa: BLE001 - an exception's own __str__ may fail, which is said too
        text = f"its message cannot be shown ({type(broken).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
