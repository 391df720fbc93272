"""Regular expressions on hostile text: every search has a time limit, so that no backtracking holds a run up."""

from __future__ import annotations

import regex

SECONDS = 0.25
"""The longest that one search may take. Usual patterns need microseconds, also on a megabyte of text."""


class Pattern:
    """One compiled regular expression, in the syntax of Python's `re` with the `regex` package's additions.

    Parameters
    ----------
    text: the expression.
    whole: whether the whole text must match.

    Raises
    ------
    ValueError: it is no regular expression; the message says where.
    """

    __slots__ = ("_find",)

    def __init__(self, text: str, *, ignore_case: bool = False, whole: bool = False) -> None:
        try:
            compiled = regex.compile(text, regex.IGNORECASE if ignore_case else 0)
        except regex.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
        except RecursionError:
            raise ValueError(f"the regular expression {text[:40]!r}… is nested too deeply; make it simpler") from None
        self._find = compiled.fullmatch if whole else compiled.search

    def is_found(self, text: str) -> bool:
        """Whether it is found in a text.

        Raises
        ------
        TimeoutError: the search took longer than `SECONDS`.
        """
        return self._find(text, timeout=SECONDS) is not None
