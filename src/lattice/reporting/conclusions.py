"""What one may conclude from a difference, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lattice.reporting.contrasts import LEVEL, Contrast
from lattice.reporting.figures import Bounds
from lattice.reporting.formats import count
from lattice.stats import detectable_difference, required_inputs

MOST_INPUTS = 1_000_000

_SMALLEST_P = 0.001


class Finding(StrEnum):
    """What a comparison shows of the candidate."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a conclusion rests on.

    Parameters
    ----------
    baseline, candidate: their names.
    tests: comparisons that were made together.
    adjusted_p_value: corrected for these; None where there is one alone, or no p-value.
    unfair: something beside the targets differs.
    """

    metric: str
    baseline: str
    candidate: str
    contrast: Contrast
    tests: int = 1
    adjusted_p_value: float | None = None
    unfair: bool = False


def finding_of(grounds: Grounds) -> Finding:
    """Better or worse where the interval for verdicts excludes zero, and a p-value corrected for several tests agrees.

    Without a difference to speak of it is unclear, without an interval unknown.
    """
    interval, p_value = grounds.contrast.verdict_interval, grounds.adjusted_p_value
    if interval is None:
        return Finding.UNKNOWN
    if interval.lower <= 0 <= interval.upper or (p_value is not None and p_value >= 1 - LEVEL):
        return Finding.UNCLEAR
    return Finding.BETTER if interval.lower > 0 else Finding.WORSE


def conclusion_of(grounds: Grounds) -> str:
    """What one may conclude, in a sentence or two."""
    finding = finding_of(grounds)
    match finding:
        case Finding.UNKNOWN:
            said = f"Nothing can be concluded about {grounds.metric}: {grounds.contrast.obstacle}."
        case Finding.UNCLEAR:
            said = _unclear(grounds)
        case _:
            said = _clear(grounds, finding)
    if not grounds.unfair or finding is Finding.UNKNOWN:
        return said
    return f"{said} The comparison is not fair: this may come from what else differs, and not from the targets."


def p_text(p_value: float) -> str:
    """``p = 0.46``, ``p < 0.001``."""
    return f"p < {_SMALLEST_P}" if p_value < _SMALLEST_P else f"p = {p_value:.2g}"


def level_text(level: float) -> str:
    """``95%``; of several intervals that hold together ``99.17%``."""
    return f"{100 * level:.4g}%"


def _clear(grounds: Grounds, finding: Finding) -> str:
    found = grounds.contrast
    assert found.difference is not None  # there is an interval
    over = f"over the same {count(found.n)} inputs" if found.method == "paired" else "between two samples"
    said = (
        f"{grounds.candidate} is {finding.value} than {grounds.baseline} in {grounds.metric}: "
        f"by {abs(found.difference):.3f} {over} ({_evidence(grounds)})."
    )
    if grounds.adjusted_p_value is None and found.p_value is not None and found.p_value >= 1 - LEVEL:
        return f"{said} That is a close call: the p-value alone would not say so."
    return said


def _unclear(grounds: Grounds) -> str:
    found = grounds.contrast
    assert found.difference is not None  # there is an interval
    if found.method == "paired" and found.ties == found.n:
        said = (
            f"{grounds.candidate} and {grounds.baseline} have the same {grounds.metric} on all {count(found.n)} inputs."
        )
        return f"{said} {_reach(found)}".rstrip()
    said = (
        f"The difference of {found.difference:+.3f} in {grounds.metric} between {grounds.candidate} and "
        f"{grounds.baseline} cannot be told from noise ({_evidence(grounds)}, {_counted(found)})."
    )
    return " ".join(part for part in (said, _needed(found), _reach(found)) if part)


def _evidence(grounds: Grounds) -> str:
    """Interval and p-value."""
    found = grounds.contrast
    interval = _shown(found)
    named = f"{level_text(interval.level)} interval {interval.lower:+.3f} to {interval.upper:+.3f}"
    if found.p_value is None:
        return f"{named}, valid at every look" if interval.method == "betting" else named
    if grounds.adjusted_p_value is None:
        return f"{named}, {p_text(found.p_value)}"
    corrected = p_text(grounds.adjusted_p_value)
    return f"{named}, {p_text(found.p_value)}, corrected for {grounds.tests} comparisons {corrected}"


def _shown(found: Contrast) -> Bounds:
    """The interval; where the one for verdicts says something else about zero, that one."""
    assert found.interval is not None  # there is one for verdicts
    assert found.verdict_interval is not None
    same = _excludes_zero(found.interval) == _excludes_zero(found.verdict_interval)
    return found.interval if same else found.verdict_interval


def _excludes_zero(interval: Bounds) -> bool:
    return not interval.lower <= 0 <= interval.upper


def _counted(found: Contrast) -> str:
    return f"{count(found.n)} inputs" if found.method == "paired" else f"at least {count(found.n)} inputs each"


def _needed(found: Contrast) -> str:
    """How many inputs would tell a difference of the size that was seen, four times out of five."""
    if not found.spread or not found.difference:
        return ""
    if abs(found.difference) * MOST_INPUTS**0.5 < 3 * found.spread:
        return "If there is one at all, even a million inputs would hardly show it."
    needed = max(found.n + 1, required_inputs(found.difference, found.spread).n)
    each = "" if found.method == "paired" else " in each run"
    return f"If it is real, about {count(needed)} inputs{each} would show it."


def _reach(found: Contrast) -> str:
    """The smallest difference that so many inputs show, four times out of five."""
    if not found.spread or found.n < 2:
        return ""
    smallest = detectable_difference(found.n, found.spread).difference
    return f"{_counted(found).capitalize()} show a difference from about {smallest:.3f} on."
