"""Mean with interval, for each target and metric."""

from __future__ import annotations

from collections.abc import Sequence

from lattice.reporting import formats
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    Json,
    Row,
    band,
    colour_of,
    legend_above,
    offset_of,
    score_axis,
    shape_of,
    specification,
    threshold_layers,
    threshold_words,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject, distinct
from lattice.reporting.charts.wording import count_words, interval_words, methods_words
from lattice.reporting.figures import SCORE, MetricSummary

MOST_ROWS = 60
_STEP, _STEP_WITHIN = 34, 22

Found = tuple[Series, MetricSummary]


def means_chart(subject: Subject) -> Chart:
    """Every metric of every target; the headline first."""
    metrics = [name for name in subject.scales if subject.of(name)]
    shown = metrics[: max(1, MOST_ROWS // len(subject.series))]
    labels = dict(zip(shown, distinct(shown), strict=True))
    found = [(labels[name], each) for name in shown for each in subject.of(name)]
    rows = [_row(label, each) for label, each in found]
    title = _title(subject)
    return Chart(
        name=ChartKind.MEANS.value,
        title=title,
        caption=_caption(subject, [each for _, each in found], left_out=len(metrics) - len(shown)),
        description=f"{title} Points are means, lines their intervals, on a scale from 0 to 1.",
        spec=_spec(subject, title, list(labels.values()), rows),
        table=_table(found),
    )


def _row(label: str, found: Found) -> Row:
    series, metric = found
    interval = metric.interval
    return {
        "metric": label,
        "series": series.label,
        "mean": metric.mean,
        "lower": interval.lower if interval else metric.mean,
        "upper": interval.upper if interval else metric.mean,
        "interval": interval_words(interval),
        "native": formats.native(metric.native_mean),
        "count": count_words(metric),
        "said": f"{formats.score(metric.mean)} (n = {count_words(metric)})",
    }


def _spec(subject: Subject, title: str, metrics: Sequence[str], rows: Sequence[Row]) -> Json:
    series, headline = subject.series, subject.headline
    scale = subject.scales[headline] if headline else None
    thresholds = [each for each in subject.thresholds if each.metric == headline]
    legend = legend_above(thresholds)
    y = band("metric", metrics)
    within = offset_of(series)
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": score_axis(scale, title="Mean score"),
    }
    tooltip = tooltip_of(
        ("series", "Target"), ("metric", "Metric"), ("mean", "Mean", ".3f"), ("native", "On its scale"),
        ("interval", "Interval"), ("count", "n"),
    )  # fmt: skip
    position: Json = {"y": y, **within}
    layers: list[Json] = [
        *threshold_layers(thresholds, "x"),
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round", "opacity": 0.55},
            "encoding": {
                **position,
                "x": {**x, "field": "lower"},
                "x2": {"field": "upper"},
                "color": colour_of(series, legend=legend),
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 95},
            "encoding": {
                **position,
                "x": {**x, "field": "mean"},
                "color": colour_of(series, legend=legend),
                "shape": shape_of(series, legend=legend),
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "color": INK_COLOUR},
            "encoding": {**position, "x": {"value": "width"}, "text": {"field": "said", "type": "nominal"}},
        },
    ]
    step = {"step": _STEP} if len(series) < 2 else {"step": _STEP_WITHIN, "for": "offset"}
    return specification(title, rows, layers, height=step)


def _title(subject: Subject) -> str:
    if subject.headline is None or not (found := subject.of(subject.headline)):
        return "There is no score yet."
    best = max(found, key=lambda each: each[1].mean or 0.0)
    so_far = " so far" if subject.running else ""
    said = f"{formats.score(best[1].mean)}{_bounds(best[1])}"
    if len(found) == 1:
        what = "score" if subject.headline == SCORE else f"of {distinct([best[1].name])[0]}"
        whose = f" of {best[0].label}" if len(subject.series) > 1 else ""
        return f"The mean {what}{whose}{so_far} is {said}."
    worst = min(found, key=lambda each: each[1].mean or 0.0)
    lowest = f"{worst[0].label} the lowest, {formats.score(worst[1].mean)}"
    return f"{best[0].label} has the highest mean{so_far}, {said}; {lowest}."


def _bounds(metric: MetricSummary) -> str:
    found = metric.interval
    return f" {formats.interval(found.lower, found.upper)}" if found else ""


def _caption(subject: Subject, found: Sequence[Found], *, left_out: int) -> str:
    methods = methods_words([each.interval for _, each in found])
    said = [f"Mean with {methods}, n = {subject.unit} with a score of those ended."]
    if len(subject.series) > 1:
        said.append("Two intervals that overlap are no test of a difference: compare the runs for that.")
    said.append(threshold_words([each for each in subject.thresholds if each.metric == subject.headline]))
    if left_out:
        said.append(f"{left_out} more metrics are in the table of the run.")
    return " ".join(part for part in said if part)


def _table(found: Sequence[tuple[str, Found]]) -> ChartTable:
    columns = ("Target", "Metric", "Mean", "Interval", "On its scale", "n")
    rows = [
        (
            series.label,
            label,
            formats.score(metric.mean),
            interval_words(metric.interval),
            formats.native(metric.native_mean),
            count_words(metric),
        )
        for label, (series, metric) in found
    ]
    return ChartTable(columns=columns, rows=tuple(rows), numbers_from=2)
