"""The numbers of a comparison: a row for each metric, a column for each side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lattice.reporting import formats
from lattice.reporting.charts.difference_words import signed
from lattice.reporting.comparison import Comparison
from lattice.reporting.conclusions import Finding, level_text, p_text
from lattice.reporting.figures import MetricSummary
from lattice.reporting.formats import NOTHING, count
from lattice.reporting.sides import Side
from lattice.reporting.words.metrics import interval_text
from lattice.service.side_by_side import Matchup, Show, SideBySide

_P_METHODS: Mapping[str, str] = {
    "sign_flip": "sign flips",
    "sign_flip_exact": "exact sign flips",
    "sign_flip_monte_carlo": "random sign flips",
    "mcnemar_exact": "exact McNemar",
    "welch_t": "Welch's t",
    "clustered_welch_t": "Welch's t over clusters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanCell:
    """A mean of one side, with what must stand beside it; `value` is ``-`` where nothing was scored."""

    value: str
    exact: float | None = None
    interval: str = ""
    counted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaCell:
    """How a candidate stands to the baseline.

    Parameters
    ----------
    place: of the candidate, counted from 1.
    is_clear: the difference can be told from noise.
    counts: inputs of each kind; empty where they cannot be paired.
    """

    place: int
    mean: MeanCell
    difference: str
    interval: str = ""
    p_value: str = ""
    is_clear: bool = False
    said: str = ""
    counts: Mapping[Show, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric of every side."""

    name: str
    baseline: MeanCell
    candidates: tuple[DeltaCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainRow:
    """A number that no interval belongs to: each side's, and how far it is from the baseline's."""

    name: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All numbers of one baseline and its candidates.

    Parameters
    ----------
    methods: how intervals and p-values were made, in words.
    """

    metrics: tuple[MetricRow, ...]
    plain: tuple[PlainRow, ...]
    methods: tuple[str, ...]


def board_of(found: SideBySide, matchup: Matchup) -> Board:
    """The numbers of one baseline and its candidates."""
    sides = [found.report.side(name) for name in (matchup.baseline, *matchup.candidates)]
    mine = [each for each in found.report.comparisons if each.baseline == matchup.baseline]
    names = dict.fromkeys(metric.name for side in sides for metric in side.metrics)
    return Board(
        metrics=tuple(_metric_row(found, sides, name) for name in names),
        plain=tuple(_plain_rows(sides)),
        methods=tuple(_methods(sides, mine, tests=len(found.report.comparisons))),
    )


def _metric_row(found: SideBySide, sides: Sequence[Side], name: str) -> MetricRow:
    baseline = sides[0]
    return MetricRow(
        name=name,
        baseline=_mean_cell(baseline, name),
        candidates=tuple(_delta_cell(found, baseline, each, name, place) for place, each in enumerate(sides[1:], 1)),
    )


def _mean_cell(side: Side, name: str) -> MeanCell:
    metric = next((each for each in side.metrics if each.name == name), None)
    if metric is None:
        return MeanCell(value=NOTHING)
    counted = f"n = {count(metric.n)} of {count(metric.ended)}"
    if metric.mean is None:
        return MeanCell(value=NOTHING, counted=counted)
    return MeanCell(
        value=formats.score(metric.mean),
        exact=metric.mean,
        interval=interval_text(metric.interval) if metric.interval else "",
        counted=counted,
    )


def _delta_cell(found: SideBySide, baseline: Side, candidate: Side, name: str, place: int) -> DeltaCell:
    pairs = found.pairs(baseline.name, candidate.name, name)
    compared = found.comparison(baseline.name, candidate.name, name)
    counts = pairs.counts() if pairs is not None else {}
    mean = _mean_cell(candidate, name)
    if compared is None or compared.difference is None:
        return DeltaCell(place=place, mean=mean, difference="", counts=counts)
    p_value = compared.p_value if compared.adjusted_p_value is None else compared.adjusted_p_value
    return DeltaCell(
        place=place,
        mean=mean,
        difference=signed(compared.difference),
        interval=_signed_interval(compared),
        p_value="" if p_value is None else p_text(p_value),
        is_clear=compared.finding in (Finding.BETTER, Finding.WORSE),
        said=_SAID[compared.finding],
        counts=counts,
    )


_SAID: Mapping[Finding, str] = {
    Finding.BETTER: "better",
    Finding.WORSE: "worse",
    Finding.UNCLEAR: "may be noise",
    Finding.UNKNOWN: "",
}


def _signed_interval(compared: Comparison) -> str:
    found = compared.interval
    return f"[{signed(found.lower)}, {signed(found.upper)}]" if found else ""


def _plain_rows(sides: Sequence[Side]) -> Iterator[PlainRow]:
    """Cost, latency and failures."""
    yield _plain("Cost", sides, lambda side: side.totals.cost_usd, formats.money)
    yield _plain("Latency p50", sides, lambda side: _latency(side, "p50"), formats.latency)
    yield _plain("Latency p95", sides, lambda side: _latency(side, "p95"), formats.latency)
    yield PlainRow(name="Failed", values=tuple((_failed(side), "") for side in sides))


def _plain(
    name: str, sides: Sequence[Side], number: Callable[[Side], float | None], words: Callable[[float | None], str]
) -> PlainRow:
    first = number(sides[0])
    return PlainRow(
        name=name,
        values=tuple((words(number(side)), "" if side is sides[0] else _change(first, number(side))) for side in sides),
    )


def _change(before: float | None, after: float | None) -> str:
    """``+12%``; nothing where that says nothing."""
    if not before or after is None:
        return ""
    change = after / before - 1
    if abs(change) >= 10:
        return f"× {after / before:.3g}"
    return f"{change:+.0%}".replace("-", "−") if abs(change) >= 0.005 else "same"


def _latency(side: Side, name: str) -> float | None:
    found = side.totals.latency
    return None if found is None else float(getattr(found, name))


def _failed(side: Side) -> str:
    totals = side.totals
    return f"{count(totals.failed)} of {count(totals.done)}"


def _methods(sides: Sequence[Side], compared: Sequence[Comparison], *, tests: int) -> Iterator[str]:
    """What one has to know to read the intervals."""
    means = dict.fromkeys(_method(each) for side in sides for each in side.metrics if each.interval)
    if means:
        yield f"Means: {', '.join(means)}."
    differences = dict.fromkeys(
        f"{level_text(each.interval.level)} {each.method} ({each.interval.method})"
        for each in compared
        if each.interval
    )
    if differences:
        yield f"Differences, candidate less baseline: {', '.join(differences)}."
    tested = dict.fromkeys(_P_METHODS.get(each.p_method, each.p_method) for each in compared if each.p_method)
    if tested:
        together = f", corrected for {tests} comparisons (Holm)" if tests > 1 else ""
        yield f"p: {', '.join(tested)}{together}."
    elif compared:
        yield "No p-value: it would not hold for runs that have not gone to their end."


def _method(metric: MetricSummary) -> str:
    assert metric.interval is not None  # asked for by the only caller
    return f"{level_text(metric.interval.level)} {metric.interval.method}"
