"""A metric's numbers in words: the mean with its count, the interval with its method."""

from __future__ import annotations

from lattice.core.runs import Progress
from lattice.reporting import formats
from lattice.reporting.figures import Bounds, MetricSummary, PairCounts
from lattice.reporting.formats import NOTHING, count, rate, terminal_text

FAILURES_MATTER = 0.05
"""The share of failed trials from which the numbers may not stand for all inputs."""

_USUAL_LEVEL = "95%"
_LIVE = "betting"


def interval_text(interval: Bounds | None) -> str:
    """``[0.70, 0.77]``; ``-`` without one."""
    return formats.interval(interval.lower, interval.upper) if interval else NOTHING


def level_text(metric: MetricSummary) -> str:
    """``95%``: what the metric's interval covers."""
    return f"{round(100 * metric.interval.level)}%" if metric.interval else _USUAL_LEVEL


def native_text(metric: MetricSummary, scale_maximum: int | None) -> str:
    """``(3.95 of 5)``; nothing where there is no scale of the judge's own."""
    if metric.native_mean is None or scale_maximum is None:
        return ""
    return f"({metric.native_mean:.2f} of {scale_maximum})"


def mean_words(metric: MetricSummary, name: str = "Mean", *, so_far: str = "") -> str:
    """``Mean 0.74 (n = 197 of 200); interval: adjusted_t``; what is not there is said so.

    Parameters
    ----------
    so_far: stands behind the method of a live interval, such as why the run is not at its end.
    """
    if metric.mean is None:
        return f"No scores (n = 0 of {metric.ended}): no estimate."
    said = f"{name} {formats.score(metric.mean)} (n = {metric.n} of {metric.ended}{_stood_in(metric)})"
    if metric.interval is None:
        return f"{said}; interval: {'needs two scores' if metric.n < 2 else 'not available'}"
    live = f" ({so_far})" if metric.interval.method == _LIVE and so_far else ""
    return f"{said}; interval: {metric.interval.method}{live}"


def pairs_words(pairs: PairCounts) -> list[str]:
    """Wins, ties and losses against the baseline, and how often the order decided."""
    said = [f"Against {terminal_text(pairs.baseline, 60)}: {pairs.wins} won, {pairs.ties} tied, {pairs.losses} lost"]
    if pairs.total:
        followed = f"{pairs.biased} of {pairs.total} pairs follow the order"
        said.append(f"Position-bias rate: {rate(pairs.biased, pairs.total)} ({followed})")
    return said


def failures_words(progress: Progress) -> str | None:
    """That too many trials failed for the numbers to be believed; None while they are few."""
    if not progress.done or progress.failed / progress.done < FAILURES_MATTER:
        return None
    share = rate(progress.failed, progress.done)
    return f"{share} of the inputs failed (5% or more): the numbers may not stand for all inputs."


def throughput_text(per_second: float) -> str:
    """``3.4 inputs/s``, or by the minute where that is less than one."""
    return f"{per_second:.1f} inputs/s" if per_second >= 1 else f"{60 * per_second:.1f} inputs/min"


def _stood_in(metric: MetricSummary) -> str:
    """``, 3 failed counted as 0``: trials that have their score for want of a response."""
    return f", {count(metric.stood_in)} failed counted as {metric.failed_as:g}" if metric.stood_in else ""
