"""Several votes on one response: of several judges, or of one judge asked several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lattice.core.judging import JudgeSettings

DISAGREEMENT = "disagreement"
"""Name under which a result says whether its votes lie more than one level apart (1) or not (0)."""


class Aggregate(StrEnum):
    """What becomes of several votes."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One judge of a panel and the names of its metrics.

    Parameters
    ----------
    label: the judge's name.
    own: of the judge's score; None where it is the only judge, whose score is the score.
    samples: of each of its votes; none where it has only one.
    """

    label: str
    own: str | None
    samples: tuple[str, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """All of its metrics."""
        return (*(() if self.own is None else (self.own,)), *self.samples)


def seats(judges: Sequence[JudgeSettings]) -> tuple[Seat, ...]:
    """The seats of a panel: ``judge:NAME`` is a judge's score, ``judge:NAME#2`` its second vote."""
    found = []
    for judge in judges:
        name = f"judge:{judge.label}"
        votes = tuple(f"{name}#{number}" for number in range(1, judge.samples + 1)) if judge.samples > 1 else ()
        found.append(Seat(label=judge.label, own=name if len(judges) > 1 else None, samples=votes))
    return tuple(found)
