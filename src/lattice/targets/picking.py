"""Picking the parts of an endpoint's JSON answer that the evaluation file names by JSONPath."""

from __future__ import annotations

from typing import Any

import jsonpath_rfc9535
import orjson

from lattice.core.errors import CallError, ErrorKind
from lattice.core.models import Usage
from lattice.core.targets import UsagePaths

_INPUT_NAMES = ("input_tokens", "prompt_tokens")
_MOST = 10**12
_OUTPUT_NAMES = ("output_tokens", "completion_tokens")


class Pick:
    """One compiled JSONPath.

    Raises
    ------
    ValueError: it is no JSONPath; the message says where.
    """

    __slots__ = ("_query", "path")

    path: str
    """As it was written."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._query = jsonpath_rfc9535.compile(path)
        except jsonpath_rfc9535.JSONPathError as error:
            raise ValueError(f"{path!r} is no JSONPath: {error}") from None

    def values(self, data: Any) -> list[Any]:
        """Everything at the path, nulls left out."""
        return [value for value in self._query.find(data).values() if value is not None]

    def text(self, data: Any) -> str:
        """The one value at the path: a text as it is, anything else as JSON.

        Raises
        ------
        CallError: of kind ``target_response``; nothing is there, or more than one value.
        """
        found = self.values(data)
        if not found:
            raise CallError(ErrorKind.TARGET_RESPONSE, f"The answer has nothing at {self.path}")
        if len(found) > 1:
            raise CallError(ErrorKind.TARGET_RESPONSE, f"The answer has {len(found)} values at {self.path}, not one")
        return as_text(found[0])

    def amount(self, data: Any) -> float | None:
        """The number at the path, None where nothing is.

        Raises
        ------
        CallError: of kind ``target_response``; what is there is no number from 0 on.
        """
        found = self.values(data)
        if not found:
            return None
        if isinstance(found[0], bool) or not isinstance(found[0], (int, float)) or not 0 <= found[0] < _MOST:
            raise CallError(ErrorKind.TARGET_RESPONSE, f"The answer has no number from 0 on at {self.path}")
        return float(found[0])

    def texts(self, data: Any) -> tuple[str, ...]:
        """All values at the path, those of lists one by one."""
        items = (item for value in self.values(data) for item in (value if isinstance(value, list) else [value]))
        return tuple(as_text(item) for item in items if item is not None)


class UsagePick:
    """Where the tokens of an answer are told."""

    __slots__ = ("_input", "_object", "_output")

    def __init__(self, settings: str | UsagePaths) -> None:
        paths = settings if isinstance(settings, UsagePaths) else UsagePaths()
        self._object = Pick(settings) if isinstance(settings, str) else None
        self._input = Pick(paths.input_tokens) if paths.input_tokens else None
        self._output = Pick(paths.output_tokens) if paths.output_tokens else None

    def usage(self, data: Any) -> Usage:
        """The tokens; none where the answer does not tell them.

        Raises
        ------
        CallError: of kind ``target_response``; what is there is no number of tokens.
        """
        if self._object is None:
            return Usage(input_tokens=_counted(self._input, data), output_tokens=_counted(self._output, data))
        found = self._object.values(data)
        if not found:
            return Usage()
        if not isinstance(found[0], dict):
            raise CallError(ErrorKind.TARGET_RESPONSE, f"The answer has no token counts at {self._object.path}")
        return Usage(input_tokens=_named(found[0], _INPUT_NAMES), output_tokens=_named(found[0], _OUTPUT_NAMES))


def as_text(value: Any) -> str:
    """A JSON value as text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _counted(pick: Pick | None, data: Any) -> int:
    found = pick.values(data) if pick is not None else []
    return _tokens(found[0]) if found else 0


def _named(counts: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((_tokens(counts[name]) for name in names if counts.get(name) is not None), 0)


def _tokens(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _MOST:
        raise CallError(ErrorKind.TARGET_RESPONSE, "The answer's usage is no whole number of tokens")
    return value
