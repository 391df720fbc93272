"""Differences in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lattice.reporting import formats
from lattice.reporting.charts.subjects import distinct
from lattice.reporting.charts.wording import method_words
from lattice.reporting.comparison import Comparison
from lattice.reporting.conclusions import Finding
from lattice.reporting.formats import terminal_text

_NAME = 80

SIGNED_LABELS = "datum.value == 0 ? '0' : format(datum.value, '+.2~f')"
"""Labels of an axis of differences, as an expression."""

FINDINGS = {
    Finding.BETTER: "better",
    Finding.WORSE: "worse",
    Finding.UNCLEAR: "not to be told from noise",
    Finding.UNKNOWN: "nothing can be concluded",
}


def signed(value: float) -> str:
    """``+0.25``, ``−0.50``, ``0``."""
    return f"{value + 0.0:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0"


def difference_words(comparison: Comparison) -> str:
    """``+0.05 [+0.02, +0.08]``."""
    if comparison.difference is None:
        return formats.NOTHING
    found = comparison.interval
    between = f" [{signed(found.lower)}, {signed(found.upper)}]" if found else ""
    return f"{signed(comparison.difference)}{between}"


def title_of(comparison: Comparison) -> str:
    """What the comparison shows."""
    baseline, candidate = distinct([comparison.baseline, comparison.candidate], 48)
    said = difference_words(comparison)
    match comparison.finding:
        case Finding.BETTER | Finding.WORSE:
            return f"{candidate} is {comparison.finding.value} than {baseline} in {metric_words(comparison)}: {said}."
        case Finding.UNCLEAR:
            return f"{candidate} cannot be told from {baseline} in {metric_words(comparison)}: {said}."
        case _:
            return f"Nothing can be concluded about {candidate} and {baseline} in {metric_words(comparison)}."


def metric_words(comparison: Comparison) -> str:
    """The name of the metric, on one line."""
    return named(comparison.metric)


def named(name: str) -> str:
    """Any name, on one line."""
    return terminal_text(name, _NAME)


def title_of_several(comparisons: Sequence[Comparison]) -> str:
    """How many comparisons show what."""
    counts = Counter(each.finding for each in comparisons)
    said = [f"{counts[finding]} {FINDINGS[finding]}" for finding in Finding if counts[finding]]
    return f"Of {len(comparisons)} comparisons: {', '.join(said)}."


def caption_of(comparison: Comparison) -> str:
    """How many inputs were compared, and by which method."""
    said = [
        f"{formats.count(comparison.n)} inputs"
        + (" that both have a score for" if comparison.method == "paired" else " at least on each side")
    ]
    if comparison.wins is not None:
        said.append(f"{comparison.wins} better, {comparison.losses} worse, {comparison.ties} equal")
    if comparison.interval is not None:
        mark = "diamond: mean" if comparison.method == "paired" else "mean"
        said.append(f"{mark} difference with {method_words(comparison.interval)}")
    unfair = " Not fair: something beside the targets differs." if comparison.unfair else ""
    return "; ".join(said) + "." + unfair


def caption_of_several(comparisons: Sequence[Comparison], total: int) -> str:
    """Against what, and by which method."""
    methods = dict.fromkeys(method_words(each.interval) for each in comparisons if each.interval)
    baselines = dict.fromkeys(each.baseline for each in comparisons)
    against = f"Against {', '.join(distinct(baselines))}. " if len(baselines) <= 2 else ""
    cut = f" The first {len(comparisons)} of {total}." if total > len(comparisons) else ""
    return f"{against}Mean difference with {' or '.join(methods) or 'no interval'}.{cut}"
