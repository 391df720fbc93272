"""Numbers of charts in words."""

from __future__ import annotations

from collections.abc import Iterable

from lattice.reporting import formats
from lattice.reporting.conclusions import level_text
from lattice.reporting.figures import Bounds, MetricSummary

_METHODS = {"betting": "betting, valid at every look"}


def interval_words(found: Bounds | None) -> str:
    """``[0.70, 0.77]``; ``-`` without one."""
    return formats.NOTHING if found is None else formats.interval(found.lower, found.upper)


def count_words(metric: MetricSummary) -> str:
    """``197 of 200``."""
    return f"{formats.count(metric.n)} of {formats.count(metric.ended)}"


def method_words(found: Bounds) -> str:
    """``95% interval (adjusted_t)``."""
    return f"{level_text(found.level)} interval ({_METHODS.get(found.method, found.method)})"


def methods_words(intervals: Iterable[Bounds | None]) -> str:
    """The kinds of interval that there are, each once; ``no interval`` where there is none."""
    kinds = dict.fromkeys(method_words(found) for found in intervals if found is not None)
    return " or ".join(kinds) if kinds else "no interval (it takes two scores)"
