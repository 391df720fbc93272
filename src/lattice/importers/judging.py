"""Model graders of other tools as judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_NAMED = {(1, 3): "likert-3", (1, 5): "likert-5", (1, 7): "likert-7", (1, 10): "likert-10", (0, 1): "binary"}
_STEPS = 10
_MOST_LEVELS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleOf:
    """A range of numbers as one of our scales.

    Parameters
    ----------
    setting: what the evaluation file says.
    low, high: the range as it was.
    minimum, maximum: the levels that stand for its ends.
    """

    setting: str | dict[str, int]
    low: float
    high: float
    minimum: int
    maximum: int

    @property
    def is_same(self) -> bool:
        """Whether the judge's numbers mean what they meant."""
        return (self.low, self.high) == (self.minimum, self.maximum)

    def level(self, value: float) -> float:
        """The level that stands for a value of the range; perhaps between two of them."""
        part = (value - self.low) / (self.high - self.low)
        return self.minimum + part * (self.maximum - self.minimum)

    def score(self, value: float) -> float:
        """The same on 0–1, nothing beyond the ends."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def scale_of(low: float, high: float) -> ScaleOf | None:
    """The scale for a range: its whole numbers, or eleven levels where it is narrower; None for an empty range."""
    if not low < high:
        return None
    whole = low.is_integer() and high.is_integer()
    if whole and 1 < high - low <= _MOST_LEVELS:
        minimum, maximum = int(low), int(high)
    else:
        minimum, maximum = 0, _STEPS
    named = _NAMED.get((minimum, maximum))
    setting: str | dict[str, int] = named or {"min": minimum, "max": maximum}
    return ScaleOf(setting=setting, low=low, high=high, minimum=minimum, maximum=maximum)


def pass_condition(scale: ScaleOf, threshold: float | None) -> str | None:
    """From which level on a response passes; None where nothing says so, or all or none would."""
    if threshold is None or not scale.low < threshold <= scale.high:
        return None
    return f">= {round(scale.level(threshold), 6):g}"


def binary_judge(model: str, rubric: str, *, mode: str = "single", **further: Any) -> dict[str, Any]:
    """A judge who says yes (1) or no (0)."""
    return {"model": model, "mode": mode, "scale": "binary", "rubric": rubric, **further}
