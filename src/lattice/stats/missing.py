"""A metric's numbers together with what its missing scores could have made of them.

An input that failed or could not be judged has no score, and nobody knows that it would have been like the
others: slow, long and hard inputs fail more often. So the numbers are also worked out with every missing
    score at the lowest
end of the scale, and at the highest; what holds at both holds whatever was missing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lattice.stats.comparison import paired
from lattice.stats.live import LiveMean
from lattice.stats.records import MeanInterval
from lattice.stats.samples import NoMeanLeft, exact_mean
from lattice.stats.sequential import live_proportion
from lattice.stats.summary import Summary, summarise

_T = TypeVar("_T")

Trials = Sequence[float | None]
"""Scores on 0–1 of one input's ended trials, one per repeat; None where a trial has none."""

Rule = Callable[[float], bool]
"""Whether a score passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The numbers of one metric on 0–1 (of a difference: on −1 to 1); None where there are too few scores.

    Parameters
    ----------
    n: inputs with a score.
    lower, upper: the interval of the mean, made by `method`.
    pass_lower, pass_upper: the live interval of the pass rate; None after a run.
    """

    n: int
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    median: float | None = None
    minimum: float | None = None
    pass_rate: float | None = None
    pass_lower: float | None = None
    pass_upper: float | None = None
    level: float = 0.95
    method: str = "adjusted_t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured, and its two extremes where anything is missing.

    Parameters
    ----------
    ended: trials that ended, scored or not (of a difference: inputs).
    unscored: those of them without a score.
    lowest, highest: the numbers with every missing score at that end of the scale, and every missing pass
        missed or granted; None where nothing is missing.
    """

    estimate: Estimate
    ended: int
    unscored: int = 0
    lowest: Estimate | None = None
    highest: Estimate | None = None

    @property
    def missing_share(self) -> float:
        """Unscored over ended trials, 0 before the first has ended."""
        return self.unscored / self.ended if self.ended else 0.0


def measure(
    inputs: Sequence[Trials],
    *,
    passes: Rule | None = None,
    binary: bool = False,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Measured:
    """Work out a metric from the ended trials of a run.

    Parameters
    ----------
    inputs: one entry per input that has an ended trial; repeats are averaged per input.
    passes: the rule of the pass rate, on 0–1.
    binary: the scale has two levels; without repeats and clusters the interval is then ``wilson``.
    clusters: one name per entry of `inputs`, None standing alone.

    Raises
    ------
    ValueError: a score outside 0–1, or not as many clusters as inputs.
    """
    form = _Form(passes=passes, binary=binary and all(len(trials) == 1 for trials in inputs), level=level)
    names = clusters if clusters is not None and any(name is not None for name in clusters) else None
    ended = sum(len(trials) for trials in inputs)
    unscored = sum(score is None for trials in inputs for score in trials)
    fills = (0.0, 1.0) if unscored else ()
    extremes = [form.estimate(inputs, names, fill) for fill in fills]
    return Measured(
        estimate=form.estimate(inputs, names, None),
        ended=ended,
        unscored=unscored,
        lowest=extremes[0] if extremes else None,
        highest=extremes[1] if extremes else None,
    )


def measure_difference(
    baseline: Sequence[Trials],
    candidate: Sequence[Trials],
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Measured:
    """Work out the mean difference of two runs over the same inputs, candidate less baseline.

    Parameters
    ----------
    baseline, candidate: one entry per input, in the same order; an input counts as unscored where either
        lacks any of its scores.

    Raises
    ------
    ValueError: lengths that differ, or a score outside 0–1.
    """
    if len(baseline) != len(candidate):
        raise ValueError(f"a pair needs both: got {len(baseline)} and {len(candidate)} inputs")
    unscored = sum(None in before or None in after for before, after in zip(baseline, candidate, strict=True))

    def difference(baseline_fill: float | None, candidate_fill: float | None) -> Estimate:
        befores = [_average(trials, baseline_fill) for trials in baseline]
        afters = [_average(trials, candidate_fill) for trials in candidate]
        return _difference(befores, afters, clusters, level)

    return Measured(
        estimate=difference(None, None),
        ended=len(baseline),
        unscored=unscored,
        lowest=difference(1.0, 0.0) if unscored else None,
        highest=difference(0.0, 1.0) if unscored else None,
    )


class LiveMetric:
    """A metric's numbers while its run goes on: valid at every look.

    Inputs are added in the order of the schedule, without gaps; a failed one is added with its scores None.

    Parameters
    ----------
    passes: the rule of the pass rate, on 0–1; its live interval needs inputs without repeats.
    level: nominal coverage over all looks together.
    """

    def __init__(self, *, passes: Rule | None = None, level: float = 0.95) -> None:
        self._passes = passes
        self._level = level
        self._plain = LiveMean(level)
        self._extremes: tuple[LiveMean, LiveMean] | None = None
        self._ended = self._unscored = self._passed = self._judged = 0
        self._repeated = False
        self._minimum: float | None = None

    @property
    def plain(self) -> LiveMean:
        """The live mean of the scores there are."""
        return self._plain

    def add(self, trials: Trials) -> None:
        """Take in the next scheduled input with all of its ended trials.

        Raises
        ------
        ValueError: a score outside 0–1, or an input without a trial.
        """
        if None in trials and self._extremes is None:
            self._extremes = (self._plain.copy(), self._plain.copy())
        if self._extremes is not None:
            for fill, live in zip((0.0, 1.0), self._extremes, strict=True):
                live.add(_known(_average(trials, fill)))
        if (score := _average(trials, None)) is not None:
            self._plain.add(score)
            self._minimum = score if self._minimum is None else min(self._minimum, score)
        self._count(trials)

    def measured(self) -> Measured:
        """The numbers at this look; without an interval where every mean is excluded (`NoMeanLeft`)."""
        low, high = self._extremes or (None, None)
        return Measured(
            estimate=self._estimate(self._plain, self._passed, self._judged, self._minimum),
            ended=self._ended,
            unscored=self._unscored,
            lowest=None if low is None else self._estimate(low, self._passed, self._ended, 0.0),
            highest=None
            if high is None
            else self._estimate(high, self._passed + self._unscored, self._ended, self._minimum),
        )

    def _count(self, trials: Trials) -> None:
        known = [score for score in trials if score is not None]
        self._ended += len(trials)
        self._unscored += len(trials) - len(known)
        self._judged += len(known)
        self._repeated = self._repeated or len(trials) > 1
        if self._passes is not None:
            self._passed += sum(map(self._passes, known))

    def _estimate(self, live: LiveMean, passed: int, judged: int, minimum: float | None) -> Estimate:
        found = _interval(live)
        counted = self._passes is not None and judged > 0
        rate = live_proportion(passed, judged, self._level) if counted and not self._repeated else None
        return Estimate(
            n=live.n,
            mean=live.mean if live.n else None,
            lower=None if found is None else found.lower,
            upper=None if found is None else found.upper,
            minimum=minimum,
            pass_rate=passed / judged if counted else None,
            pass_lower=None if rate is None else rate.lower,
            pass_upper=None if rate is None else rate.upper,
            level=self._level,
            method="none" if found is None else found.method,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a metric's numbers are worked out, whatever its missing scores are taken for."""

    passes: Rule | None
    binary: bool
    level: float

    def estimate(self, inputs: Sequence[Trials], clusters: Sequence[Hashable] | None, fill: float | None) -> Estimate:
        scores = [_average(trials, fill) for trials in inputs]
        names = None if clusters is None else _where_known(clusters, scores)
        found = summarise([s for s in scores if s is not None], self.level, clusters=names, binary=self.binary)
        return _estimate(found, self._pass_rate(inputs, fill), self.level)

    def _pass_rate(self, inputs: Sequence[Trials], fill: float | None) -> float | None:
        if self.passes is None:
            return None
        rule = self.passes
        shares = [
            _average([None if score is None else float(rule(score)) for score in trials], fill) for trials in inputs
        ]
        known = [share for share in shares if share is not None]
        return exact_mean(known) if known else None


def _estimate(found: Summary, pass_rate: float | None, level: float) -> Estimate:
    interval = found.interval
    return Estimate(
        n=found.n,
        mean=found.mean,
        lower=None if interval is None else interval.lower,
        upper=None if interval is None else interval.upper,
        median=found.median,
        minimum=found.minimum,
        pass_rate=pass_rate,
        level=level,
        method="none" if interval is None else interval.method,
    )


def _difference(
    befores: Sequence[float | None],
    afters: Sequence[float | None],
    clusters: Sequence[Hashable] | None,
    level: float,
) -> Estimate:
    pairs = [
        None if before is None or after is None else (before, after)
        for before, after in zip(befores, afters, strict=True)
    ]
    known = [pair for pair in pairs if pair is not None]
    names = None if clusters is None else _where_known(clusters, pairs)
    one = names is not None and len({name for name in names if name is not None}) + names.count(None) < 2
    if len(known) < 2 or one:
        mean = exact_mean([after - before for before, after in known]) if known else None
        return Estimate(n=len(known), mean=mean, level=level, method="none")
    found = paired([before for before, _ in known], [after for _, after in known], level, names)
    interval = found.verdict_interval
    return Estimate(
        n=found.n,
        mean=found.difference,
        lower=interval.lower,
        upper=interval.upper,
        level=level,
        method=interval.method,
    )


def _average(trials: Trials, fill: float | None) -> float | None:
    """Mean of one input's repeats with the missing ones filled; None if nothing is left to average."""
    if len(trials) == 1:
        return fill if trials[0] is None else trials[0]
    scores = [fill if score is None else score for score in trials]
    known = [score for score in scores if score is not None]
    return exact_mean(known) if known else None


def _interval(live: LiveMean) -> MeanInterval | None:
    if not live.n:
        return None
    try:
        return live.interval()
    except NoMeanLeft:
        return None


def _known(score: float | None) -> float:
    if score is None:
        raise ValueError("an input without a trial cannot be added")
    return score


def _where_known(names: Sequence[Hashable], values: Sequence[_T | None]) -> list[Hashable]:
    if len(names) != len(values):
        raise ValueError(f"every input needs its cluster: got {len(names)} clusters for {len(values)} inputs")
    return [name for name, value in zip(names, values, strict=True) if value is not None]
