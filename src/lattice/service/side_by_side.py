"""Runs side by side, input by input: the numbers in a few bytes for each input, the texts for those that are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import fsum, nan

import numpy as np
from numpy.typing import NDArray

from lattice.core.filters import AnyOf, Compared, Field, FilterOperator
from lattice.core.inputs import Input
from lattice.core.runs import RunRecord
from lattice.reporting.comparison import Comparison, Report, shared_metrics
from lattice.reporting.sides import ByInput, Scores, Side
from lattice.service.comparing import compare_sides, targets_of_one, with_inputs
from lattice.service.sides import choose, matched, sides_of
from lattice.stats.missing import Trials
from lattice.store import ResultRow, Store
from lattice.store.records import Slice

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]

_DECIMALS = 12
_HAIR = 1e-9


class Column(Mapping[int, Trials]):
    """One metric of one side, with the repeats of each input averaged.

    Parameters
    ----------
    positions: of the inputs that have ended, ascending.
    scores: of these, on 0–1; NaN where there is none.
    """

    __slots__ = ("positions", "scores")

    def __init__(self, positions: Positions, scores: Floats) -> None:
        self.positions = positions
        self.scores = scores

    @classmethod
    def of(cls, given: ByInput) -> Column:
        """The scores of a side that was read."""
        positions = np.array(sorted(given), dtype=np.int64)
        averages = [_average(given[each]) for each in positions.tolist()]
        return cls(positions, np.array(averages, dtype=np.float64))

    def __getitem__(self, position: int) -> Trials:
        place = int(np.searchsorted(self.positions, position))
        if place == len(self.positions) or self.positions[place] != position:
            raise KeyError(position)
        value = float(self.scores[place])
        return (None if np.isnan(value) else value,)

    def __iter__(self) -> Iterator[int]:
        return iter(self.positions.tolist())

    def __len__(self) -> int:
        return len(self.positions)

    def at(self, positions: Positions) -> Floats:
        """The scores of these inputs; NaN where there is none."""
        found = np.full(len(positions), np.nan)
        if len(self.positions):
            places = np.minimum(np.searchsorted(self.positions, positions), len(self.positions) - 1)
            there = self.positions[places] == positions
            found[there] = self.scores[places[there]]
        return found


class Show(StrEnum):
    """Which inputs are listed, by how the candidate stands to the baseline on them."""

    ALL = "all"
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    MISSING = "missing"


class Order(StrEnum):
    """What comes first; inputs that cannot be compared come last."""

    WORST = "worst"
    BEST = "best"
    MOVED = "moved"
    INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Scores from `low` to `high`, both among them."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which pairs are listed, and in which order.

    Parameters
    ----------
    baseline, candidate: where the scores lie; None for anywhere.
    among: only these inputs; None for all.
    """

    show: Show = Show.ALL
    order: Order = Order.WORST
    baseline: Span | None = None
    candidate: Span | None = None
    among: Collection[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """One metric of two sides, input by input.

    Parameters
    ----------
    positions: of every input that has ended on either side, ascending.
    baseline, candidate: scores; NaN where there is none.
    """

    positions: Positions
    baseline: Floats
    candidate: Floats

    @property
    def differences(self) -> Floats:
        """Candidate less baseline, without the last digits that averages leave; NaN where one is missing."""
        return np.round(self.candidate - self.baseline, _DECIMALS)

    def counts(self) -> dict[Show, int]:
        """How many inputs there are of each kind."""
        moved = self.differences
        return {
            Show.ALL: len(moved),
            Show.BETTER: int((moved > 0).sum()),
            Show.WORSE: int((moved < 0).sum()),
            Show.SAME: int((moved == 0).sum()),
            Show.MISSING: int(np.isnan(moved).sum()),
        }

    def chosen(self, choice: Choice) -> Positions:
        """The positions of the inputs that a choice is about, in its order."""
        moved = self.differences
        kept = {
            Show.ALL: np.ones(len(moved), dtype=bool),
            Show.BETTER: moved > 0,
            Show.WORSE: moved < 0,
            Show.SAME: moved == 0,
            Show.MISSING: np.isnan(moved),
        }[choice.show]
        for span, values in ((choice.baseline, self.baseline), (choice.candidate, self.candidate)):
            if span is not None:
                kept = kept & (values >= span.low - _HAIR) & (values <= span.high + _HAIR)
        if choice.among is not None:
            kept = kept & np.isin(self.positions, np.fromiter(choice.among, dtype=np.int64))
        key = {
            Order.WORST: moved,
            Order.BEST: -moved,
            Order.MOVED: -np.abs(moved),
            Order.INPUT: self.positions.astype(np.float64),
        }[choice.order]
        # NaN comes last, and equal differences stay in the order of the file.
        ordered: Positions = self.positions[kept][np.argsort(key[kept], kind="stable")]
        return ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Matchup:
    """One baseline with what is compared with it, by their names in the report."""

    baseline: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Everything that a page of a comparison is made from; its size does not grow with the texts.

    Parameters
    ----------
    report: without comparisons where the sides have no metric in common.
    matchups: several where the runs have several targets in common.
    """

    report: Report
    matchups: tuple[Matchup, ...]

    def pairs(self, baseline: str, candidate: str, metric: str) -> Pairs | None:
        """A metric of two sides, input by input; None where the inputs differ or one lacks the metric."""
        old, new = self.report.side(baseline), self.report.side(candidate)
        before, after = old.scores.metrics.get(metric), new.scores.metrics.get(metric)
        if before is None or after is None or old.run.inputs_hash != new.run.inputs_hash:
            return None
        assert isinstance(before, Column)
        assert isinstance(after, Column)
        positions = np.union1d(before.positions, after.positions)
        return Pairs(positions=positions, baseline=before.at(positions), candidate=after.at(positions))

    def value(self, side: str, metric: str, position: int) -> float | None:
        """One input's score; None where there is none."""
        found = self.report.side(side).scores.metrics.get(metric, {}).get(position, (None,))
        return found[0]

    def comparison(self, baseline: str, candidate: str, metric: str) -> Comparison | None:
        """What was found of a metric; None where it was not compared."""
        wanted = (baseline, candidate, metric)
        found = (each for each in self.report.comparisons if (each.baseline, each.candidate, each.metric) == wanted)
        return next(found, None)


def gather(store: Store, references: Sequence[str]) -> SideBySide:
    """Compare runs with the first of them, or the targets of a single run with its first.

    Where they have no metric in common there are no comparisons, and their sides all the same.

    Parameters
    ----------
    references: ``RUN`` or ``RUN/TARGET`` each.

    Raises
    ------
    UsageError: there is no such run or target, or nothing to compare it with.
    """
    chosen = [choose(store, each) for each in references]
    groups = [sides_of(store, each) for each in chosen]
    if len(groups) == 1:
        groups = targets_of_one(chosen[0], groups[0])
    pairs = [pair for candidate in groups[1:] for pair in matched(groups[0], candidate)]
    if any(shared_metrics(*pair) for pair in pairs):
        report = with_inputs(store, compare_sides(groups[0], groups[1:], ()))
    else:
        report = Report(sides=tuple({side.name: side for pair in pairs for side in pair}.values()), comparisons=())
    found: dict[str, dict[str, None]] = {}
    for old, new in pairs:
        found.setdefault(old.name, {})[new.name] = None
    # A run that is named twice is compared once.
    matchups = tuple(Matchup(baseline=name, candidates=tuple(those)) for name, those in found.items())
    kept = tuple(_compact(report.side(name)) for name in dict.fromkeys(side.name for side in report.sides))
    return SideBySide(report=replace(report, sides=kept), matchups=matchups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What is known of the inputs of a page.

    Parameters
    ----------
    inputs: by position; without those whose contents were deleted.
    results: by run's key, target's index and position; the repeats of a trial in their order.
    """

    inputs: Mapping[int, Input]
    results: Mapping[tuple[int, int, int], tuple[ResultRow, ...]]

    def of(self, side: Side, position: int) -> tuple[ResultRow, ...]:
        """The trials of one side on one input; none where none has ended."""
        return self.results.get((side.run.key, target_index(side), position), ())


def read_texts(store: Store, sides: Sequence[Side], positions: Sequence[int], letters: int) -> Texts:
    """Read what a page shows of some inputs.

    Parameters
    ----------
    sides: over the same inputs.
    letters: how much of each text.
    """
    if not positions:
        return Texts(inputs={}, results={})
    places = (Compared(field=Field.INPUT, operator=FilterOperator.EQUAL, value=float(each)) for each in positions)
    where = AnyOf(parts=tuple(places))
    found: dict[tuple[int, int, int], tuple[ResultRow, ...]] = {}
    for run in _runs(sides):
        most = len(positions) * len(run.config["targets"]) * _repeats(sides, run)
        for row in store.brief_results(run.key, Slice(where=where, limit=most), letters=letters):
            place = (run.key, row.key.target, row.key.position)
            found[place] = (*found.get(place, ()), row)
    return Texts(inputs=store.read_inputs(sides[0].run.input_set, positions), results=found)


def with_text(store: Store, sides: Sequence[Side], text: str) -> frozenset[int]:
    """Positions of the inputs where an input, an output or a reasoning of any side holds a text, in any case."""
    where = Compared(field=Field.TEXT, operator=FilterOperator.CONTAINS, value=text)
    found: set[int] = set()
    for run in _runs(sides):
        targets = {target_index(side) for side in sides if side.run.key == run.key}
        keys = store.result_keys(run.key, Slice(where=where, limit=max(1, run.progress.total)))
        found.update(key.position for key in keys if key.target in targets)
    return frozenset(found)


def target_index(side: Side) -> int:
    """The place of a side's target in its run's configuration."""
    return [each.name for each in side.evaluation.targets].index(side.target)


def _runs(sides: Sequence[Side]) -> Sequence[RunRecord]:
    return list({side.run.key: side.run for side in sides}.values())


def _repeats(sides: Sequence[Side], run: RunRecord) -> int:
    return next(side.evaluation.run.repeats for side in sides if side.run.key == run.key)


def _compact(side: Side) -> Side:
    columns = {name: Column.of(scores) for name, scores in side.scores.metrics.items()}
    return replace(side, scores=Scores(metrics=columns), order=())


def _average(trials: Trials) -> float:
    known = [score for score in trials if score is not None]
    return fsum(known) / len(known) if known else nan
