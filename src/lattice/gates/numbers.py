"""What conditions are decided on, and what comes out: records that know nothing of how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lattice.core.runs import RunStatus
from lattice.stats.missing import Measured

SCORE = "score"


class Verdict(StrEnum):
    """What a gate says."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One condition, decided.

    Parameters
    ----------
    condition: as it was written.
    value: the number it was decided on, on the condition's scale; of several targets that of the worst. None
        where there is none.
    reason: one sentence.
    more_inputs: how many more inputs would decide it with a probability of about 80%, if the numbers stay as
        they are; None unless it is inconclusive for want of inputs.
    """

    condition: str
    verdict: Verdict
    value: float | None
    reason: str
    more_inputs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNumbers:
    """A metric of one target, or its difference from the baseline's.

    Parameters
    ----------
    name: ``score``, or a criterion's or check's.
    native: lowest and highest level of the judge's own scale (of a difference: 0 and the span); None where
        there is none.
    refused: why this comparison is unfair, if it is; its gates are then not evaluated.
    """

    target: str
    measured: Measured
    name: str = SCORE
    native: tuple[float, float] | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNumbers:
    """What a run says of one target beside its scores.

    Parameters
    ----------
    ended, failed: trials.
    cost_usd: what its trials cost, judge included; None where a price is unknown.
    latency_p95: seconds; None where nothing was answered.
    """

    name: str
    ended: int
    failed: int
    cost_usd: float | None = None
    latency_p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNumbers:
    """Everything a run's gates can be decided on.

    Parameters
    ----------
    cost_usd: of the whole run; None where a price is unknown.
    unpriced: the models without a price.
    differences: from the baseline, where there is one.
    no_differences: why there are none, where it is not for want of a baseline.
    """

    status: RunStatus
    targets: tuple[TargetNumbers, ...]
    metrics: tuple[MetricNumbers, ...]
    cost_usd: float | None = None
    unpriced: tuple[str, ...] = ()
    differences: tuple[MetricNumbers, ...] = ()
    no_differences: str | None = None
