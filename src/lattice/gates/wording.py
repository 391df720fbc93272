"""Numbers, thresholds and intervals as the reasons of gates say them."""

from __future__ import annotations

from lattice.core.conditions import NATIVE_SUFFIX, Condition, Operator
from lattice.stats.missing import Estimate
from lattice.stats.samples import exactly

WORDS = {
    Operator.GREATER: "above",
    Operator.AT_LEAST: "at least",
    Operator.LESS: "below",
    Operator.AT_MOST: "at most",
    Operator.EQUAL: "equal to",
}


def on_scale(value: float | None, condition: Condition, native: tuple[float, float] | None) -> float | None:
    """A value on the scale of the condition's threshold, rounded once, so that 3.8 is 3.8."""
    if value is None or not condition.native:
        return value
    if native is None:
        raise ValueError(f"{condition.text!r}: there is no native scale")
    low, high = exactly(native[0]), exactly(native[1])
    return float(low + exactly(value) * (high - low))


def interval_text(lower: float, upper: float, estimate: Estimate, condition: Condition) -> str:
    ends = f"[{number_text(lower, condition)}, {number_text(upper, condition)}]"
    return f"the {estimate.level * 100:g}% interval {ends} ({estimate.method})"


def number_text(value: float, condition: Condition) -> str:
    """Four decimals, or as many as it takes to see that it is not the threshold."""
    short = f"{value:.4f}"
    return repr(value) if float(short) == condition.threshold != value else short


def threshold_text(condition: Condition) -> str:
    written = condition.text.rpartition(condition.operator.value)[2].strip()
    return written if condition.native else written.removesuffix(NATIVE_SUFFIX).strip()


def wanted_text(condition: Condition) -> str:
    """What the condition asks for: ``above 0.80``."""
    return f"{WORDS[condition.operator]} {threshold_text(condition)}"
