"""Several runs in one chart, each target of each a series; while they go on as well as afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.charts import Chart, ChartKind
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.running import running_chart
from lattice.reporting.charts.subjects import Series, Subject, series_of, subject_of
from lattice.reporting.charts.trails import Trail
from lattice.reporting.figures import MetricSummary
from lattice.service.charting import running_trails
from lattice.service.reading import reference_of
from lattice.service.sides import Chosen
from lattice.store import Store

MOST_SERIES = 8

Spread = Sequence[tuple[float, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One target of one run, under the name that it has beside the others."""

    name: str
    run: RunRecord
    subject: Subject
    series: Series


def chart_together(store: Store, chosen: Sequence[Chosen], kind: ChartKind) -> Chart:
    """The running means, or the distributions, of several runs over each other.

    Series have the colours of their places, at most `MOST_SERIES`. Scales that differ are shown on 0–1.

    Parameters
    ----------
    kind: ``RUNNING`` or ``DISTRIBUTION``.

    Raises
    ------
    UsageError: there is no score yet, or no such chart of several runs.
    """
    lines = list(_lines(chosen))[:MOST_SERIES]
    subject = _together(lines)
    if kind is ChartKind.RUNNING:
        trails = _trails(store, lines)
        if not any(trail.looks for trail in trails.values()):
            raise UsageError("no trial has a score yet")
        return running_chart(subject, trails)
    if kind is ChartKind.DISTRIBUTION:
        if subject.headline is None or not subject.of(subject.headline):
            raise UsageError("no trial has a score yet")
        return distribution_chart(subject)
    raise UsageError(f"there is no chart of several runs' {kind.value}")


def _lines(chosen: Sequence[Chosen]) -> Iterator[_Line]:
    for each in chosen:
        subject = subject_of(each.run)
        if subject.headline is None:
            continue
        for series in subject.series:
            if each.target in (None, series.name):
                reference = reference_of(each.run)
                name = f"{reference}/{series.name}" if len(subject.series) > 1 else reference
                yield _Line(name=name, run=each.run, subject=subject, series=series)


def _together(lines: Sequence[_Line]) -> Subject:
    """The runs as one subject, by what each is known by."""
    if not lines:
        raise UsageError("nothing in these runs is scored")
    first = lines[0].subject
    headline = first.headline
    assert headline is not None  # only what is scored is among the lines
    alike = len({_form(line.subject) for line in lines}) == 1
    metrics = [metric for line in lines for metric in _metrics(line, headline, alike=alike)]
    return replace(
        first,
        reference=lines[0].name,
        series=series_of([line.name for line in lines]),
        metrics=tuple(metrics),
        targets=(),
        scales={headline: first.scales[headline] if alike else None},
        thresholds=first.thresholds if all(line.subject.thresholds == first.thresholds for line in lines) else (),
        running=any(line.subject.running for line in lines),
        against=first.against if alike else None,
        spread={line.name: _spread(line) for line in lines},
    )


def _form(subject: Subject) -> tuple[str, str | None]:
    """What scores must have in common to be counted by the same levels."""
    assert subject.headline is not None  # only what is scored is asked for
    levels = next((each.distribution for _, each in subject.of(subject.headline) if each.distribution), ())
    return repr([(level.value, level.score) for level in levels]), subject.against


def _metrics(line: _Line, headline: str, *, alike: bool) -> Iterator[MetricSummary]:
    subject = line.subject
    assert subject.headline is not None  # only what is scored is among the lines
    for series, metric in subject.of(subject.headline):
        if series.name == line.series.name:
            told = metric if alike else replace(metric, distribution=(), pairs=None)
            yield replace(told, target=line.name, name=headline)


def _spread(line: _Line) -> Spread:
    """How many scores there are of each value."""
    subject = line.subject
    assert subject.headline is not None  # only what is scored is among the lines
    for series, metric in subject.of(subject.headline):
        if series.name != line.series.name:
            continue
        if metric.distribution:
            return [(level.score, level.count) for level in metric.distribution]
        if metric.pairs is not None:
            return [(1.0, metric.pairs.wins), (0.5, metric.pairs.ties), (0.0, metric.pairs.losses)]
    return subject.spread.get(line.series.name, ())


def _trails(store: Store, lines: Sequence[_Line]) -> Mapping[str, Trail]:
    by_run = {run.key: running_trails(store, run) for run in {line.run.key: line.run for line in lines}.values()}
    found = ((line.name, by_run[line.run.key].get(line.series.name)) for line in lines)
    return {name: trail for name, trail in found if trail is not None}
