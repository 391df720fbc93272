"""An evaluation's runs over time: means with intervals, thresholds, verdicts of the gates, new versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from lattice.reporting import formats
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    QUIET_COLOUR,
    RULE_COLOUR,
    Json,
    Row,
    colour_of,
    lines_of,
    offset_of,
    scores_in_sight,
    specification,
    threshold_layers,
    threshold_words,
    tooltip_of,
    upright_score_axis,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject
from lattice.reporting.charts.wording import count_words, interval_words, methods_words
from lattice.reporting.figures import MetricSummary

MOST_RUNS = 60
_HEIGHT = 280
_CLEAR = 0.005

NO_GATE = "no gate"
VERDICTS = ("pass", "fail", "inconclusive", "not evaluated", NO_GATE)
CROSS = "M-.7,-1L0,-.3L.7,-1L1,-.7L.3,0L1,.7L.7,1L0,.3L-.7,1L-1,.7L-.3,0L-1,-.7Z"
SHAPES = ("circle", CROSS, "diamond", "square", "circle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run of the evaluation.

    Parameters
    ----------
    number: within the evaluation; version: of its configuration.
    verdict: of all its gates together, one of `VERDICTS`.
    at: when it started, UTC.
    is_baseline: later runs are held against it.
    """

    number: int
    version: int
    verdict: str
    at: datetime
    subject: Subject
    is_baseline: bool = False


def history_chart(runs: Sequence[Past]) -> Chart:
    """The headline of each run, oldest first; colours are those of the last run's targets."""
    shown = list(runs[-MOST_RUNS:])
    metric = next((each.subject.headline for each in reversed(shown)), None)
    series = _series(shown)
    found = [
        (past, target, numbers)
        for past in shown
        if metric is not None and past.subject.headline == metric
        for target, numbers in _matched(past, metric, series)
    ]
    title = _title(found)
    return Chart(
        name=ChartKind.HISTORY.value,
        title=title,
        caption=_caption(shown, [numbers for _, _, numbers in found], left_out=len(runs) - len(shown)),
        description=f"{title} A point with its interval for each run; its shape tells the verdict of the gates.",
        spec=_spec(title, shown, series, [_row(*each) for each in found]),
        table=_table(found),
    )


Found = tuple[Past, Series, MetricSummary]


def _series(runs: Sequence[Past]) -> tuple[Series, ...]:
    """The last run's targets."""
    return runs[-1].subject.series if runs else ()


def _matched(past: Past, metric: str, series: Sequence[Series]) -> list[tuple[Series, MetricSummary]]:
    """A run's targets that the last one still has; a single target stays the same one under another name."""
    numbers = past.subject.of(metric)
    if len(series) == 1 and len(past.subject.series) == 1:
        return [(series[0], found) for _, found in numbers]
    by_name = {found.target: found for _, found in numbers}
    return [(each, by_name[each.name]) for each in series if each.name in by_name]


def _place(past: Past) -> str:
    """Number and day: ``#12``, below it ``3 Mar``, and below that whether it is the baseline."""
    return f"#{past.number}\n{past.at.day} {past.at:%b}" + ("\nbaseline" if past.is_baseline else "")


def _row(past: Past, series: Series, found: MetricSummary) -> Row:
    interval = found.interval
    return {
        "run": _place(past),
        "series": series.label,
        "index": series.index,
        "mean": found.mean,
        "lower": interval.lower if interval else found.mean,
        "upper": interval.upper if interval else found.mean,
        "interval": interval_words(interval),
        "native": formats.native(found.native_mean),
        "count": count_words(found),
        "gates": past.verdict,
        "version": past.version,
        "started": f"{past.at:%Y-%m-%d %H:%M} UTC",
    }


def _spec(title: str, runs: Sequence[Past], series: Sequence[Series], rows: Sequence[Row]) -> Json:
    last = runs[-1].subject if runs else None
    headline = last.headline if last else None
    scale = last.scales[headline] if last and headline else None
    thresholds = [each for each in (last.thresholds if last else ()) if each.metric == headline]
    x: Json = {
        "field": "run",
        "type": "ordinal",
        "sort": None,
        "scale": {"type": "band", "domain": [_place(each) for each in runs], "paddingInner": 0.4},
        "axis": {
            "title": "Run, and the day it started (UTC)",
            "labelExpr": "split(datum.value, '\\n')",
            "labelAngle": 0,
            "labelOverlap": "greedy",
            "grid": False,
        },
    }
    y: Json = {
        "type": "quantitative",
        "scale": {"domain": scores_in_sight(rows, thresholds)},
        "axis": upright_score_axis(scale, title="Mean score"),
    }
    within = offset_of(series, "xOffset")
    verdicts = [each for each in VERDICTS if each in {row["gates"] for row in rows}]
    tooltip = tooltip_of(
        ("run", "Run"), ("series", "Target"), ("mean", "Mean", ".3f"), ("native", "On its scale"),
        ("interval", "Interval"), ("count", "n"), ("gates", "Gates"), ("version", "Version"), ("started", "Started"),
    )  # fmt: skip
    legend: Json = {"offset": 26} if thresholds else {}
    layers: list[Json] = [
        *_version_layers(runs, x),
        *threshold_layers(thresholds, "y"),
        *lines_of(series, {"x": x, **within, "y": {**y, "field": "mean"}}, opacity=0.45, strokeWidth=1.5),
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round", "opacity": 0.55},
            "encoding": {
                "x": x,
                **within,
                "y": {**y, "field": "lower"},
                "y2": {"field": "upper"},
                "color": colour_of(series, legend=legend),
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 110},
            "encoding": {
                "x": x,
                **within,
                "y": {**y, "field": "mean"},
                "color": colour_of(series, legend=legend),
                "shape": {
                    "field": "gates",
                    "type": "nominal",
                    "scale": {"domain": verdicts, "range": [SHAPES[VERDICTS.index(each)] for each in verdicts]},
                    "legend": {"symbolFillColor": INK_COLOUR, "symbolStrokeColor": INK_COLOUR, **legend}
                    if verdicts != [NO_GATE]
                    else None,
                },
                "tooltip": tooltip,
            },
        },
    ]
    return specification(title, rows, layers, height=_HEIGHT)


def _version_layers(runs: Sequence[Past], x: Json) -> list[Json]:
    """An upright line where a run has another configuration than the one before."""
    changed = [
        {"run": _place(new), "version": f"v{new.version}"} for old, new in pairwise(runs) if old.version != new.version
    ]
    if not changed:
        return []
    data = {"values": changed}
    return [
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [1, 3], "strokeWidth": 1, "color": RULE_COLOUR},
            "encoding": {"x": x, "tooltip": tooltip_of(("version", "Configuration changed to"))},
        },
        {
            "data": data,
            "mark": {"type": "text", "dy": -6, "baseline": "bottom", "color": QUIET_COLOUR, "fontSize": 10.5},
            "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "version", "type": "nominal"}},
        },
    ]


def _title(found: Sequence[Found]) -> str:
    if not found:
        return "No run has a score yet."
    past, series, last = found[-1]
    before = [numbers for each, target, numbers in found if target == series and each is not past]
    if not before:
        return f"Run #{past.number} has a mean of {formats.score(last.mean)}."
    moved = (last.mean or 0.0) - (before[-1].mean or 0.0)
    earlier = formats.score(before[-1].mean)
    named = f" ({series.label})" if len({target for _, target, _ in found}) > 1 else ""
    way = "as before" if abs(moved) < _CLEAR else f"{'up' if moved > 0 else 'down'} from {earlier}"
    return f"Run #{past.number} has a mean of {formats.score(last.mean)}{named}, {way}."


def _caption(runs: Sequence[Past], numbers: Sequence[MetricSummary], *, left_out: int) -> str:
    said = [f"Mean of each run with {methods_words([each.interval for each in numbers])}."]
    if len({each.version for each in runs}) > 1:
        said.append("Dotted: the configuration changed.")
    if runs:
        last = runs[-1].subject
        said.append(threshold_words([each for each in last.thresholds if each.metric == last.headline]))
    if left_out:
        said.append(f"The last {MOST_RUNS} of {MOST_RUNS + left_out} runs.")
    said.append("Whether two runs differ, a comparison tells.")
    return " ".join(part for part in said if part)


def _table(found: Sequence[Found]) -> ChartTable:
    rows = [
        (
            f"#{past.number}",
            f"{past.at:%Y-%m-%d %H:%M}",
            series.label,
            past.verdict,
            formats.score(numbers.mean),
            interval_words(numbers.interval),
            count_words(numbers),
            str(past.version),
        )
        for past, series, numbers in reversed(found)
    ]
    columns = ("Run", "Started (UTC)", "Target", "Gates", "Mean", "Interval", "n", "Version")
    return ChartTable(columns=columns, rows=tuple(rows), numbers_from=4)
