"""Scores of a log as metrics.

Inspect writes ``C``, ``I``, ``P`` and ``N`` for correct, incorrect, partial and no answer, which its own metrics count
as 1, 0, 0.5 and 0; numbers, booleans, and mappings of any of these for scorers that give several.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lattice.importers.inspect_logs.objects import Sample
from lattice.importers.naming import CheckNames
from lattice.importers.records import Notes, quoted

_WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
Part = tuple[str, str | None]
"""A scorer, and one of its values where it gives several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number that the samples of a log have.

    Parameters
    ----------
    name: of its metric.
    binary: whether every value is 0 or 1.
    """

    part: Part
    name: str
    binary: bool


def measured_in(samples: Iterable[Sample], notes: Notes) -> list[Measured]:
    """Which numbers there are; those that do not lie between 0 and 1 have no known scale and are noted."""
    values: dict[Part, list[Any]] = {}
    for sample in samples:
        for part, value in parts_of(sample):
            values.setdefault(part, []).append(value)
    names = CheckNames()
    found = []
    for part, given in values.items():
        what = f"scorer {quoted(' '.join(each for each in part if each))}"
        numbers = [number for value in given if (number := number_of(value)) is not None]
        if not numbers:
            notes.left("samples[].scores", what, "its values are no numbers")
        elif not all(0 <= number <= 1 for number in numbers):
            lowest, highest = min(numbers), max(numbers)
            reason = f"its values go from {lowest:g} to {highest:g}, and the log does not say on which scale"
            notes.left("samples[].scores", what, reason)
        else:
            name = names.name(" ".join(each for each in part if each))
            found.append(Measured(part=part, name=name, binary=set(numbers) <= {0.0, 1.0}))
    return found


def parts_of(sample: Sample) -> Iterator[tuple[Part, Any]]:
    """Every value of a sample's scores."""
    for scorer, score in (sample.scores or {}).items():
        if isinstance(score.value, Mapping):
            yield from (((scorer, str(name)), value) for name, value in score.value.items())
        else:
            yield (scorer, None), score.value


def number_of(value: Any) -> float | None:
    """A value as Inspect's metrics read it; None where there is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        if value in _WORDS or value.lower() in _WORDS:
            return _WORDS.get(value, _WORDS.get(value.lower()))
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return None


def reasons_of(sample: Sample) -> str:
    """What the scorers said, one paragraph each."""
    scores = sample.scores or {}
    said = [
        f"{name}: {score.explanation}" if len(scores) > 1 else score.explanation
        for name, score in scores.items()
        if score.explanation
    ]
    return "\n\n".join(said)
