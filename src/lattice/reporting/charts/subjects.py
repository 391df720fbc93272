"""What the charts of one run are made from: its stored numbers, or its totals while it runs; never its results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lattice.core.conditions import parse_condition
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import Bounds, LevelCount, MetricSummary, Summary, TargetSummary
from lattice.reporting.formats import terminal_text
from lattice.reporting.metrics import metric_forms
from lattice.scoring.scales import Scale, scale_of

NAME = 36
_ON_MEANS = ("mean", "ci_lower", "ci_upper")
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One target, or one side of a comparison.

    Parameters
    ----------
    index: of its colour.
    name: as it is called. label: the same, short, on one line, unlike any other of the chart.
    """

    index: int
    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Where a gate on a mean or an end of its interval changes its mind.

    Parameters
    ----------
    metric: the name of what it is about. target: None for every one.
    value: on 0–1. text: as it was written.
    """

    metric: str
    target: str | None
    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One run.

    Parameters
    ----------
    reference: ``SLUG#3``.
    series: its targets, in the order of the configuration.
    metrics: as `Summary` has them, with what the totals tell while it runs.
    targets: how each target did; empty while it runs.
    scales: by metric; None for what is computed.
    criteria: the judge's criteria and the checks, by name.
    weights: of the criteria, by name.
    running: whether more is to come.
    unit: what is counted: ``inputs``, or ``trials`` where repeats have not been put together yet.
    against: the baseline that targets are compared with in pairs, if they are.
    spread: of a metric without levels, the headline's different scores with how many there are of each, by target.
    """

    reference: str
    series: tuple[Series, ...]
    metrics: tuple[MetricSummary, ...]
    targets: tuple[TargetSummary, ...]
    scales: Mapping[str, Scale | None]
    criteria: tuple[str, ...]
    weights: Mapping[str, float]
    thresholds: tuple[Threshold, ...]
    running: bool
    unit: str = "inputs"
    against: str | None = None
    spread: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)

    @property
    def headline(self) -> str | None:
        """The metric that a run is known by; None where nothing is scored."""
        return next(iter(self.scales), None)

    def of(self, metric: str) -> list[tuple[Series, MetricSummary]]:
        """A metric's numbers, target by target, where there are any."""
        return [
            (series, found)
            for series in self.series
            for found in self.metrics
            if found.target == series.name and found.name == metric and found.n
        ]


def subject_of(run: RunRecord, *, first_colour: int = 0) -> Subject:
    """A run, from its row in the store alone.

    Parameters
    ----------
    first_colour: index of the first target's colour.
    """
    evaluation = Evaluation.model_validate(run.config)
    forms = metric_forms(evaluation)
    stored = run.summary if run.status is not RunStatus.RUNNING else None
    summary = None if stored is None else Summary.from_json(stored["summary"])
    judge = evaluation.judge
    return Subject(
        reference=f"{run.evaluation_slug}#{run.number}",
        series=series_of([target.name for target in evaluation.contenders], first_colour),
        metrics=tuple(_live_metrics(run.live, evaluation)) if summary is None else summary.metrics,
        targets=() if summary is None else summary.targets,
        scales={form.name: form.scale for form in forms},
        criteria=(*(each.name for each in (judge.criteria if judge else ())), *(c.name for c in evaluation.checks)),
        weights={each.name: each.weight for each in (judge.criteria if judge else ())},
        thresholds=tuple(_thresholds(evaluation)),
        running=run.status is RunStatus.RUNNING and not run.interrupted,
        unit="trials" if summary is None and evaluation.run.repeats > 1 else "inputs",
        against=terminal_text(evaluation.baseline.name, NAME) if evaluation.baseline is not None else None,
        spread=_spread(run.live, evaluation),
    )


def series_of(names: Sequence[str], first_colour: int = 0) -> tuple[Series, ...]:
    """A series for each name, labelled so that no two look alike."""
    labels = distinct(names)
    return tuple(
        Series(index=first_colour + place, name=name, label=label)
        for place, (name, label) in enumerate(zip(names, labels, strict=True))
    )


def distinct(names: Iterable[str], limit: int = NAME) -> list[str]:
    """Short forms of names, on one line each; those that would be the same are numbered."""
    taken: dict[str, None] = {}
    for name in names:
        label = short = terminal_text(name, limit) or "-"
        number = 1
        while label in taken:
            number += 1
            label = f"{short} ({number})"
        taken[label] = None
    return list(taken)


def _thresholds(evaluation: Evaluation) -> Iterator[Threshold]:
    scales = {form.name: form.scale for form in metric_forms(evaluation)}
    for text in evaluation.gates:
        condition = parse_condition(text)
        metric = condition.name or "score"
        if condition.metric not in _ON_MEANS or metric not in scales:
            continue
        scale, value = scales[metric], condition.threshold
        if condition.native and scale is not None:
            value = (value - scale.minimum) / (scale.maximum - scale.minimum)
        if 0 <= value <= 1:
            yield Threshold(metric=metric, target=condition.target, value=value, text=terminal_text(text, NAME))


def _live_metrics(live: Mapping[str, Any], evaluation: Evaluation) -> Iterator[MetricSummary]:
    """A run's numbers so far, from the engine's totals."""
    forms = metric_forms(evaluation)
    contenders = {target.name for target in evaluation.contenders}
    for target, totals in zip(evaluation.targets, live.get("targets", ()), strict=False):
        if target.name not in contenders:
            continue
        for form in forms:
            found = totals.get("metrics", {}).get(form.name)
            if not found or not found["n"]:
                continue
            look = totals.get("interval") if form is forms[0] else None
            mean = found["sum"] / found["n"] if look is None else look["mean"]
            yield MetricSummary(
                target=target.name,
                name=form.name,
                # The live interval is about the inputs it has seen in the order of the schedule.
                n=found["n"] if look is None else look["n"],
                ended=totals["done"],
                mean=mean,
                native_mean=None if form.scale is None else form.scale.to_native(min(max(mean, 0.0), 1.0)),
                interval=Bounds.of(look),
                distribution=_levels(found["counts"], form.scale, binary=form.binary is not False),
            )


def _spread(live: Mapping[str, Any], evaluation: Evaluation) -> dict[str, list[tuple[float, int]]]:
    """Scores of the first metric by target, while there are few different ones."""
    headline = next(iter(evaluation.metric_names), None)
    return {
        target.name: [(score, count) for _, score, count in counts]
        for target, totals in zip(evaluation.targets, live.get("targets", ()), strict=False)
        if (counts := totals.get("metrics", {}).get(headline, {}).get("counts"))
    }


def _levels(counts: Sequence[Sequence[Any]] | None, scale: Scale | None, *, binary: bool) -> tuple[LevelCount, ...]:
    """Counts by level, as a summary has them; nothing for what is computed and does not pass or fail."""
    if counts is None:
        return ()
    if scale is None:
        if not binary or any(score not in (0.0, 1.0) for _, score, _ in counts):
            return ()
        scale = scale_of("binary")
    last = len(scale.levels) - 1
    found = [0] * (last + 1)
    for _, score, count in counts:
        found[min(last, int(score * last + 0.5 + _HAIR))] += count
    return tuple(
        LevelCount(value=level.value, score=level.score, count=count)
        for level, count in zip(scale.levels, found, strict=True)
    )
