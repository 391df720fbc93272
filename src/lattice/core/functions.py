"""Python functions by name: what a configuration says of them, and those that are at hand already."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

REFERENCE = (
    r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:"  # module, with its packages
    r"([A-Za-z_]\w*|<\w+>)(\.([A-Za-z_]\w*|<\w+>))*$"  # name, perhaps within a class
)
"""``module:name``; a part such as ``<lambda>`` is one that only the process can reach that made it."""

_OBJECT = "<object>"


class FunctionReference(str):
    """``module:name`` of a function that is at hand, so that it need not be looked up.

    It is a text like any other, equal to the one that a file would have; only the function is not copied into
    a store or a file.
    """

    __slots__ = ("function",)

    function: Callable[..., Any]

    def __new__(cls, function: Callable[..., Any]) -> FunctionReference:
        self = super().__new__(cls, reference_of(function))
        self.function = function
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def reference_of(function: Callable[..., Any]) -> str:
    """The ``module:name`` of a function or of another object that can be called.

    Where the name does not lead back to the very object (a lambda, a function within a function, a bound
    method, a partial), it has a part in angle brackets.
    """
    module = getattr(function, "__module__", None) or type(function).__module__
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    is_same = found is function or (inspect.ismethod(found) and found == function)
    reference = f"{module}:{name}" if is_same or "<" in name else f"{module}:{name}.{_OBJECT}"
    return reference if re.match(REFERENCE, reference) else f"unnamed:{_OBJECT}"


def is_out_of_reach(reference: str) -> bool:
    """Whether only the process can call it that made it."""
    return "<" in reference
