"""Functions of other people: none of them holds up the loop, and whatever they raise is said."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from lattice.core.errors import CallError, ErrorKind
from lattice.wire.functions import Function, OwnFunction
from lattice.wire.threads import OutOfTime


def called(function: Function, *arguments: Any, timeout: float = 5.0) -> Any:
    async def once() -> Any:
        own = OwnFunction("m:f", function, threads=2, raised="the check m:f raised ")
        try:
            return (await own.call(*arguments, timeout=timeout))[0]
        finally:
            own.close()

    return asyncio.run(once())


async def added(one: int, two: int) -> int:
    return one + two


class Adder:
    """Something else that can be called."""

    async def __call__(self, one: int, two: int) -> int:
        return one + two


@pytest.mark.parametrize("function", [lambda one, two: one + two, added, Adder(), lambda one, two: added(one, two)])
def test_any_kind_of_function_is_called_with_its_arguments(function: Function) -> None:
    assert called(function, 1, 2) == 3


def test_a_blocking_function_leaves_the_loop_free() -> None:
    release = threading.Event()

    async def meanwhile() -> str:
        own = OwnFunction("m:f", lambda: release.wait(5.0) and "released", threads=1)
        waiting = asyncio.ensure_future(own.call(timeout=5.0))
        await asyncio.sleep(0)
        release.set()
        given, _ = await waiting
        own.close()
        return str(given)

    assert asyncio.run(meanwhile()) == "released"


def test_one_that_takes_too_long_is_given_up() -> None:
    stuck = threading.Event()
    with pytest.raises(OutOfTime):
        called(lambda: stuck.wait(5.0), timeout=0.01)
    stuck.set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no\nway"), "the check m:f raised ValueError: no way"),
        (SystemExit(3), "the check m:f raised SystemExit: 3"),
        (KeyError(), "the check m:f raised KeyError"),
        (asyncio.CancelledError(), "the check m:f raised CancelledError"),
    ],
)
def test_what_it_raises_is_said(error: BaseException, said: str) -> None:
    async def failing() -> None:
        raise error

    with pytest.raises(CallError) as caught:
        called(failing)
    assert (caught.value.kind, caught.value.message) == (ErrorKind.TARGET_ERROR, said)


def test_a_failure_of_its_own_kind_is_passed_on() -> None:
    def limited() -> None:
        raise CallError(ErrorKind.RATE_LIMIT, "slowly")

    with pytest.raises(CallError) as caught:
        called(limited)
    assert caught.value.kind is ErrorKind.RATE_LIMIT
