"""What differs between two texts, word by word, in bounded time however long they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
    stretches = [
        Stretch(change=Change.SAME, text="".join(old[:start])),
        *_between(old[start : len(old) - end], new[start : len(new) - end]),
        Stretch(change=Change.SAME, text="".join(old[len(old) - end :])),
    ]
    return [each for each in stretches if each.text]


def _between(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """Changes, with the blanks between two of them as part of both: single words would be a patchwork."""
    gone, come, gap = "", "", ""
    for is_same, was, now in _parts(old, new):
        if not is_same:
            gone, come, gap = gone + gap + was, come + gap + now, ""
        elif was.isspace() and not gap and (gone or come):
            gap = was
        else:
            yield from _changed(gone, come)
            yield Stretch(change=Change.SAME, text=gap + was)
            gone, come, gap = "", "", ""
    yield from _changed(gone, come)
    yield Stretch(change=Change.SAME, text=gap)


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, str, str]]:
    """Stretches with whether both texts have them, as they stand in each."""
    if max(len(old), len(new)) > MOST_WORDS:
        yield False, "".join(old), "".join(new)
        return
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        yield tag == "equal", "".join(old[old_from:old_to]), "".join(new[new_from:new_to])


def _changed(gone: str, come: str) -> Iterator[Stretch]:
    yield Stretch(change=Change.ONLY_BEFORE, text=gone)
    yield Stretch(change=Change.ONLY_AFTER, text=come)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words are the same from the beginning."""
    both = zip(old, new, strict=False)
    return next((place for place, (left, right) in enumerate(both) if left != right), min(len(old), len(new)))
