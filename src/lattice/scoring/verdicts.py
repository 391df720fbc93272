"""Reading a judge's answer: exactly one verdict on the scale, or an error that says what was wrong with it.

How the verdict is found in the answer is in `lattice.scoring.answers`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from lattice.core.judging import Criterion
from lattice.core.trials import Metric, Verdict
from lattice.scoring.answers import AnswerForm, Unreadable, quoted, shown
from lattice.scoring.scales import Scale

_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,6})(?:\.0{1,6})?\s*", re.ASCII)


class VerdictForm:
    """What a valid verdict looks like, prepared once per judge.

    Parameters
    ----------
    scale: every native score must be one of its levels.
    criteria: with criteria a verdict scores each of them and its score is their weighted mean; without, it
        has a ``score`` of its own.
    """

    __slots__ = ("_answer", "_names", "_scale", "_scores", "_total", "_weights")

    def __init__(self, scale: Scale, criteria: Sequence[Criterion] = ()) -> None:
        self._scale = scale
        self._scores = {level.value: level.score for level in scale.levels}
        self._names = tuple(criterion.name for criterion in criteria)
        self._weights = _whole_weights([criterion.weight for criterion in criteria])
        self._total = sum(self._weights)
        self._answer = AnswerForm("criteria" if criteria else "score", self._names, self._natives)

    def read(self, answer: str) -> Verdict:
        """The one verdict in a judge's answer.

        Returns
        -------
        Verdict: ``score`` first, then the criteria in their order; `raw` is the answer as it came.

        Raises
        ------
        CallError: of kind ``judge_parse``; there is no verdict, it is broken or not on the scale, or there
            are two that differ.
        """
        natives, reasoning = self._answer.read(answer)
        return Verdict(metrics=self._metrics(natives), reasoning=reasoning, raw=answer)

    def _natives(self, record: Mapping[str, Any]) -> tuple[int, ...]:
        """The native scores of a verdict: one, or one per criterion."""
        if not self._names:
            return (self._level("score", record["score"]),)
        scores = record["criteria"]
        if not isinstance(scores, dict):
            raise Unreadable("'criteria' is not an object with a score per criterion")
        if missing := [name for name in self._names if name not in scores]:
            raise Unreadable(f"no score for {', '.join(map(quoted, missing))}")
        return tuple(self._level(name, scores[name]) for name in self._names)

    def _level(self, name: str, value: Any) -> int:
        """A score as one of the scale's levels: a whole number, also written as 4.0, "4" or "4.0"."""
        number: Any = value
        if isinstance(value, str) and (written := _WHOLE.fullmatch(value)):
            number = int(written[1])
        if type(number) not in (int, float) or number not in self._scores:
            scale = f"{self._scale.minimum}–{self._scale.maximum}"
            raise Unreadable(f"{quoted(name)} is {shown(value)}, which is not on the scale {scale}")
        return int(number)

    def _metrics(self, natives: tuple[int, ...]) -> dict[str, Metric]:
        scores = self._scores
        if not self._names:
            return {"score": Metric(score=scores[natives[0]], native=float(natives[0]))}
        return {"score": self._mean(natives)} | {
            name: Metric(score=scores[native], native=float(native))
            for name, native in zip(self._names, natives, strict=True)
        }

    def _mean(self, natives: tuple[int, ...]) -> Metric:
        """The weighted mean; whole numbers until the one division at the end, which rounds correctly."""
        weighted = sum(weight * native for weight, native in zip(self._weights, natives, strict=True))
        low, high = self._scale.minimum, self._scale.maximum
        score = (weighted - low * self._total) / (self._total * (high - low))
        return Metric(score=score, native=weighted / self._total)


def _whole_weights(weights: Sequence[float]) -> tuple[int, ...]:
    """Weights as whole numbers in the same proportions, each read as the decimal number it is written as."""
    exact = [Fraction(repr(weight)) for weight in weights]
    common = lcm(*(weight.denominator for weight in exact))
    return tuple(int(weight * common) for weight in exact)
