"""Rows of a report's tables of numbers: each cell with the number it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lattice.reporting import formats
from lattice.reporting.figures import MetricSummary, Summary
from lattice.reporting.formats import NOTHING, count, rate
from lattice.reporting.words.metrics import interval_text

_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One number.

    Parameters
    ----------
    key: what it is, as documents call it.
    text: as it is shown. value: the number itself; None for none.
    """

    key: str
    text: str
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric of one target. `note` is the interval's method."""

    target: str
    name: str
    cells: tuple[Cell, ...]
    note: str


def metric_heads(summary: Summary) -> list[str]:
    """Heads of the columns of `metric_rows`, after target and metric."""
    heads = ["n", "Mean", f"{_level(summary)} CI", "On its scale", "Median", "Std Dev", "Min", "Max"]
    return heads + (["Pass Rate"] if _passing(summary) else [])


def metric_rows(summary: Summary, target: str) -> list[MetricRow]:
    """All metrics of one target."""
    passing = _passing(summary)
    return [
        MetricRow(
            target=metric.target,
            name=metric.name,
            cells=(*_cells(metric), *([_passed(metric)] if passing else [])),
            note=_method(metric),
        )
        for metric in summary.metrics
        if metric.target == target
    ]


def _level(summary: Summary) -> str:
    levels = sorted({metric.interval.level for metric in summary.metrics if metric.interval}) or [0.95]
    return " / ".join(f"{round(100 * level)}%" for level in levels)


def _passing(summary: Summary) -> bool:
    return any(metric.pass_rate is not None for metric in summary.metrics)


def _cells(metric: MetricSummary) -> Iterator[Cell]:
    stood_in = f", {count(metric.stood_in)} failed counted as {metric.failed_as:g}" if metric.stood_in else ""
    yield Cell(key="n", text=f"{count(metric.n)} of {count(metric.ended)}{stood_in}", value=metric.n)
    yield _score("mean", metric.mean)
    interval = metric.interval
    yield Cell(key="interval", text=interval_text(interval), value=interval.lower if interval else None)
    highest = f" of {metric.distribution[-1].value}" if metric.distribution else ""
    native = NOTHING if metric.native_mean is None else f"{metric.native_mean:.2f}{highest}"
    yield Cell(key="native_mean", text=native, value=metric.native_mean)
    for key, value in (("median", metric.median), ("std", metric.std), ("min", metric.min), ("max", metric.max)):
        yield _score(key, value)


def _score(key: str, value: float | None) -> Cell:
    return Cell(key=key, text=formats.score(value), value=value)


def _passed(metric: MetricSummary) -> Cell:
    condition = f" ({metric.pass_condition})" if metric.pass_condition else ""
    text = NOTHING if metric.pass_rate is None else f"{formats.share(metric.pass_rate)}{condition}"
    return Cell(key="pass_rate", text=text, value=metric.pass_rate)


def _method(metric: MetricSummary) -> str:
    if metric.interval is not None:
        return metric.interval.method
    return "needs two scores" if metric.n < 2 else "not available"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """How a challenger did against the baseline."""

    target: str
    baseline: str
    cells: tuple[Cell, ...]


def pair_rows(summary: Summary) -> list[PairRow]:
    """Wins, ties, losses and the position-bias rate, where targets are compared in pairs."""
    return [
        PairRow(
            target=metric.target,
            baseline=pairs.baseline,
            cells=(
                Cell(key="wins", text=count(pairs.wins), value=pairs.wins),
                Cell(key="ties", text=count(pairs.ties), value=pairs.ties),
                Cell(key="losses", text=count(pairs.losses), value=pairs.losses),
                Cell(key="position_bias_rate", text=rate(pairs.biased, pairs.total), value=pairs.position_bias_rate),
            ),
        )
        for metric in summary.metrics
        if (pairs := metric.pairs) is not None and pairs.total
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """How quick one target was, and what it took."""

    target: str
    cells: tuple[Cell, ...]


def latency_rows(summary: Summary) -> list[LatencyRow]:
    """Percentiles, tokens and cost of each target that has answered."""
    return [
        LatencyRow(
            target=target.target,
            cells=(
                Cell(key="p50", text=formats.latency(found.p50), value=found.p50),
                Cell(key="p95", text=formats.latency(found.p95), value=found.p95),
                Cell(key="p99", text=formats.latency(found.p99), value=found.p99),
                Cell(key="tokens", text=count(target.usage.total_tokens), value=target.usage.total_tokens),
                Cell(key="cost_usd", text=formats.money(target.cost_usd), value=target.cost_usd),
            ),
        )
        for target in summary.targets
        if (found := target.latency) is not None
    ]
