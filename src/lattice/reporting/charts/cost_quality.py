"""Cost against quality: what a better mean costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lattice.reporting import formats
from lattice.reporting.charts.parts import (
    Json,
    colour_of,
    scores_in_sight,
    shape_of,
    specification,
    tooltip_of,
    upright_score_axis,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject
from lattice.reporting.charts.wording import count_words, interval_words, methods_words
from lattice.reporting.figures import MetricSummary
from lattice.scoring.scales import Scale

LEAST = 2
PER = 1000
_HEIGHT = 280
_WIDE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A target of a run, with what it cost.

    Parameters
    ----------
    cost_usd: of one trial on average, the judge's calls included.
    """

    series: Series
    metric: MetricSummary
    cost_usd: float


def priced(subject: Subject) -> list[Priced]:
    """The targets whose cost is known and whose mean there is."""
    costs = {each.target: each.cost_usd / each.done for each in subject.targets if each.cost_usd and each.done}
    found = [] if subject.headline is None else subject.of(subject.headline)
    return [
        Priced(series=series, metric=metric, cost_usd=costs[series.name])
        for series, metric in found
        if series.name in costs
    ]


def cost_quality_chart(points: Sequence[Priced], scale: Scale | None) -> Chart:
    """A point for each target: to the left is cheaper, above is better.

    Parameters
    ----------
    scale: of the judge; None where scores have none, or not all the same one.
    """
    title = _title(points)
    return Chart(
        name=ChartKind.COST_QUALITY.value,
        title=title,
        caption=f"Mean with {methods_words([each.metric.interval for each in points])}; "
        "cost of targets and judge together. To the left is cheaper, above is better.",
        description=f"{title} "
        + " ".join(
            f"{each.series.label}: mean {formats.score(each.metric.mean)} at {_money(each)}." for each in points
        ),
        spec=_spec(title, points, scale),
        table=ChartTable(
            columns=("Target", f"Cost per {formats.count(PER)} trials", "Mean", "Interval", "n"),
            rows=tuple(
                (
                    each.series.label,
                    _money(each),
                    formats.score(each.metric.mean),
                    interval_words(each.metric.interval),
                    count_words(each.metric),
                )
                for each in points
            ),
        ),
    )


def _money(each: Priced) -> str:
    return formats.money(PER * each.cost_usd)


def _spec(title: str, points: Sequence[Priced], scale: Scale | None) -> Json:
    series = [each.series for each in points]
    rows = [
        {
            "series": each.series.label,
            "cost": PER * each.cost_usd,
            "mean": each.metric.mean,
            "lower": each.metric.interval.lower if each.metric.interval else each.metric.mean,
            "upper": each.metric.interval.upper if each.metric.interval else each.metric.mean,
            "interval": interval_words(each.metric.interval),
            "money": _money(each),
            "count": count_words(each.metric),
        }
        for each in points
    ]
    costs = [PER * each.cost_usd for each in points]
    wide = max(costs, default=1.0) > _WIDE * min(costs, default=1.0)
    x: Json = {
        "field": "cost",
        "type": "quantitative",
        "scale": {"type": "log", "nice": True} if wide else {"domainMin": 0, "nice": True},
        "axis": {
            "title": f"US dollars per {formats.count(PER)} trials" + (" (logarithmic)" if wide else ""),
            "format": "$~s" if max(costs, default=1.0) >= PER else "$,.2~f",
            "tickCount": 6,
            "labelOverlap": "greedy",
        },
    }
    y: Json = {
        "type": "quantitative",
        "scale": {"domain": scores_in_sight(rows)},
        "axis": upright_score_axis(scale, title="Mean score"),
    }
    tooltip = tooltip_of(
        ("series", "Target"), ("money", "Cost"), ("mean", "Mean", ".3f"), ("interval", "Interval"), ("count", "n")
    )
    layers: list[Json] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round", "opacity": 0.55},
            "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}, "color": colour_of(series)},
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 120},
            "encoding": {
                "x": x,
                "y": {**y, "field": "mean"},
                "color": colour_of(series),
                "shape": shape_of(series),
                "tooltip": tooltip,
            },
        },
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _title(points: Sequence[Priced]) -> str:
    if not points:
        return "No cost is known yet."
    best = max(points, key=lambda each: each.metric.mean or 0.0)
    cheapest = min(points, key=lambda each: each.cost_usd)
    said = f"{best.series.label} has the highest mean, {formats.score(best.metric.mean)},"
    if best is cheapest:
        return f"{said} and costs least, {_money(best)}."
    times = best.cost_usd / cheapest.cost_usd
    lowest = f"{cheapest.series.label} with {formats.score(cheapest.metric.mean)}"
    return f"{said} at {times:.1f} times the cost of {lowest}."
