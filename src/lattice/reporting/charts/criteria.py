"""The profile of criteria and checks: where an evaluation's targets are strong and where they are weak."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from lattice.reporting import formats
from lattice.reporting.charts.parts import (
    Json,
    Row,
    band,
    colour_of,
    lines_of,
    score_axis,
    shape_of,
    specification,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Subject, distinct
from lattice.reporting.charts.wording import count_words, interval_words

LEAST = 2
MOST = 30
_STEP = 38


def criteria_chart(subject: Subject) -> Chart:
    """Mean of each criterion and check, a line for each target, the weakest at the bottom."""
    names = _ordered(subject)[-MOST:]
    labels = dict(zip(names, _labels(subject, names), strict=True))
    found = [(name, series, metric) for name in names for series, metric in subject.of(name)]
    rows = [
        {
            "criterion": labels[name],
            "place": names.index(name),
            "series": series.label,
            "index": series.index,
            "mean": metric.mean,
            "interval": interval_words(metric.interval),
            "native": formats.native(metric.native_mean),
            "count": count_words(metric),
        }
        for name, series, metric in found
    ]
    title = _title(subject, names)
    return Chart(
        name=ChartKind.CRITERIA.value,
        title=title,
        caption="Mean of each criterion and check; the weakest at the bottom. The intervals are in the table.",
        description=f"{title} A line for each target joins its means, on a scale from 0 to 1.",
        spec=_spec(subject, title, list(labels.values()), rows),
        table=ChartTable(
            columns=("Criterion", "Target", "Mean", "Interval", "On its scale", "n"),
            rows=tuple(
                (
                    labels[name],
                    series.label,
                    formats.score(metric.mean),
                    interval_words(metric.interval),
                    formats.native(metric.native_mean),
                    count_words(metric),
                )
                for name, series, metric in found
            ),
            numbers_from=2,
        ),
    )


def profiled(subject: Subject) -> list[str]:
    """The criteria and checks that have a mean."""
    return [name for name in subject.criteria if subject.of(name)]


def _mean(subject: Subject, name: str) -> float:
    """Over the targets, to bring the criteria into an order."""
    means = [metric.mean or 0.0 for _, metric in subject.of(name)]
    return fsum(means) / len(means)


def _ordered(subject: Subject) -> list[str]:
    """The strongest first."""
    return sorted(profiled(subject), key=lambda name: -_mean(subject, name))


def _labels(subject: Subject, names: Sequence[str]) -> list[str]:
    """With the weight behind the name, where weights differ."""
    total = fsum(subject.weights.values())
    told = len(set(subject.weights.values())) > 1
    short = distinct(names, 26)
    return [
        f"{label} (weight {subject.weights[name] / total:.0%})" if told and name in subject.weights else label
        for name, label in zip(names, short, strict=True)
    ]


def _title(subject: Subject, names: Sequence[str]) -> str:
    if not names:
        return "There is no score yet."
    weakest, strongest = names[-1], names[0]
    label_weak, label_strong = distinct([weakest, strongest]) if len(names) > 1 else (weakest, weakest)
    so_far = " so far" if subject.running else ""
    over = " over the targets" if len(subject.series) > 1 else ""
    return (
        f"“{label_weak}” is the weakest{so_far}, {formats.score(_mean(subject, weakest))}{over}; "
        f"“{label_strong}” the strongest, {formats.score(_mean(subject, strongest))}."
    )


def _spec(subject: Subject, title: str, criteria: Sequence[str], rows: Sequence[Row]) -> Json:
    series = subject.series
    scales = {subject.scales[name] for name in profiled(subject)}
    scale = next(iter(scales)) if len(scales) == 1 else None
    y = band("criterion", criteria, grid=True)
    x: Json = {
        "field": "mean",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {**score_axis(scale, title="Mean score")},
    }
    tooltip = tooltip_of(
        ("series", "Target"), ("criterion", "Criterion"), ("mean", "Mean", ".3f"), ("interval", "Interval"),
        ("native", "On its scale"), ("count", "n"),
    )  # fmt: skip
    layers: list[Json] = [
        *lines_of(series, {"y": y, "x": x, "order": {"field": "place", "type": "quantitative"}}, opacity=0.7),
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 95},
            "encoding": {"y": y, "x": x, "color": colour_of(series), "shape": shape_of(series), "tooltip": tooltip},
        },
    ]
    return specification(title, rows, layers, height={"step": _STEP})
