"""Python functions by name."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lattice.core.functions import REFERENCE, FunctionReference, is_out_of_reach, reference_of


def known(text: str) -> str:
    return text


class Known:
    """Has methods of each kind."""

    def method(self, text: str) -> str:
        return text

    @staticmethod
    def static(text: str) -> str:
        return text

    @classmethod
    def of_class(cls, text: str) -> str:
        return text


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (known, "known"),
        (Known, "Known"),
        (Known.static, "Known.static"),
        (Known.of_class, "Known.of_class"),
        (Known.method, "Known.method"),
    ],
)
def test_what_its_name_leads_back_to_is_called_by_its_name(function: Callable[..., Any], name: str) -> None:
    assert reference_of(function) == f"{__name__}:{name}"
    assert not is_out_of_reach(reference_of(function))


@pytest.mark.parametrize(
    "function",
    [lambda text: text, partial(known, "a"), Known().method, [].append],
    ids=["lambda", "partial", "bound", "builtin"],
)
def test_anything_else_is_marked_as_out_of_reach(function: Callable[..., Any]) -> None:
    reference = reference_of(function)
    assert is_out_of_reach(reference)
    assert re.match(REFERENCE, reference)


def test_a_function_within_a_function_is_out_of_reach() -> None:
    def within(text: str) -> str:
        return text

    assert "<locals>" in reference_of(within)


def test_a_shadowed_function_is_not_taken_for_the_one_that_has_its_name() -> None:
    def other(text: str) -> str:
        return "other"

    other.__qualname__ = "known"
    assert is_out_of_reach(reference_of(other))


def test_a_reference_is_a_text_and_travels_as_one() -> None:
    reference = FunctionReference(known)
    assert reference == f"{__name__}:known"
    assert hash(reference) == hash(f"{__name__}:known")
    assert reference.function is known
    travelled = pickle.loads(pickle.dumps(reference))
    assert type(travelled) is str
    assert travelled == reference
