"""What is put side by side in a comparison: one target of one run, with its scores by input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import MetricSummary, Summary, TargetSummary
from lattice.stats.missing import Trials
from lattice.store.records import ScoreRow

ByInput = Mapping[int, Trials]
"""Scores of the ended trials of each input, by its position; None for each that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What one target's trials were given.

    Parameters
    ----------
    metrics: by name.
    clusters: by position, of the inputs that belong to one.
    """

    metrics: Mapping[str, ByInput]
    clusters: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One target of one run.

    Parameters
    ----------
    name: ``support#1``, with ``/Target`` behind it where the run has several.
    target: its name.
    order: positions in the order of the schedule; only needed for a run that did not go to its end.
    served: how many answers came from each model, as the provider named it.
    """

    name: str
    run: RunRecord
    evaluation: Evaluation
    target: str
    summary: Summary
    scores: Scores
    order: Sequence[int] = ()
    served: Mapping[str, int] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[MetricSummary, ...]:
        """The target's metrics over all of its inputs, ``score`` first."""
        return tuple(each for each in self.summary.metrics if each.target == self.target)

    @property
    def totals(self) -> TargetSummary:
        """How its trials ended, what they cost and how quick it was."""
        return next(each for each in self.summary.targets if each.target == self.target)

    @property
    def is_whole(self) -> bool:
        """Whether the run went to its end, so that what holds for a number of inputs fixed in advance holds."""
        return self.run.status is RunStatus.COMPLETED and self.run.stopped is None

    @property
    def is_completed(self) -> bool:
        """Whether the run ended as it should, though perhaps early."""
        return self.run.status is RunStatus.COMPLETED

    def as_json(self) -> dict[str, Any]:
        """An entry of a comparison's ``runs``."""
        totals = self.totals
        latency = totals.latency
        return {
            "run": self.name,
            "id": self.run.id,
            "number": self.run.number,
            "evaluation": self.run.evaluation_name,
            "target": self.target,
            "status": self.run.status.value,
            "stopped": self.run.stopped,
            "config_hash": self.run.config_hash,
            "inputs_hash": self.run.inputs_hash,
            "progress": {"done": totals.done, "successful": totals.successful, "failed": totals.failed},
            "metrics": [
                {
                    "name": each.name,
                    "n": each.n,
                    "mean": each.mean,
                    "native_mean": each.native_mean,
                    "interval": each.interval.as_json() if each.interval else None,
                }
                for each in self.metrics
            ],
            "latency_seconds": {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99} if latency else None,
            "cost_usd": totals.cost_usd,
        }


def read_scores(rows: Iterable[ScoreRow], metrics: Sequence[Sequence[str]]) -> list[Scores]:
    """A run's results, target by target.

    Parameters
    ----------
    metrics: names of each target's metrics, in the order of the configuration.
    """
    found: list[dict[str, dict[int, list[float | None]]]] = [{name: {} for name in names} for names in metrics]
    clusters: dict[int, str] = {}
    for row in rows:
        if row.cluster is not None:
            clusters[row.position] = row.cluster
        for name, by_input in found[row.target].items():
            given = row.metrics.get(name)
            by_input.setdefault(row.position, []).append(given[0] if given else None)
    return [Scores(metrics=each, clusters=clusters) for each in found]
