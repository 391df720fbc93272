"""Conditions on a run's numbers, as gates and alerts state them: ``[TARGET/][NAME.]METRIC OP NUMBER``."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from enum import StrEnum

POINT_METRICS = ("mean", "median", "min", "pass_rate")
BOUND_METRICS = ("ci_lower", "ci_upper")
RUN_METRICS = ("failure_rate", "cost_usd", "latency_p95")
METRICS = (
    "mean",
    "ci_lower",
    "ci_upper",
    "median",
    "min",
    "pass_rate",
    "failure_rate",
    "cost_usd",
    "latency_p95",
)
SCALED_METRICS = ("mean", "ci_lower", "ci_upper", "median", "min")
UNBOUNDED_METRICS = ("cost_usd", "latency_p95")
DIFFERENCE = "difference"
NATIVE_SUFFIX = "on native scale"

_FORM = re.compile(
    rf"^\s*(?:(?P<target>\S.*)/)?\s*(?P<name>\S.*\.)?(?P<metric>[a-z_0-9]+)\s*(?P<operator>>=|<=|==|>|<)\s*"
    rf"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<native>{NATIVE_SUFFIX})?\s*$"
)


class Operator(StrEnum):
    """How a number is compared with its threshold."""

    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="

    def holds(self, value: float, threshold: float) -> bool:
        """Whether ``value OPERATOR threshold``."""
        match self:
            case Operator.GREATER:
                return value > threshold
            case Operator.AT_LEAST:
                return value >= threshold
            case Operator.LESS:
                return value < threshold
            case Operator.AT_MOST:
                return value <= threshold
            case Operator.EQUAL:
                return value == threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One parsed condition.

    Parameters
    ----------
    text: the condition as it was written.
    target: name of the target it is about; None means it must hold for every target.
    name: a criterion or check, ``difference`` for a comparison; None means the score.
    metric: one of `METRICS`.
    threshold: on 0–1, or on the judge's own scale if `native`.
    """

    text: str
    metric: str
    operator: Operator
    threshold: float
    target: str | None = None
    name: str | None = None
    native: bool = False

    @property
    def is_difference(self) -> bool:
        """Whether it is about the difference from a baseline."""
        return self.name is not None and self.name.partition(".")[0] == DIFFERENCE

    @property
    def subject(self) -> str | None:
        """The criterion or check it is about, be it a difference in it or not; None for the score."""
        return (self.name or "").partition(".")[2] or None if self.is_difference else self.name


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    ValueError: it has another form; the message shows the form and the metrics there are.
    """
    found = _FORM.match(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a condition; write [TARGET/][NAME.]METRIC OP NUMBER, such as 'mean > 0.80' "
            f"or 'accuracy.ci_lower >= 3.5 {NATIVE_SUFFIX}'"
        )
    metric = found["metric"]
    if metric not in METRICS:
        near = difflib.get_close_matches(metric, METRICS, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"{metric!r} in {text!r} is no metric; {meant}there are {', '.join(METRICS)}")
    threshold = float(found["number"])
    if not math.isfinite(threshold):
        raise ValueError(f"the number in {text!r} is too large")
    native = found["native"] is not None
    if native and metric not in SCALED_METRICS:
        raise ValueError(f"{metric} in {text!r} has no native scale; leave out '{NATIVE_SUFFIX}'")
    if not native and threshold > 1 and metric not in UNBOUNDED_METRICS:
        raise ValueError(_off_scale(text, metric))
    name = found["name"]
    return Condition(
        text=text.strip(),
        metric=metric,
        operator=Operator(found["operator"]),
        threshold=threshold,
        target=found["target"].strip() if found["target"] else None,
        name=name[:-1].strip() if name else None,
        native=native,
    )


def _off_scale(text: str, metric: str) -> str:
    lies = f"the threshold in {text!r} is above 1, but {metric} lies between 0 and 1"
    if metric in SCALED_METRICS:
        return f"{lies}; for the judge's own scale write '{text.strip()} {NATIVE_SUFFIX}'"
    return f"{lies}; write 5% as 0.05"
