"""A random sample of results for a person to score, as a sheet that does not show what the judge said."""

from __future__ import annotations

import csv
import hashlib
import heapq
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import IO

from lattice.core.trials import TrialKey
from lattice.reporting.figures import SCORE
from lattice.reporting.formats import spreadsheet_text
from lattice.store.records import ResultRow, ScoreRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetForm:
    """Which columns a sheet needs to tell results apart, beside the input's id.

    Parameters
    ----------
    targets: the run has several; their numbers are written and not their names, which would lead the person.
    repeats: the run has several.
    """

    targets: bool = False
    repeats: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The header."""
        telling = [name for name, needed in (("target", self.targets), ("repeat", self.repeats)) if needed]
        return ("id", *telling, "input", "reference", "response", "score", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A sample.

    Parameters
    ----------
    keys: in random order, so that the first of them are a random sample as well.
    available: inputs with a score, of all targets that were drawn from.
    """

    keys: tuple[TrialKey, ...]
    available: int


def draw(rows: Iterable[ScoreRow], size: int, seed: int, target: int | None = None) -> Drawn:
    """A uniform random sample of scored results: for each target `size` inputs, of each one repeat.

    Inputs are taken by the SHA-256 of seed and position, the smallest first. So a larger sample of the same seed holds
    the smaller one, targets are scored on the same inputs, and nothing but the sample is kept in memory.

    Parameters
    ----------
    rows: in the order of their inputs.
    target: index of the only one to draw from; None for all.
    """
    available = 0
    by_target: dict[int, list[tuple[bytes, TrialKey]]] = {}
    for (position, which), trials in groupby(rows, key=lambda row: (row.position, row.target)):
        keys = [TrialKey(position, which, row.repeat) for row in trials if SCORE in row.metrics]
        if not keys or target not in (None, which):
            continue
        available += 1
        chosen = min(keys, key=lambda key: _lot(seed, key.position, key.repeat))
        smallest = by_target.setdefault(which, [])
        smallest.append((_lot(seed, position), chosen))
        if len(smallest) >= 2 * size + 1000:
            by_target[which] = heapq.nsmallest(size, smallest)
    kept = [entry for entries in by_target.values() for entry in heapq.nsmallest(size, entries)]
    mixed = sorted(kept, key=lambda entry: _lot(seed, *entry[1])) if len(by_target) > 1 else kept
    return Drawn(keys=tuple(key for _, key in mixed), available=available)


def write_sheet(rows: Iterable[ResultRow], form: SheetForm, stream: IO[bytes]) -> None:
    """Write results with an empty score and an empty reason; what a spreadsheet would take for a formula is defused."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(form.columns)
        writer.writerows(_cells(row, form) for row in rows)
    finally:
        text.detach()


def undefused(text: str) -> str:
    """A text as it was before `spreadsheet_text` put an apostrophe before it."""
    bare = text.removeprefix("'")
    return bare if bare != text and spreadsheet_text(bare) == text else text


def same_text(written: str, text: str) -> bool:
    """Whether a cell that has been through a spreadsheet holds a text; white space may have changed under way."""
    return _bare(written) == _bare(text)


def _bare(text: str) -> str:
    return " ".join(spreadsheet_text(text).removeprefix("'").split())


def _cells(row: ResultRow, form: SheetForm) -> Iterator[str | int]:
    yield spreadsheet_text(row.input.id)
    if form.targets:
        yield row.key.target + 1
    if form.repeats:
        yield row.key.repeat + 1
    response = row.response.text if row.response else ""
    for text in (row.input.text, row.input.reference or "", response, "", ""):
        yield spreadsheet_text(text)


def _lot(seed: int, *parts: int) -> bytes:
    return hashlib.sha256(":".join(map(str, (seed, *parts))).encode()).digest()
