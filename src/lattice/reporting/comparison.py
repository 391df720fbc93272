"""Runs side by side: what differs, by how much, and what one may conclude from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.config.differences import Difference
from lattice.reporting.changes import changes_between
from lattice.reporting.conclusions import Finding, Grounds, conclusion_of, finding_of
from lattice.reporting.contrasts import LEVEL, Contrast, Pair, contrast
from lattice.reporting.fairness import further_remarks, unfair_differences
from lattice.reporting.figures import Bounds
from lattice.reporting.sides import Side
from lattice.stats import holm
from lattice.stats.missing import Measured

MOST_MOVED = 10

Job = tuple[Side, Side, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An input whose score differs between the two sides.

    Parameters
    ----------
    id, text: of the input; "" until they have been read.
    """

    position: int
    baseline: float
    candidate: float
    id: str = ""
    text: str = ""

    @property
    def difference(self) -> float:
        return self.candidate - self.baseline

    def as_json(self) -> dict[str, Any]:
        return {
            "input": self.position,
            "id": self.id,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "difference": self.difference,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One metric of two sides. Differences are candidate less baseline, on 0–1.

    Parameters
    ----------
    baseline, candidate: their names, such as ``support#1``.
    target: the candidate's target.
    n: inputs compared.
    baseline_mean, candidate_mean: over these inputs.
    interval: of the difference; None where the scores do not give one.
    verdict_interval: the one that conclusions and gates go by: equal differences have no variance, and are no
        certainty.
    p_value: two-sided; p_method: how it was made.
    adjusted_p_value: the same corrected for all comparisons that were made together; None for a single one.
    effect_size: the difference in standard deviations of the differences.
    wins, ties, losses: inputs on which the candidate is better, equal, worse; None where the inputs differ.
    method: ``paired``, input by input, or ``unpaired``.
    finding: better, worse, or not to be told from noise.
    conclusion: what one may conclude, in words.
    unfair: differences beside the targets that may stand behind this one; a gate refuses such a pair.
    warnings: these, and what else should be known.
    worse, better: the inputs that moved most.
    changes: what differs between the two runs beside their scores: keys of the configuration, the model that
        answered, the commit.
    measured: the numbers that gates decide on.
    """

    metric: str
    baseline: str
    candidate: str
    target: str
    n: int
    difference: float | None
    interval: Bounds | None
    verdict_interval: Bounds | None
    baseline_mean: float | None
    candidate_mean: float | None
    p_value: float | None
    p_method: str | None
    adjusted_p_value: float | None
    effect_size: float | None
    wins: int | None
    ties: int | None
    losses: int | None
    method: str
    finding: Finding
    conclusion: str
    unfair: tuple[str, ...]
    warnings: tuple[str, ...]
    worse: tuple[Moved, ...]
    better: tuple[Moved, ...]
    measured: Measured
    changes: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The published form, and behind it what else is known."""
        data: dict[str, Any] = {
            "metric": self.metric,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "n": self.n,
            "difference": self.difference,
            "interval": self.interval.as_json() if self.interval else None,
            "p_value": self.p_value,
            "effect_size": self.effect_size,
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "conclusion": self.conclusion,
            "warnings": list(self.warnings),
            "method": self.method,
            "p_method": self.p_method,
            "finding": self.finding.value,
            "unfair": list(self.unfair),
            "baseline_mean": self.baseline_mean,
            "candidate_mean": self.candidate_mean,
            "verdict_interval": self.verdict_interval.as_json() if self.verdict_interval else None,
            "worse": [each.as_json() for each in self.worse],
            "better": [each.as_json() for each in self.better],
            "changes": [{"key": each.key, "before": each.before, "after": each.after} for each in self.changes],
        }
        return data if self.adjusted_p_value is None else {**data, "adjusted_p_value": self.adjusted_p_value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was compared together.

    Parameters
    ----------
    sides: the baseline first.
    left_out: names of targets that have no counterpart.
    """

    sides: tuple[Side, ...]
    comparisons: tuple[Comparison, ...]
    left_out: tuple[str, ...] = ()

    def side(self, name: str) -> Side:
        """The side of that name."""
        return next(side for side in self.sides if side.name == name)

    def as_json(self) -> dict[str, Any]:
        """The document of ``lattice compare --json``."""
        return {
            "runs": [side.as_json() for side in self.sides],
            "comparisons": [each.as_json() for each in self.comparisons],
        }


def compare(pairs: Sequence[tuple[Side, Side]], metrics: Sequence[str] = ()) -> Report:
    """Compare pairs of baseline and candidate, metric by metric.

    Where that makes several comparisons, conclusions go by p-values corrected for all of them (Holm), and the
    intervals of runs that did not go to their end, which have no p-value, hold for all together (Bonferroni).

    Parameters
    ----------
    metrics: only these; all that both sides of a pair have if empty.
    """
    jobs = [(*pair, metric) for pair in pairs for metric in shared_metrics(*pair) if not metrics or metric in metrics]
    level = 1 - (1 - LEVEL) / max(1, len(jobs))
    contrasts = [contrast(*job, level=level) for job in jobs]
    adjusted = _adjusted(contrasts)
    return Report(
        sides=tuple({side.name: side for pair in pairs for side in pair}.values()),
        comparisons=tuple(
            _comparison(job, found, tests=len(jobs), adjusted_p_value=p_value)
            for job, found, p_value in zip(jobs, contrasts, adjusted, strict=True)
        ),
    )


def shared_metrics(baseline: Side, candidate: Side) -> list[str]:
    """Metrics that both sides have, in the candidate's order."""
    known = {each.name for each in baseline.metrics}
    return [each.name for each in candidate.metrics if each.name in known]


def _adjusted(contrasts: Sequence[Contrast]) -> list[float | None]:
    """Corrected p-values, in order; None for a single comparison and where there is none to correct."""
    if len(contrasts) < 2:
        return [None for _ in contrasts]
    together = holm([1.0 if each.p_value is None else each.p_value for each in contrasts])
    return [None if each.p_value is None else p for each, p in zip(contrasts, together, strict=True)]


def _comparison(job: Job, found: Contrast, *, tests: int, adjusted_p_value: float | None) -> Comparison:
    baseline, candidate, metric = job
    unfair = unfair_differences(baseline, candidate)
    grounds = Grounds(
        metric=metric,
        baseline=baseline.name,
        candidate=candidate.name,
        contrast=found,
        tests=tests,
        adjusted_p_value=adjusted_p_value,
        unfair=bool(unfair),
    )
    return Comparison(
        metric=metric,
        baseline=baseline.name,
        candidate=candidate.name,
        target=candidate.target,
        n=found.n,
        difference=found.difference,
        interval=found.interval,
        verdict_interval=found.verdict_interval,
        baseline_mean=found.baseline_mean,
        candidate_mean=found.candidate_mean,
        p_value=found.p_value,
        p_method=found.p_method,
        adjusted_p_value=adjusted_p_value,
        effect_size=found.effect_size,
        wins=found.wins,
        ties=found.ties,
        losses=found.losses,
        method=found.method,
        finding=finding_of(grounds),
        conclusion=conclusion_of(grounds),
        unfair=unfair,
        warnings=(*unfair, *further_remarks(baseline, candidate)),
        worse=_moved((each for each in found.pairs if each.difference < 0), key=lambda each: each.difference),
        better=_moved((each for each in found.pairs if each.difference > 0), key=lambda each: -each.difference),
        measured=found.measured,
        changes=changes_between(baseline, candidate),
    )


def _moved(pairs: Iterable[Pair], key: Callable[[Pair], float]) -> tuple[Moved, ...]:
    """Those that moved most, of equal ones the first in the file."""
    most = sorted(pairs, key=lambda each: (key(each), each.position))[:MOST_MOVED]
    return tuple(Moved(position=each.position, baseline=each.baseline, candidate=each.candidate) for each in most)
