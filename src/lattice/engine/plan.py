"""What is left to do, in an order that is shuffled by input and the same for every run over the same inputs."""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Collection, Container, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import product

from lattice.core.inputs import Input
from lattice.core.trials import TrialKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One unit of work.

    Parameters
    ----------
    answered: a response of its target is stored already and needs only to be judged.
    """

    key: TrialKey
    input: Input
    answered: bool = False


def schedule_seed(inputs_hash: str) -> int:
    """The seed that all runs over one set of inputs share, so that they can be compared while both run."""
    return int.from_bytes(hashlib.sha256(inputs_hash.encode()).digest()[:6], "big")


class Schedule:
    """The order in which inputs are taken.

    Slow inputs are often the bad ones, so results that come first are no fair sample of all. Shuffling makes every
    prefix of the schedule a random sample; `ranks` tells which prefix a result belongs to.

    Parameters
    ----------
    positions: places of the inputs in their file, ascending.
    seed: of the shuffle.
    """

    def __init__(self, positions: array[int], *, seed: int) -> None:
        self.order = array("q", positions)
        random.Random(seed).shuffle(self.order)

    def __len__(self) -> int:
        return len(self.order)

    def over(self, positions: Container[int]) -> Schedule:
        """The same order over some of the inputs alone."""
        some = copy(self)
        some.order = array("q", (position for position in self.order if position in positions))
        return some

    def ranks(self) -> dict[int, int] | _DenseRanks:
        """Rank (0-based) by position; one compact array where positions are 1 … n without gaps."""
        if self.order and min(self.order) == 1 and max(self.order) == len(self.order):
            return _DenseRanks(self.order)
        return {position: rank for rank, position in enumerate(self.order)}


class _DenseRanks:
    def __init__(self, order: array[int]) -> None:
        self._ranks = array("q", bytes(8 * (len(order) + 1)))
        for rank, position in enumerate(order):
            self._ranks[position] = rank

    def __getitem__(self, position: int) -> int:
        return self._ranks[position]


def trials_of(positions: Iterable[int], targets: int, repeats: int) -> Iterator[TrialKey]:
    """Every trial of some inputs."""
    for position, target, repeat in product(positions, range(targets), range(repeats)):
        yield TrialKey(position, target, repeat)


class Plan:
    """The trials of a run that have no result yet, in the order of the schedule.

    An input's targets and repeats stay together. A million inputs cost one byte per trial here, not an object.

    Parameters
    ----------
    targets, repeats: how many of each.
    finished: keys of trials that are done, from earlier sessions of the same run.
    absent: keys of trials that the run does not have: nothing was answered that it could score.
    first: index of the first target that is tried; those before it answer for others.
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        targets: int,
        repeats: int,
        finished: Iterable[TrialKey] = (),
        absent: Collection[TrialKey] = (),
        first: int = 0,
    ) -> None:
        self._schedule = schedule
        self._targets = range(first, targets)
        self._repeats = repeats
        self._width = targets * repeats
        self._highest = max(schedule.order, default=0)
        self._done = bytearray((self._highest + 1) * self._width)
        for key in finished:
            self._done[self._cell(key)] = 1
        for key in absent:
            self._done[self._cell(key)] = 1
        aside = first * repeats
        for position in schedule.order if aside else ():
            start = position * self._width
            self._done[start : start + aside] = b"\x01" * aside
        lacking = sum(key.target >= first for key in absent)
        self.total = len(schedule) * (self._width - aside) - lacking
        self.remaining = len(schedule) * self._width - sum(self._done)

    def _cell(self, key: TrialKey) -> int:
        return key.position * self._width + key.target * self._repeats + key.repeat

    def inputs(self) -> Iterator[int]:
        """Positions that still have work, in order."""
        width = self._width
        done = self._done
        for position in self._schedule.order:
            start = position * width
            if 0 in done[start : start + width]:
                yield position

    def trials(self, position: int) -> Iterator[TrialKey]:
        """The trials of one input that are left."""
        for target in self._targets:
            for repeat in range(self._repeats):
                key = TrialKey(position, target, repeat)
                if not self._done[self._cell(key)]:
                    yield key
