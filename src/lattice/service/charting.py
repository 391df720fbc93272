"""The charts of runs, of an evaluation's history and of comparisons, from what the store holds."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from lattice.config.slug import slug as slug_of
from lattice.core.errors import UsageError
from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Step
from lattice.engine.plan import Schedule
from lattice.reporting.charts import Chart, ChartKind
from lattice.reporting.charts.cost_quality import LEAST as LEAST_PRICED
from lattice.reporting.charts.cost_quality import cost_quality_chart, priced
from lattice.reporting.charts.criteria import LEAST as LEAST_CRITERIA
from lattice.reporting.charts.criteria import criteria_chart, profiled
from lattice.reporting.charts.differences import differences_chart
from lattice.reporting.charts.distribution import TENTHS, distribution_chart
from lattice.reporting.charts.history import NO_GATE, Past
from lattice.reporting.charts.history import history_chart as chart_of_history
from lattice.reporting.charts.latency import latency_chart
from lattice.reporting.charts.means import means_chart
from lattice.reporting.charts.running import running_chart
from lattice.reporting.charts.subjects import Subject, subject_of
from lattice.reporting.charts.trails import Shape, Trail, latencies_of, spread_of, trails_of
from lattice.reporting.comparison import Comparison, Report
from lattice.reporting.standing_in import stand_in_of
from lattice.store import Store
from lattice.store.records import Point

T = TypeVar("T")

_WORST_FIRST = ("fail", "not_evaluated", "inconclusive", "pass")


def charts_for(store: Store, record: RunRecord) -> tuple[ChartKind, ...]:
    """The charts that make sense for a run, from its row alone, in the order in which they are shown."""
    subject = subject_of(record)
    makes_sense: Mapping[ChartKind, bool] = {
        ChartKind.MEANS: _has_scores(subject),
        ChartKind.DISTRIBUTION: _has_scores(subject),
        ChartKind.RUNNING: _has_scores(subject),
        ChartKind.CRITERIA: len(profiled(subject)) >= LEAST_CRITERIA,
        ChartKind.LATENCY: record.progress.successful > 0,
        ChartKind.COST_QUALITY: len(priced(subject)) >= LEAST_PRICED,
    }
    return tuple(kind for kind, sensible in makes_sense.items() if sensible)


def chart_of(store: Store, record: RunRecord, kind: ChartKind, *, first_colour: int = 0) -> Chart:
    """One chart of a run.

    Parameters
    ----------
    first_colour: index of the colour of the run's first target.

    Raises
    ------
    UsageError: the run has nothing that this chart could show.
    """
    subject = subject_of(record, first_colour=first_colour)
    build = _BUILDERS.get(kind)
    if build is None:
        of_what = "two runs" if kind is ChartKind.DIFFERENCES else "an evaluation"
        raise UsageError(f"{kind.value} is a chart of {of_what}, not of one run")
    if kind not in charts_for(store, record):
        raise UsageError(f"{subject.reference} has nothing to show in a chart of {kind.value}: {_LACKING[kind]}")
    return build(store, record, subject)


def charts_of(store: Store, record: RunRecord) -> list[Chart]:
    """All charts that make sense for a run."""
    return [chart_of(store, record, kind) for kind in charts_for(store, record)]


def history_chart(store: Store, evaluation_id: str) -> Chart:
    """An evaluation's runs over time, oldest first.

    Raises
    ------
    UsageError: no run of it has a score.
    """
    runs = [each for each in store.runs(evaluation_id) if each.progress.done]
    baseline = store.baselines.get(evaluation_id)
    past = [replace(_past(each), is_baseline=each.id == baseline) for each in reversed(runs)]
    if not any(_has_scores(each.subject) for each in past):
        raise UsageError("no run of this evaluation has a score yet")
    return chart_of_history(past)


def evaluation_named(store: Store, name: str) -> str:
    """The id of an evaluation, by its slug or name in any case, or by one of its runs.

    Raises
    ------
    UsageError: there is none.
    """
    wanted = slug_of(name)
    for each in store.evaluations():
        if wanted in (each.slug, slug_of(each.name)) or name == each.id:
            return each.id
    return store.find_run(name).evaluation_id


def difference_chart(report: Report, comparison: Comparison | None = None) -> Chart:
    """What differs between sides: see `lattice.reporting.charts.differences.differences_chart`."""
    return differences_chart(report, comparison)


def _has_scores(subject: Subject) -> bool:
    return subject.headline is not None and bool(subject.of(subject.headline))


def _means(store: Store, record: RunRecord, subject: Subject) -> Chart:
    return means_chart(subject)


def _criteria(store: Store, record: RunRecord, subject: Subject) -> Chart:
    return criteria_chart(subject)


def _distribution(store: Store, record: RunRecord, subject: Subject) -> Chart:
    return distribution_chart(_with_spread(store, record, subject))


def _with_spread(store: Store, record: RunRecord, subject: Subject) -> Subject:
    """Scores without levels, of which there are too many different ones to be kept with the run, are counted here."""
    headline = subject.headline
    assert headline is not None  # there is a score
    without = [series for series, metric in subject.of(headline) if not (metric.distribution or metric.pairs)]
    if all(series.name in subject.spread for series in without):
        return subject
    evaluation = Evaluation.model_validate(record.config)
    found = spread_of(_points(store, record, evaluation), TENTHS)
    return replace(subject, spread={**subject.spread, **_by_name(evaluation, found)})


def _running(store: Store, record: RunRecord, subject: Subject) -> Chart:
    return running_chart(subject, running_trails(store, record))


def running_trails(store: Store, record: RunRecord) -> dict[str, Trail]:
    """The running mean of each target, by its name; takes a pass over the run's results."""
    evaluation = Evaluation.model_validate(record.config)
    schedule = Schedule(store.positions(record.input_set), seed=record.seed)
    if record.origin is not None:
        # What nobody answered is not waited for.
        schedule = schedule.over({key.position for key in store.answered(record.key)})
    shape = Shape(
        targets=range(len(evaluation.targets) - len(evaluation.contenders), len(evaluation.targets)),
        repeats=evaluation.run.repeats,
        over=record.status is not RunStatus.RUNNING and record.progress.done == record.progress.total,
    )
    return _by_name(evaluation, trails_of(_points(store, record, evaluation), schedule, shape))


def _points(store: Store, record: RunRecord, evaluation: Evaluation) -> Iterator[Point]:
    """The scores by which the run is known, those of failures that count as one among them."""
    headline, stand_in = next(iter(evaluation.metric_names), SCORE), stand_in_of(evaluation)
    if headline != SCORE:
        for row in store.iterate_scores(record.key):
            found = row.metrics.get(headline)
            score = found[0] if found else None
            yield Point(row.position, row.target, row.repeat, score, row.latency, row.error_step)
        return
    for point in store.iterate_points(record.key):
        if stand_in is not None and point.error_step is Step.TARGET:
            yield point._replace(score=stand_in.score)
        else:
            yield point


def _latency(store: Store, record: RunRecord, subject: Subject) -> Chart:
    evaluation = Evaluation.model_validate(record.config)
    latencies: Mapping[int, array[float]] = latencies_of(store.iterate_points(record.key))
    return latency_chart(subject, _by_name(evaluation, latencies))


def _cost_quality(store: Store, record: RunRecord, subject: Subject) -> Chart:
    assert subject.headline is not None  # there is a score
    return cost_quality_chart(priced(subject), subject.scales[subject.headline])


def _by_name(evaluation: Evaluation, found: Mapping[int, T]) -> dict[str, T]:
    return {evaluation.targets[index].name: each for index, each in found.items()}


_BUILDERS: Mapping[ChartKind, Callable[[Store, RunRecord, Subject], Chart]] = {
    ChartKind.MEANS: _means,
    ChartKind.DISTRIBUTION: _distribution,
    ChartKind.RUNNING: _running,
    ChartKind.CRITERIA: _criteria,
    ChartKind.LATENCY: _latency,
    ChartKind.COST_QUALITY: _cost_quality,
}
_LACKING: Mapping[ChartKind, str] = {
    ChartKind.MEANS: "no trial has a score",
    ChartKind.DISTRIBUTION: "no trial has a score",
    ChartKind.RUNNING: "no trial has a score",
    ChartKind.CRITERIA: "it takes two criteria or checks with scores",
    ChartKind.LATENCY: "no call has succeeded",
    ChartKind.COST_QUALITY: "it takes two targets whose costs are known, in a run that has ended",
}


def _past(record: RunRecord) -> Past:
    gates: Iterable[Mapping[str, str]] = (record.summary or {}).get("gates", ())
    verdicts = {gate["verdict"] for gate in gates}
    verdict = next((each for each in _WORST_FIRST if each in verdicts), NO_GATE)
    return Past(
        number=record.number,
        version=record.version,
        verdict=verdict.replace("_", " "),
        at=record.started_at or record.created_at,
        subject=subject_of(record),
    )
