"""How scores are distributed: by level of the scale, or in tenths where there are no levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lattice.reporting import formats
from lattice.reporting.charts.palette import series_colour
from lattice.reporting.charts.parts import (
    INK_COLOUR,
    WHOLE_LABELS,
    Json,
    Row,
    band,
    colour_of,
    offset_of,
    shape_of,
    specification,
    tooltip_of,
)
from lattice.reporting.charts.records import Chart, ChartKind, ChartTable
from lattice.reporting.charts.subjects import Series, Subject
from lattice.reporting.figures import MetricSummary
from lattice.scoring.scales import Scale

TENTHS = 10
OUTCOMES = ("won (1.00)", "tied (0.50)", "lost (0.00)")
_HAIR = 1e-9
_STEP, _STEP_WITHIN = 30, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bars:
    """One target's scores: so many in each of the levels, from the highest."""

    series: Series
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def distribution_chart(subject: Subject) -> Chart:
    """The scores of every target; the highest level stands at the top."""
    levels, bars = _levels(subject), _bars(subject)
    title = _title(subject, levels, bars)
    rows = [
        {
            "series": each.series.label,
            "level": level,
            "count": count,
            "share": count / each.total,
            "said": f"{formats.count(count)} ({formats.whole_percent(count, each.total)})",
        }
        for each in bars
        for level, count in zip(levels, each.counts, strict=True)
    ]
    counted = "; ".join(
        f"{each.series.label}: n = {formats.count(each.total)}" if len(bars) > 1 else f"n = {formats.count(each.total)}"
        for each in bars
    )
    return Chart(
        name=ChartKind.DISTRIBUTION.value,
        title=title,
        caption=f"{subject.unit.capitalize()} by {_named(subject)}, {counted}. {_reading(subject)}",
        description=f"{title} " + " ".join(_in_words(levels, bars)),
        spec=_spec(subject, title, levels, rows),
        table=_table(subject, levels, bars),
    )


def _levels(subject: Subject) -> list[str]:
    """Names of the levels, the highest first."""
    if subject.against is not None:
        return list(OUTCOMES)
    found = next((each.distribution for _, each in _headline(subject) if each.distribution), ())
    if found:
        return [f"{level.value} ({formats.score(level.score)})" for level in reversed(found)]
    edges = [place / TENTHS for place in range(TENTHS + 1)]
    return [f"{low:.1f} to {high:.1f}" for low, high in reversed(list(pairwise(edges)))]


def _bars(subject: Subject) -> list[_Bars]:
    bars = []
    for series, metric in _headline(subject):
        spread = subject.spread.get(series.name, ())
        if subject.against is not None:
            counts = _outcomes(metric, spread)
        elif metric.distribution:
            counts = [level.count for level in metric.distribution]
        else:
            counts = in_tenths(spread)
        if sum(counts):
            bars.append(_Bars(series=series, counts=tuple(reversed(counts))))
    return bars


def _headline(subject: Subject) -> list[tuple[Series, MetricSummary]]:
    return [] if subject.headline is None else subject.of(subject.headline)


def _outcomes(metric: MetricSummary, spread: Iterable[tuple[float, int]]) -> list[int]:
    """Losses, ties and wins."""
    if (pairs := metric.pairs) is not None:
        return [pairs.losses, pairs.ties, pairs.wins]
    counts = [0, 0, 0]
    for score, count in spread:
        counts[round(2 * score)] += count
    return counts


def in_tenths(scores: Iterable[tuple[float, int]]) -> list[int]:
    """Counts of scores by tenths of 0–1; an edge belongs to the upper one, and 1 to the last."""
    counts = [0] * TENTHS
    for score, count in scores:
        counts[min(TENTHS - 1, int(score * TENTHS + _HAIR))] += count
    return counts


def _scale(subject: Subject) -> Scale | None:
    return None if subject.headline is None else subject.scales[subject.headline]


def _named(subject: Subject) -> str:
    if subject.against is not None:
        return f"outcome against {subject.against}"
    scale = _scale(subject)
    return f"score, {scale.label} (and the same on 0–1)" if scale else "score on 0–1"


def _reading(subject: Subject) -> str:
    return "So far." if subject.running else "Failed trials have no score and are not among them."


def _spec(subject: Subject, title: str, levels: Sequence[str], rows: Sequence[Row]) -> Json:
    series = subject.series
    several = len(series) > 1
    value = ("share", "Share of inputs") if several else ("count", subject.unit.capitalize())
    x: Json = {
        "field": value[0],
        "type": "quantitative",
        "scale": {"domainMin": 0, "nice": True},
        "axis": {
            "title": value[1],
            "tickCount": 5,
            **({"format": "%"} if several else {"labelExpr": WHOLE_LABELS}),
        },
    }
    position: Json = {"y": band("level", levels), **offset_of(series)}
    tooltip = tooltip_of(("series", "Target"), ("level", "Score"), ("count", "Count", ",d"), ("share", "Share", ".1%"))
    bars: Json = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.78}},
        "encoding": {**position, "x": x, "tooltip": tooltip, "color": {"value": series_colour(series[0].index)}},
    }
    stems: Json = {
        "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.45},
        "encoding": {**position, "x": x, "x2": {"datum": 0}, "color": colour_of(series), "tooltip": tooltip},
    }
    heads: Json = {
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": 75},
        "encoding": {**position, "x": x, "color": colour_of(series), "shape": shape_of(series), "tooltip": tooltip},
    }
    texts: Json = {
        "mark": {"type": "text", "align": "left", "dx": 8, "color": INK_COLOUR, "fontSize": 11},
        "encoding": {**position, "x": x, "text": {"field": "said", "type": "nominal"}},
    }
    # Several targets end in points, so that shapes tell them apart as well as colours.
    layers = [stems, heads, texts] if several else [bars, texts]
    return specification(
        title, rows, layers, height={"step": _STEP_WITHIN, "for": "offset"} if several else {"step": _STEP}
    )


def _title(subject: Subject, levels: Sequence[str], bars: Sequence[_Bars]) -> str:
    if not bars:
        return "There is no score yet."
    if subject.against is not None:
        return _title_of_pairs(subject.against, bars)
    scale, first = _scale(subject), bars[0]
    if len(bars) > 1:
        return _title_of_several(subject, levels[0], bars)
    most = max(range(len(levels)), key=lambda place: first.counts[place])
    share = formats.whole_percent(first.counts[most], first.total)
    so_far = " so far" if subject.running else ""
    what = f"a {levels[most]}" if scale else f"between {levels[most].replace('to', 'and')}"
    verb = "scored" if scale else "lie"
    whose = f" of {first.series.label}" if len(subject.series) > 1 else ""
    return f"{share} of the {subject.unit}{whose} {verb} {what}{so_far}, more than any other score."


def _title_of_pairs(against: str, bars: Sequence[_Bars]) -> str:
    """How the one that won most often did."""
    best = max(bars, key=lambda each: each.counts[0] / each.total)
    won, tied, lost = (formats.whole_percent(count, best.total) for count in best.counts)
    most = " most often" if len(bars) > 1 else ""
    return (
        f"{best.series.label} won{most} against {against}, in {won} of the pairs; it tied in {tied} and lost in {lost}."
    )


def _title_of_several(subject: Subject, top: str, bars: Sequence[_Bars]) -> str:
    """Who reaches the highest level most often, and who least."""
    best, worst = (choose(bars, key=lambda each: each.counts[0] / each.total) for choose in (max, min))
    shares = [formats.whole_percent(each.counts[0], each.total) for each in (best, worst)]
    so_far = " so far" if subject.running else ""
    if shares[0] == shares[1]:
        return f"All reach {top} equally often{so_far}, in {shares[0]} of the {subject.unit}."
    most = f"{best.series.label} reaches {top} most often{so_far}, in {shares[0]} of the {subject.unit}"
    return f"{most}; {worst.series.label} least, in {shares[1]}."


def _in_words(levels: Sequence[str], bars: Sequence[_Bars]) -> list[str]:
    return [
        f"{each.series.label}: "
        + ", ".join(
            f"{level} {formats.whole_percent(count, each.total)}"
            for level, count in zip(levels, each.counts, strict=True)
        )
        + "."
        for each in bars
    ]


def _table(subject: Subject, levels: Sequence[str], bars: Sequence[_Bars]) -> ChartTable:
    columns = ("Score", *(each.series.label if len(bars) > 1 else subject.unit.capitalize() for each in bars))
    rows = [
        (
            level,
            *(
                f"{formats.count(each.counts[place])} ({formats.whole_percent(each.counts[place], each.total)})"
                for each in bars
            ),
        )
        for place, level in enumerate(levels)
    ]
    return ChartTable(columns=columns, rows=tuple(rows))
