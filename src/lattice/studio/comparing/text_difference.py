"""What differs between two texts, word by word, in bounded time however long they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 3_000
"""Words that differ somehow in one text; beyond that the middles are shown one behind the other."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Change(StrEnum):
    """Where a stretch of text is."""

    SAME = "same"
    ONLY_BEFORE = "only_before"
    ONLY_AFTER = "only_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some text that is in both, or in one alone."""

    change: Change
    text: str


def text_difference(before: str, after: str) -> list[Stretch]:
    """The two texts as one: what was taken out and what came in stand where they were."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    middle = (old[start : len(old) - end], new[start : len(new) - end])
    stretches = [
        Stretch(change=Change.SAME, text="".join(old[:start])),
        *_between(*middle),
        Stretch(change=Change.SAME, text="".join(old[len(old) - end :])),
    ]
    return list(_joined(each for each in stretches if each.text))


def _between(old: list[str], new: list[str]) -> Iterator[Stretch]:
    if max(len(old), len(new)) > MOST_WORDS:
        yield from _replaced(old, new)
        return
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield Stretch(change=Change.SAME, text="".join(old[old_from:old_to]))
        else:
            yield from _replaced(old[old_from:old_to], new[new_from:new_to])


def _replaced(old: list[str], new: list[str]) -> Iterator[Stretch]:
    yield Stretch(change=Change.ONLY_BEFORE, text="".join(old))
    yield Stretch(change=Change.ONLY_AFTER, text="".join(new))


def _joined(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Neighbours of one kind as one stretch."""
    last: Stretch | None = None
    for each in stretches:
        if last is not None and last.change is each.change:
            last = Stretch(change=last.change, text=last.text + each.text)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


def _shared(old: list[str], new: list[str]) -> int:
    """How many words are the same from the beginning."""
    both = zip(old, new, strict=False)
    return next((place for place, (left, right) in enumerate(both) if left != right), min(len(old), len(new)))
