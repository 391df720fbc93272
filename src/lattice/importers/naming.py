"""Names as an evaluation file allows them."""

from __future__ import annotations

import re

from lattice.core.checks import RESERVED
from lattice.wire.messages import one_line, shortened

_LONGEST = 100
_LONGEST_EVALUATION = 200
_UUID = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class CheckNames:
    """Gives each check, or criterion, a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set(RESERVED)

    def name(self, wanted: str) -> str:
        """`wanted` without dots and slashes, short enough, and unlike all before."""
        plain = shortened(one_line(wanted).replace("/", "-").replace(".", "-"), _LONGEST - 4).strip() or "check"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain} {number}"
        self._taken.add(name)
        return name


def evaluation_name(wanted: str) -> str:
    """What an evaluation may be called."""
    return shortened(one_line(wanted), _LONGEST_EVALUATION).strip() or "Imported evaluation"


def target_name(wanted: str, taken: set[str]) -> str:
    """What a target is called beside others; conditions name it before a slash."""
    plain = shortened(one_line(wanted).replace("/", "-"), _LONGEST_EVALUATION - 5).strip() or "Target"
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain} {number}"
    taken.add(name)
    return name


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for tables of names."""
    return frozenset(text.split())


def without_uuid(name: str) -> str:
    """A grader's name without the identifier that the service puts behind it."""
    return _UUID.sub("", name)


def file_stem(name: str) -> str:
    """Letters, digits and dashes, for a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-") or "part"
