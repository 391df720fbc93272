"""Checks that say *not*, and others that have no method of their own, as regular expressions."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import regex

# `regex` finds its pattern anywhere in the response, so each of these is anchored at the beginning; (?s) lets a dot
# stand for any character, line ends too.


def starts_with(text: str) -> dict[str, Any]:
    """The response begins with a text."""
    return {"pattern": rf"\A{re.escape(text)}"}


def equals_not(text: str) -> dict[str, Any]:
    """The response is anything but a text, white space around both left aside as in `exact_match`."""
    return {"pattern": rf"\A(?!\s*{re.escape(text.strip())}\s*\Z)"}


def contains_none(texts: Sequence[str], *, ignore_case: bool) -> dict[str, Any]:
    """None of the texts is in the response."""
    some = "|".join(re.escape(text) for text in texts)
    return _cased(rf"(?s)\A(?!.*(?:{some}))", ignore_case)


def contains_not_all(texts: Sequence[str], *, ignore_case: bool) -> dict[str, Any]:
    """At least one of the texts is not in the response."""
    every = "".join(rf"(?=.*{re.escape(text)})" for text in texts)
    return _cased(rf"(?s)\A(?!{every})", ignore_case)


def matches_not(pattern: str) -> dict[str, Any] | None:
    """The pattern is found nowhere in the response; None where it cannot be turned round."""
    turned = rf"\A(?!(?s:.*)(?:{pattern}))"
    return {"pattern": turned} if is_pattern(pattern) and is_pattern(turned) else None


def is_pattern(pattern: str) -> bool:
    """Whether this is a regular expression, for the checks and for ``assertions.py``, which use a library each."""
    try:
        with warnings.catch_warnings():
            # What may mean something else one day means here what it means today.
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
            regex.compile(pattern)
    except (re.error, regex.error, OverflowError, RecursionError, ValueError):
        return False
    return True


def _cased(pattern: str, ignore_case: bool) -> dict[str, Any]:
    return {"pattern": pattern, "ignore_case": True} if ignore_case else {"pattern": pattern}
