"""One metric of two sides, measured against each other: input by input where they share the inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lattice.reporting.figures import Bounds
from lattice.reporting.sides import ByInput, Side
from lattice.stats import Interval, LiveMean, NoMeanLeft, Paired, mcnemar, measure_difference, paired, unpaired
from lattice.stats.missing import Estimate, Measured, Trials

LEVEL = 0.95

_SPAN = (-1.0, 1.0)
_DECIMALS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One input on both sides, repeats averaged."""

    position: int
    baseline: float
    candidate: float

    @property
    def difference(self) -> float:
        """Candidate less baseline, without the last digits that averages leave."""
        return round(self.candidate - self.baseline, _DECIMALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Candidate less baseline, on 0–1. None wherever the scores do not tell it.

    Parameters
    ----------
    method: ``paired`` or ``unpaired``.
    n: inputs that both have a score for; unpaired: of the side that has fewer.
    measured: the numbers that gates decide on, missing scores at both ends of the scale included.
    interval: the one that is shown; verdict_interval: the one that verdicts go by.
    p_method: how the p-value was made.
    effect_size: d_z of the pairs; unpaired: Cohen's d.
    wins, ties, losses: inputs where the candidate is better, equal, worse.
    spread: deviation of the differences, to tell how many inputs it would take.
    obstacle: why there is no interval.
    """

    method: str
    n: int
    measured: Measured
    baseline_mean: float | None = None
    candidate_mean: float | None = None
    difference: float | None = None
    interval: Bounds | None = None
    verdict_interval: Bounds | None = None
    p_value: float | None = None
    p_method: str | None = None
    effect_size: float | None = None
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None
    spread: float | None = None
    pairs: tuple[Pair, ...] = ()
    obstacle: str | None = None


def contrast(baseline: Side, candidate: Side, metric: str, *, level: float = LEVEL) -> Contrast:
    """Measure a metric that both sides have.

    Parameters
    ----------
    level: of the interval where a side did not go to its end; other intervals are for 95%.
    """
    before, after = baseline.scores.metrics[metric], candidate.scores.metrics[metric]
    whole = baseline.is_whole and candidate.is_whole
    if baseline.run.inputs_hash != candidate.run.inputs_hash:
        if not whole:
            return _nothing("unpaired", 0, "the runs have different inputs, and one of them did not go to its end")
        return _unpaired((before, after), (baseline.scores.clusters, candidate.scores.clusters))
    if whole:
        return _paired(sorted(before.keys() & after.keys()), before, after, candidate.scores.clusters)
    repeats = max(baseline.evaluation.run.repeats, candidate.evaluation.run.repeats)
    prefix = _prefix(baseline.order or candidate.order, before, after, repeats)
    return _live(prefix, (before, after), candidate.scores.clusters, level)


def _paired(positions: Sequence[int], before: ByInput, after: ByInput, clusters: Mapping[int, str]) -> Contrast:
    """Over inputs whose number was fixed in advance."""
    names = [clusters.get(each) for each in positions] if clusters else None
    measured = measure_difference([before[p] for p in positions], [after[p] for p in positions], clusters=names)
    pairs = _pairs(positions, before, after)
    if obstacle := _obstacle(pairs, clusters):
        return _from_pairs(pairs, measured, obstacle=obstacle)
    of_pairs = [clusters.get(each.position) for each in pairs] if clusters else None
    found = paired([p.baseline for p in pairs], [p.candidate for p in pairs], LEVEL, of_pairs)
    p_value, p_method = found.p_value, found.p_method
    if not clusters and _is_binary(positions, before, after):
        p_value, p_method = _mcnemar(pairs), "mcnemar_exact"
    return _from_pairs(
        pairs,
        measured,
        # Equal differences have no variance, of which t would be sure.
        interval=_bounds(found.interval if found.interval.width else found.verdict_interval),
        verdict_interval=_bounds(found.verdict_interval),
        p_value=p_value,
        p_method=p_method,
        effect_size=found.effect_size,
        spread=_spread(pairs, found, clustered=bool(clusters)),
    )


def _live(
    positions: Sequence[int], scores: tuple[ByInput, ByInput], clusters: Mapping[int, str], level: float
) -> Contrast:
    """Over the inputs that came first, however many these are: by the interval that holds at every look."""
    before, after = scores
    pairs = _pairs(positions, before, after)
    missing = sum(None in before[each] or None in after[each] for each in positions)

    def estimate(fills: tuple[float | None, float | None]) -> Estimate:
        filled = ((_average(before[p], fills[0]), _average(after[p], fills[1])) for p in positions)
        return _live_estimate([new - old for old, new in filled if old is not None and new is not None], level)

    plain = estimate((None, None))
    measured = Measured(
        estimate=plain,
        ended=len(positions),
        unscored=missing,
        lowest=estimate((1.0, 0.0)) if missing else None,
        highest=estimate((0.0, 1.0)) if missing else None,
    )
    if clusters:
        bare = Measured(estimate=_without_interval(plain), ended=len(positions), unscored=missing)
        return _from_pairs(pairs, bare, obstacle="no interval holds for inputs in clusters before a run has ended")
    if plain.lower is None or plain.upper is None:
        return _from_pairs(pairs, measured, obstacle="no input has ended on both sides yet")
    interval = Bounds(lower=plain.lower, upper=plain.upper, level=level, method=plain.method)
    return _from_pairs(
        pairs,
        measured,
        interval=interval,
        verdict_interval=interval,
        spread=_deviation(pairs) if len(pairs) > 1 else None,
    )


def _unpaired(scores: tuple[ByInput, ByInput], clusters: tuple[Mapping[int, str], Mapping[int, str]]) -> Contrast:
    """Two samples, since the inputs differ."""
    samples = [
        {position: score for position, trials in each.items() if (score := _average(trials, None)) is not None}
        for each in scores
    ]
    least = min(len(each) for each in samples)
    if least < 2:
        return _nothing("unpaired", least, "too few scores")
    names = [[of.get(p) for p in each] if of else None for each, of in zip(samples, clusters, strict=True)]
    if any(each is not None and _is_one_cluster(each) for each in names):
        return _nothing("unpaired", least, "all inputs of a run are in one cluster")
    before, after = (np.array(list(each.values())) for each in samples)
    found = unpaired(before, after, LEVEL, clusters=(names[0], names[1]))
    verdict = found.verdict_interval
    return Contrast(
        method="unpaired",
        n=least,
        measured=Measured(
            estimate=Estimate(
                n=least, mean=found.difference, lower=verdict.lower, upper=verdict.upper, method=verdict.method
            ),
            ended=min(len(each) for each in scores),
        ),
        baseline_mean=found.baseline_mean,
        candidate_mean=found.candidate_mean,
        difference=found.difference,
        interval=_bounds(found.interval),
        verdict_interval=_bounds(verdict),
        p_value=found.p_value,
        p_method=found.interval.method,
        effect_size=found.effect_size,
        spread=math.sqrt(float(before.var(ddof=1)) + float(after.var(ddof=1))),
    )


def _from_pairs(pairs: Sequence[Pair], measured: Measured, **told: Any) -> Contrast:
    """What the pairs alone say, and what else is told of them."""
    differences = [each.difference for each in pairs]
    return Contrast(
        method="paired",
        n=len(pairs),
        measured=measured,
        baseline_mean=_mean([each.baseline for each in pairs]),
        candidate_mean=_mean([each.candidate for each in pairs]),
        difference=_mean(differences),
        wins=sum(each > 0 for each in differences),
        ties=sum(each == 0 for each in differences),
        losses=sum(each < 0 for each in differences),
        pairs=tuple(pairs),
        **told,
    )


def _nothing(method: str, n: int, obstacle: str) -> Contrast:
    return Contrast(
        method=method, n=n, measured=Measured(estimate=Estimate(n=n, method="none"), ended=n), obstacle=obstacle
    )


def _prefix(order: Sequence[int], before: ByInput, after: ByInput, repeats: int) -> list[int]:
    """Inputs from the first of the schedule up to one that has not ended on both sides."""
    found = []
    for position in order:
        if min(len(before.get(position, ())), len(after.get(position, ()))) < repeats:
            break
        found.append(position)
    return found


def _pairs(positions: Sequence[int], before: ByInput, after: ByInput) -> list[Pair]:
    found = []
    for position in positions:
        old, new = _average(before[position], None), _average(after[position], None)
        if old is not None and new is not None:
            found.append(Pair(position=position, baseline=old, candidate=new))
    return found


def _average(trials: Trials, fill: float | None) -> float | None:
    """Mean of one input's repeats, the missing ones filled; None if nothing is left to average."""
    known = [score for score in (fill if each is None else each for each in trials) if score is not None]
    return math.fsum(known) / len(known) if known else None


def _mean(values: Sequence[float]) -> float | None:
    return round(math.fsum(values) / len(values), _DECIMALS) if values else None


def _obstacle(pairs: Sequence[Pair], clusters: Mapping[int, str]) -> str | None:
    if len(pairs) < 2:
        return "too few inputs have a score on both sides"
    if clusters and _is_one_cluster([clusters.get(each.position) for each in pairs]):
        return "all inputs are in one cluster"
    return None


def _is_one_cluster(names: Sequence[str | None]) -> bool:
    return None not in names and len(set(names)) < 2


def _is_binary(positions: Sequence[int], before: ByInput, after: ByInput) -> bool:
    """Whether every score is a plain 0 or 1, so that only inputs right on one side alone tell anything."""
    return all(
        len(trials) == 1 and trials[0] in (None, 0.0, 1.0)
        for position in positions
        for trials in (before[position], after[position])
    )


def _mcnemar(pairs: Sequence[Pair]) -> float:
    seen = [(each.baseline > 0, each.candidate > 0) for each in pairs]
    return mcnemar(
        seen.count((True, True)), seen.count((True, False)), seen.count((False, True)), seen.count((False, False))
    ).p_value


def _spread(pairs: Sequence[Pair], found: Paired, *, clustered: bool) -> float:
    if clustered:
        # The interval's own width stands for it, so that what clusters take away is priced in.
        return found.verdict_interval.width / 4 * math.sqrt(len(pairs))
    return _deviation(pairs)


def _deviation(pairs: Sequence[Pair]) -> float:
    return float(np.std([each.difference for each in pairs], ddof=1))


def _live_estimate(differences: Sequence[float], level: float) -> Estimate:
    live = LiveMean(level, _SPAN)
    live.extend([round(each, _DECIMALS) for each in differences])
    try:
        found = live.interval() if live.n else None
    except NoMeanLeft:
        found = None
    return Estimate(
        n=live.n,
        mean=_mean(differences),
        lower=found.lower if found else None,
        upper=found.upper if found else None,
        level=level,
        method=found.method if found else "none",
    )


def _without_interval(estimate: Estimate) -> Estimate:
    return Estimate(n=estimate.n, mean=estimate.mean, level=estimate.level, method="none")


def _bounds(interval: Interval) -> Bounds:
    return Bounds(lower=interval.lower, upper=interval.upper, level=interval.level, method=interval.method)
