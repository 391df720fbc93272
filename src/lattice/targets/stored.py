"""A target whose responses are stored already."""

from __future__ import annotations

from typing import NoReturn

from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey

_LIMIT = LimitKey(provider="stored")


class StoredTarget:
    """Stands for a target in a run that scores stored responses again: it has a name and is never called."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> LimitKey:
        return _LIMIT

    async def answer(self, input: Input, *, timeout: float) -> NoReturn:
        """Refused, so that no change elsewhere can make a rescored run pay for a response.

        Raises
        ------
        CallError: always.
        """
        raise CallError(ErrorKind.INVALID_INPUT, f"No response to input #{input.position} is stored")
