"""What befell a run, with the numbers that a message about it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lattice.core.alerting import DROP, AlertSettings
from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.runs import RunRecord
from lattice.gates import AlarmResult
from lattice.reporting.figures import Bounds
from lattice.stats.missing import Estimate


class Happening(StrEnum):
    """What there is to assess."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    LATE = "late"
    UNSTARTED = "unstarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """An input that got worse.

    Parameters
    ----------
    before, after: its score on 0–1, before as the mean over the runs that it is held against.
    text: as the file has it, which anybody may have written.
    """

    id: str
    text: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One metric of one target, held against the runs before.

    Parameters
    ----------
    native: lowest and highest level of the judge's own scale; None where there is none.
    mean, interval, n: of the run.
    level: what it is held against, on 0–1; None where there is nothing.
    against: that in words, such as ``the median of 7 runs, #3 to #9``.
    difference: None where it was not evaluated; `refused` says why.
    fallen: the inputs that got worse most, the worst first.
    """

    target: str
    metric: str
    native: tuple[float, float] | None
    n: int
    mean: float | None
    interval: Bounds | None
    level: float | None = None
    against: str = ""
    difference: Estimate | None = None
    refused: str | None = None
    fallen: tuple[Fallen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One thing that happened, with all that is to be said of it.

    Parameters
    ----------
    evaluation: its name; slug: as commands take it.
    run: None where a schedule could not start one.
    at: when it was due, where that is what matters.
    reason: why it failed or was not started.
    findings: the conditions, decided; empty unless the run completed.
    held: the numbers, target by target.
    address: where the Studio shows it; None where nobody knows.
    """

    evaluation: str
    slug: str
    settings: AlertSettings
    happening: Happening
    run: RunRecord | None = None
    at: datetime | None = None
    reason: str = ""
    findings: tuple[AlarmResult, ...] = ()
    held: tuple[Held, ...] = ()
    address: str | None = None

    @property
    def name(self) -> str:
        """``support#12``, or the evaluation's own where there is no run."""
        return self.slug if self.run is None else f"{self.slug}#{self.run.number}"


def conditions_of(evaluation: Evaluation) -> Sequence[str]:
    """The conditions of an evaluation's alerts, the default one where none are written and there is a score."""
    settings = evaluation.alerts
    if settings is None:
        return ()
    if settings.when is not None:
        return settings.when
    return (DROP,) if SCORE in evaluation.metric_names else ()
