"""What the metrics of an evaluation are, before any of them has a score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lattice.core.checks import CheckMethod
from lattice.core.conditions import Operator
from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.judging import JudgeSettings
from lattice.core.panels import DISAGREEMENT
from lattice.scoring.scales import Scale, scale_of

_PASS = re.compile(r"\s*(>=|<=|==|>|<)\s*(-?\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class PassCondition:
    """Which native values pass."""

    text: str
    operator: Operator
    threshold: float

    def met(self, native: float | None) -> float | None:
        """1 or 0; None without a value."""
        return None if native is None else float(self.operator.holds(native, self.threshold))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricForm:
    """One metric.

    Parameters
    ----------
    scale: the judge's own; None for what is computed, which lies on 0–1.
    binary: whether each trial's score is 0 or 1; None where a function decides that.
    passes: which native values pass, where the judge says so.
    """

    name: str
    scale: Scale | None = None
    binary: bool | None = False
    passes: PassCondition | None = None

    @property
    def native(self) -> tuple[int, int] | None:
        """Lowest and highest level of its own scale, if it has one."""
        return None if self.scale is None else (self.scale.minimum, self.scale.maximum)

    @property
    def has_pass_rate(self) -> bool:
        """Whether a share of the inputs passes: by the judge's condition, or since each passes or fails anyway.

        A function's scores have one where they turn out to be 0 and 1.
        """
        return self.passes is not None or (self.scale is None and self.binary is not False)


def metric_forms(evaluation: Evaluation) -> tuple[MetricForm, ...]:
    """All metrics of an evaluation: the score, the judge's criteria, the checks."""
    return (*_of_scoring(evaluation), *(_computed(check.name, check) for check in evaluation.checks))


def pass_condition(judge: JudgeSettings) -> PassCondition | None:
    """When a native value passes: as configured; on a binary scale 1 does; else None."""
    text = judge.passes or (">= 1" if judge.scale == "binary" else None)
    found = _PASS.fullmatch(text) if text else None
    if text is None or found is None:
        return None
    return PassCondition(text.strip(), Operator(found[1]), float(found[2]))


def _of_scoring(evaluation: Evaluation) -> tuple[MetricForm, ...]:
    if evaluation.scoring is None:
        return ()
    judge = evaluation.judge
    # A failure may count as a score between the two that a trial can be given.
    split = evaluation.scoring.failed_as not in (None, 0.0, 1.0)
    if judge is None:
        computed = _computed(SCORE, evaluation.scoring)
        return (replace(computed, binary=False) if split else computed,)
    if judge.scale is None:
        return (MetricForm(name=SCORE),)
    scale, binary = scale_of(judge), judge.scale == "binary"
    # The weighted mean of criteria lies between their levels.
    single = binary and not judge.criteria
    score = MetricForm(
        name=SCORE, scale=scale, binary=single and not (evaluation.seats or split), passes=pass_condition(judge)
    )
    criteria = (
        MetricForm(name=each.name, scale=scale, binary=binary and not evaluation.seats) for each in judge.criteria
    )
    return (score, *criteria, *_of_panel(evaluation, scale, single=single))


def _of_panel(evaluation: Evaluation, scale: Scale, *, single: bool) -> Iterator[MetricForm]:
    """Each judge's score, each of its votes, and how often these lie apart; nothing where there is one vote."""
    for seat in evaluation.seats:
        if seat.own is not None:
            yield MetricForm(name=seat.own, scale=scale, binary=single and not seat.samples)
        yield from (MetricForm(name=name, scale=scale, binary=single) for name in seat.samples)
    if evaluation.seats:
        yield MetricForm(name=DISAGREEMENT, binary=True)


def _computed(name: str, method: CheckMethod) -> MetricForm:
    return MetricForm(name=name, binary=method.passes_or_fails)
