"""From a run's results to its numbers, in one pass that keeps no result."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lattice.core.evaluation import Evaluation
from lattice.core.models import Usage
from lattice.core.runs import Progress
from lattice.reporting.figures import (
    SCORE,
    Bounds,
    Extreme,
    Latency,
    LevelCount,
    MetricSummary,
    PairCounts,
    RoleSpending,
    Spending,
    Summary,
    TargetSummary,
)
from lattice.reporting.samples import Figures
from lattice.reporting.tallies import MetricTally, Tallies, TargetTally, tally
from lattice.scoring.scales import Scale, scale_of
from lattice.store.records import ScoreRow

_PERCENTILES = (0.50, 0.95, 0.99)
_HAIR = 1e-9
_MICROSECONDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a run's numbers need beside its results.

    Parameters
    ----------
    total: trials of the whole run.
    elapsed: seconds of work.
    spending: what it took; see `spending_of`.
    live_intervals: by target's name, for a run that stopped early (see `live_intervals_of`): the interval for
        a fixed n holds for the planned n alone. None for one that ran to its end.
    """

    total: int
    elapsed: float = 0.0
    spending: Spending = field(default_factory=Spending)
    live_intervals: Mapping[str, Mapping[str, Any] | None] | None = None


def summarise(rows: Iterable[ScoreRow], evaluation: Evaluation, session: Session) -> Summary:
    """All numbers of a run, from its results in any order.

    Repeats are averaged per input first; the mean is rounded once. Failed trials enter no statistic and every
    count.
    """
    return summary_of(tally(rows, evaluation), session)


def summary_of(tallies: Tallies, session: Session) -> Summary:
    """All numbers of a run whose results have been read."""
    successful = sum(target.successful for target in tallies.targets)
    failed = sum(target.failed for target in tallies.targets)
    done = successful + failed
    return Summary(
        progress=Progress(total=session.total, done=done, successful=successful, failed=failed),
        metrics=tuple(_metric(tallies, target, name, session) for target in tallies.targets for name in target.metrics),
        targets=tuple(_target(tallies, target, session.spending) for target in tallies.targets),
        spending=session.spending,
        throughput=done / session.elapsed if session.elapsed > 0 else None,
    )


def spending_of(live: Mapping[str, Any], evaluation: Evaluation, unpriced_models: Iterable[str] = ()) -> Spending:
    """What a run took, from the totals that the engine saved (``RunRecord.live``).

    Parameters
    ----------
    unpriced_models: of the evaluation's models and targets, those whose price is unknown beforehand.
    """
    unpriced = tuple(dict.fromkeys([*unpriced_models, *_untold(live, evaluation)]))
    roles = {
        "target": {target.source for target in evaluation.targets},
        "judge": {judge.model for judge in evaluation.judges},
    }
    spent = {
        role: RoleSpending(
            usage=_usage(live.get("usage", {}).get(role, (0, 0))),
            cost_usd=None if models and models <= set(unpriced) else live.get("cost_usd", {}).get(role, 0.0),
        )
        for role, models in roles.items()
    }
    return Spending(target=spent["target"], judge=spent["judge"], unpriced_models=unpriced)


def _untold(live: Mapping[str, Any], evaluation: Evaluation) -> Iterator[str]:
    """Targets that are no models and have answered without saying what it cost."""
    for target, totals in zip(evaluation.targets, live.get("targets", ()), strict=False):
        if target.model is None and totals.get("unpriced"):
            yield target.name


def live_intervals_of(live: Mapping[str, Any], evaluation: Evaluation) -> dict[str, Mapping[str, Any] | None]:
    """The live interval of each target as the engine last saved it, for a run that stopped early."""
    tallies = live.get("targets", ())
    return {target.name: found.get("interval") for target, found in zip(evaluation.targets, tallies, strict=False)}


def _usage(tokens: Iterable[int]) -> Usage:
    input_tokens, output_tokens = tokens
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens)


def _metric(tallies: Tallies, target: TargetTally, name: str, session: Session) -> MetricSummary:
    metric, form = target.metrics[name], target.forms[name]
    binary, missing, scale = tallies.is_binary(target, name), metric.missing > 0, form.scale
    figures = metric.figures(binary=binary)
    passes = target.passes if name == SCORE else None
    # What passes or fails by itself has its mean as its pass rate.
    computed = form.has_pass_rate and (binary or form.binary is True)
    passing = target.passed if passes else metric if computed else None
    passed = passing.figures(binary=tallies.single) if passing else Figures(n=0)
    mean, live, scoring = figures.mean, session.live_intervals, tallies.evaluation.scoring
    return MetricSummary(
        target=target.name,
        name=name,
        n=figures.n,
        ended=target.inputs,
        mean=mean,
        native_mean=None if mean is None or scale is None else scale.to_native(mean),
        median=figures.median,
        std=figures.std,
        min=figures.minimum,
        max=figures.maximum,
        interval=_bounds(figures) if live is None else _live(live, target, name),
        distribution=_distribution(metric, scale, binary=binary),
        pass_condition=passes.text if passes else None,
        pass_rate=passed.mean,
        pass_interval=_bounds(passed) if passes and live is None else None,
        unscored=metric.missing,
        lowest=_extreme(metric.lowest(binary=binary), passing.lowest() if passing else None, whole=live is None)
        if missing
        else None,
        pairs=_pairs(tallies, target) if name == SCORE else None,
        failed_as=scoring.failed_as if scoring is not None and name == SCORE else None,
        stood_in=target.stood_in if name == SCORE else 0,
        highest=_extreme(metric.highest(binary=binary), passing.highest() if passing else None, whole=live is None)
        if missing
        else None,
    )


def _pairs(tallies: Tallies, target: TargetTally) -> PairCounts | None:
    """How the pairs ended, where the evaluation compares pairs."""
    baseline, pairs = tallies.evaluation.baseline, target.pairs
    if baseline is None:
        return None
    wins, ties, losses = (sum(pairs[score, biased] for biased in (False, True)) for score in (1.0, 0.5, 0.0))
    biased = sum(count for (_, biased), count in pairs.items() if biased)
    return PairCounts(baseline=baseline.name, wins=wins, ties=ties, losses=losses, biased=biased)


def _extreme(figures: Figures, passed: Figures | None, *, whole: bool) -> Extreme:
    """The interval for a fixed n holds for a run that went to its end alone."""
    return Extreme(
        n=figures.n,
        mean=figures.mean,
        median=figures.median,
        min=figures.minimum,
        interval=_bounds(figures) if whole else None,
        pass_rate=passed.mean if passed else None,
    )


def _live(live: Mapping[str, Mapping[str, Any] | None], target: TargetTally, name: str) -> Bounds | None:
    """The live interval; only the first metric has one."""
    return Bounds.of(live.get(target.name)) if name == next(iter(target.forms)) else None


def _bounds(figures: Figures) -> Bounds | None:
    found = figures.interval
    if found is None:
        return None
    return Bounds(lower=found.lower, upper=found.upper, level=found.level, method=found.method)


def _distribution(metric: MetricTally, scale: Scale | None, *, binary: bool) -> tuple[LevelCount, ...]:
    """Every level; a score between two counts at the nearer, one in the middle at the upper.

    What is computed has the levels 0 and 1 where it passes or fails, and else none.
    """
    if scale is None:
        scale = scale_of("binary")
        if not binary:
            return ()
    last = len(scale.levels) - 1
    counts = [0] * (last + 1)
    for score, count in metric.counts():
        counts[min(last, int(score * last + 0.5 + _HAIR))] += count
    return tuple(
        LevelCount(value=level.value, score=level.score, count=count)
        for level, count in zip(scale.levels, counts, strict=True)
    )


def _target(tallies: Tallies, target: TargetTally, spending: Spending) -> TargetSummary:
    models = {tallies.source(target.name), *(judge.model for judge in tallies.evaluation.judges)}
    return TargetSummary(
        target=target.name,
        done=target.ended,
        successful=target.successful,
        failed=target.failed,
        inputs_ended=target.inputs,
        cost_usd=None if models & set(spending.unpriced_models) else target.cost_usd,
        latency=percentiles(target.latencies),
        time_to_respond=percentiles(target.responses),
        usage=Usage(input_tokens=target.input_tokens, output_tokens=target.output_tokens),
        kinds=dict(target.kinds.most_common()),
    )


def percentiles(values: array[float]) -> Latency | None:
    """Percentiles of seconds in single precision, interpolated; None without any."""
    if not values:
        return None
    seconds = np.frombuffer(values, dtype=np.float32)
    p50, p95, p99 = (round(float(value), _MICROSECONDS) for value in np.quantile(seconds, _PERCENTILES))
    return Latency(p50=p50, p95=p95, p99=p99)
