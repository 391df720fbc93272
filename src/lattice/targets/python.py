"""A Python function as a target: ``module:name``, found from the evaluation file's folder."""

from __future__ import annotations

import importlib
import importlib.machinery
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.functions import FunctionReference, is_out_of_reach
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import ToolCall, Usage
from lattice.core.targets import Answer
from lattice.core.trials import Response
from lattice.targets.bodies import plain_input
from lattice.wire.functions import DEFAULT_THREADS, Function, OwnFunction, said
from lattice.wire.session import timed_out
from lattice.wire.threads import OutOfTime

_MAIN = (
    "it stood in the script or the notebook that started the run: finish the run from there, "
    "or put the function into a module of its own"
)


class PythonTarget:
    """Calls a function once per input: an ``async def`` in the engine's loop, a ``def`` in a thread.

    Parameters
    ----------
    name: shown everywhere.
    reference: ``module:name``; its module is what limits are kept by.
    function: takes a text, or a conversation as mappings; gives a text or an `Answer`, or an awaitable of one.
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
        self._function = OwnFunction(reference, function, threads=threads, clock=clock)

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
            given, latency = await self._function.call(plain_input(input), timeout=timeout)
        except OutOfTime:
            raise timed_out(timeout) from None
        return self._response(given, latency)

    def close(self) -> None:
        """Let the threads end that wait for work."""
        self._function.close()

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


def load_function(reference: str, base: Path, takes: tuple[str, ...] = ("input",)) -> Function:
    """The function that ``module:name`` means, seen from a folder.

    The folder is put in front of Python's own path and stays there, since a function may import more when
    it is called.

    Parameters
    ----------
    takes: what it is called with.

    Raises
    ------
    UsageError: the module cannot be imported, it has no such function, or a module of this name has been
        imported from elsewhere.
    """
    if isinstance(reference, FunctionReference):
        _check_takes(reference.function, reference, takes)
        return reference.function
    if is_out_of_reach(reference):
        raise UsageError(
            f"{reference} is a function that only the process could call that started the run; "
            "give it a name of its own in a module, as in support:answer"
        )
    module_name, _, attribute = reference.partition(":")
    folder = str(base.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    _check_not_shadowed(module_name.partition(".")[0], folder)
    importlib.invalidate_caches()
    try:
        function: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing runs the module, which may raise anything
        raise UsageError(f"{reference}: importing {module_name} failed: {said(error)}") from None
    for part in attribute.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        where = f"; {_MAIN}" if module_name == "__main__" else ""
        raise UsageError(f"{reference}: {module_name} has no function {attribute}{where}")
    found: Function = function
    _check_takes(found, reference, takes)
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


def _check_takes(function: Function, reference: str, takes: tuple[str, ...]) -> None:
    try:
        inspect.signature(function).bind(*takes)
    except TypeError as error:
        what = "the input as its one argument" if len(takes) == 1 else " and ".join(takes)
        raise UsageError(f"{reference} must take {what}: {error}") from None
    except ValueError:  # some built-in functions do not tell their signature
        return


def _check(given: Any) -> None:
    """A record that people fill in themselves may hold anything."""
    sound = (
        isinstance(given.text, str)
        and (given.usage is None or isinstance(given.usage, Usage))
        and (given.context is None or _holds_only(given.context, str))
        and _holds_only(given.tool_calls, ToolCall)
        and _is_cost(given.cost_usd)
    )
    if not sound:
        raise CallError(
            ErrorKind.TARGET_ERROR,
            "an Answer's text must be a str, its usage a Usage, its context a list of str, its tool_calls "
            "a list of ToolCall, its cost_usd a number from 0 on",
        )


def _holds_only(items: Any, kind: type) -> bool:
    return isinstance(items, (list, tuple)) and all(isinstance(item, kind) for item in items)


def _is_cost(cost: Any) -> bool:
    if cost is None:
        return True
    return isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < float("inf")
