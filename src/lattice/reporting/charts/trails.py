"""What charts read of a run's results: running means in the order of the schedule, latencies, scores without levels.

One pass over the numbers of the results, in a few bytes for each.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lattice.engine.plan import Schedule
from lattice.stats import LiveMean, NoMeanLeft
from lattice.store.records import Point

LOOKS = 200
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The running mean after `n` inputs, with the interval that holds at every look; None where there is none."""

    n: int
    mean: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Which results a run has.

    Parameters
    ----------
    targets: indices of those that have results. repeats: trials of one input.
    over: nothing more is to come, so that nothing is waited for.
    """

    targets: Sequence[int]
    repeats: int
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The looks at one target's mean.

    Parameters
    ----------
    waiting_for: the input that holds back others which have ended; None where there is none.
    """

    looks: tuple[Look, ...]
    waiting_for: int | None = None


def trails_of(points: Iterable[Point], schedule: Schedule, shape: Shape) -> dict[int, Trail]:
    """The running mean of each target, over the inputs that came first in the schedule.

    With repeats an input's score is the mean of its scored ones; one without any is passed over.

    Parameters
    ----------
    points: of one run, in any order.
    schedule: of its inputs.
    """
    ranks, found = schedule.ranks(), {target: _Scores(len(schedule)) for target in shape.targets}
    for point in points:
        if (scores := found.get(point.target)) is not None:
            scores.add(ranks[point.position], point.score)
    return {target: scores.trail(schedule, shape) for target, scores in found.items()}


class _Scores:
    """The scores of one target in the order of the schedule, in a few bytes for each input."""

    def __init__(self, inputs: int) -> None:
        self._ended = array("H", bytes(2 * inputs))
        self._scored = array("H", bytes(2 * inputs))
        self._sums = array("d", bytes(8 * inputs))

    def add(self, rank: int, score: float | None) -> None:
        self._ended[rank] += 1
        if score is not None:
            self._scored[rank] += 1
            self._sums[rank] += score

    def trail(self, schedule: Schedule, shape: Shape) -> Trail:
        prefix = len(schedule) if shape.over else self._prefix(shape.repeats)
        scored = zip(self._sums[:prefix], self._scored[:prefix], strict=True)
        behind = any(self._ended[prefix:])
        return Trail(
            looks=tuple(looks_at([total / number for total, number in scored if number])),
            waiting_for=schedule.order[prefix] if behind else None,
        )

    def _prefix(self, repeats: int) -> int:
        """How many inputs have ended before the first one that has not."""
        return next((rank for rank, ended in enumerate(self._ended) if ended < repeats), len(self._ended))


def looks_at(scores: Sequence[float]) -> list[Look]:
    """At most `LOOKS` looks at the running mean of scores on 0–1, more of them early, when it moves."""
    mean, done, looks = LiveMean(), 0, []
    for n in look_places(len(scores)):
        mean.extend(scores[done:n])
        done = n
        try:
            found = mean.interval()
        except NoMeanLeft:
            looks.append(Look(n=n, mean=mean.mean))
        else:
            looks.append(Look(n=n, mean=found.mean, lower=found.lower, upper=found.upper))
    return looks


def look_places(total: int) -> list[int]:
    """After how many scores to look: each of the first, and then at equal distances to the last."""
    if total <= LOOKS:
        return list(range(1, total + 1))
    early = LOOKS // 4
    rest = LOOKS - early
    later = [early + round((total - early) * step / rest) for step in range(1, rest + 1)]
    return [*range(1, early + 1), *later]


def latencies_of(points: Iterable[Point]) -> dict[int, array[float]]:
    """Seconds of the calls to each target that succeeded, in single precision."""
    found: dict[int, array[float]] = {}
    for point in points:
        if point.latency is not None:
            found.setdefault(point.target, array("f")).append(point.latency)
    return found


def spread_of(points: Iterable[Point], steps: int) -> dict[int, list[tuple[float, int]]]:
    """How many scores of each target lie in which of equal parts of 0–1; each part by its middle."""
    counts: dict[int, list[int]] = {}
    for point in points:
        if point.score is not None:
            parts = counts.setdefault(point.target, [0] * steps)
            parts[min(steps - 1, int(point.score * steps + _HAIR))] += 1
    return {target: [((part + 0.5) / steps, n) for part, n in enumerate(parts)] for target, parts in counts.items()}
