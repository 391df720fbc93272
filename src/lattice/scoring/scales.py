"""The scales a judge scores on: whole native levels, each with its place on 0–1.

A level ``v`` of a scale from ``a`` to ``b`` has the score ``(v − a) / (b − a)``. All conversions are exact up
to one final rounding, so that 4 on Likert-5 is 0.75 and a mean of 4.4 is 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lattice.core.judging import JudgeSettings, ScaleName, ScaleSettings

_BINARY_LABELS = {0: "no", 1: "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of a scale.

    Parameters
    ----------
    value: on the judge's own scale.
    score: the same on 0–1.
    label: what it means in words, "" where the scale gives no words.
    """

    value: int
    score: float
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A scale of whole numbers.

    Parameters
    ----------
    label: as shown to people: ``Likert-5``, ``Binary``, ``0–20``.
    levels: from the lowest to the highest; every whole number between them is there.
    """

    label: str
    levels: tuple[Level, ...]

    @property
    def minimum(self) -> int:
        return self.levels[0].value

    @property
    def maximum(self) -> int:
        return self.levels[-1].value

    @property
    def values(self) -> tuple[int, ...]:
        """The native values, from the lowest to the highest."""
        return tuple(level.value for level in self.levels)

    def to_score(self, native: float | Fraction) -> float:
        """A native value on 0–1; weighted means may lie between the levels.

        A float is read as the decimal number it is shown as: 4.4 on Likert-5 is 0.85.

        Raises
        ------
        ValueError: it is below the lowest or above the highest level, or no number.
        """
        exact = _exact(native)
        if not self.minimum <= exact <= self.maximum:
            raise ValueError(f"{native} is not on the scale {self.minimum}–{self.maximum}")
        return float((exact - self.minimum) / (self.maximum - self.minimum))

    def to_native(self, score: float | Fraction) -> float:
        """A score on 0–1 as a native value: the inverse of `to_score`.

        Raises
        ------
        ValueError: it is outside 0–1, or no number.
        """
        exact = _exact(score)
        if not 0 <= exact <= 1:
            raise ValueError(f"a score of {score} is outside 0–1")
        return float(self.minimum + exact * (self.maximum - self.minimum))


def scale_of(settings: JudgeSettings | ScaleSettings | ScaleName) -> Scale:
    """The scale that a judge's settings, or the ``scale`` key alone, describe.

    Raises
    ------
    ValueError: the judge compares pairs, without a scale.
    """
    chosen = chosen_scale(settings) if isinstance(settings, JudgeSettings) else settings
    if isinstance(chosen, ScaleSettings):
        return _scale(f"{_shown(chosen.min)}–{_shown(chosen.max)}", chosen.min, chosen.max, chosen.labels)
    if chosen == "binary":
        return _scale("Binary", 0, 1, _BINARY_LABELS)
    size = int(chosen.removeprefix("likert-"))
    return _scale(f"Likert-{size}", 1, size, {})


def chosen_scale(settings: JudgeSettings) -> ScaleName | ScaleSettings:
    """What a judge's settings say of its scale.

    Raises
    ------
    ValueError: the judge compares pairs, without a scale.
    """
    if settings.scale is None:
        raise ValueError("a judge that compares pairs has no scale")
    return settings.scale


def _scale(label: str, low: int, high: int, labels: dict[int, str]) -> Scale:
    return Scale(
        label=label,
        levels=tuple(
            Level(value=value, score=(value - low) / (high - low), label=labels.get(value, ""))
            for value in range(low, high + 1)
        ),
    )


def _shown(value: int) -> str:
    """A number beside a dash, with the sign that no reader takes for the dash."""
    return str(value).replace("-", "−")


def _exact(number: float | Fraction) -> Fraction:
    """The decimal number that is meant, not its nearest binary neighbour."""
    return Fraction(float.__repr__(number)) if isinstance(number, float) else Fraction(number)
