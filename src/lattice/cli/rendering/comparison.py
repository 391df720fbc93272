"""Runs side by side: means, differences, what one may conclude, latency and cost, and the inputs that moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lattice.cli.rendering.grids import aligned
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.config.differences import Difference
from lattice.reporting import formats
from lattice.reporting.comparison import Comparison, Moved, Report
from lattice.reporting.conclusions import Finding, level_text, p_text
from lattice.reporting.figures import Bounds, MetricSummary
from lattice.reporting.formats import NOTHING, count, fit, terminal_text, wrapped
from lattice.reporting.sides import Side

_INDENT = "  "
_NAME = 40
_MOST_CHANGES = 20
_COLOURS = {Finding.BETTER: Colour.GREEN, Finding.WORSE: Colour.RED}
_METHODS = {
    "sign_flip_exact": "signs flipped in all ways",
    "sign_flip_monte_carlo": "signs flipped at random",
    "mcnemar_exact": "exact McNemar",
    "welch_t": "Welch's t",
    "clustered_welch_t": "Welch's t on clusters",
}


def comparison_lines(report: Report, terminal: Terminal) -> list[str]:
    """Everything that was compared; warnings stand before the numbers."""
    lines = [*_heading(report, terminal), *_warnings(report, terminal), *_changes(report, terminal)]
    for metric in dict.fromkeys(each.metric for each in report.comparisons):
        found = [each for each in report.comparisons if each.metric == metric]
        lines += ["", terminal.paint(terminal_text(metric, terminal.width), Colour.BOLD)]
        lines += _means(report, metric, found, terminal)
        for each in found:
            lines += ["", *_difference(each, terminal)]
    lines += ["", terminal.paint("Latency and cost", Colour.BOLD), *_efforts(report, terminal)]
    for each in _by_pair(report):
        lines += _moved(each, terminal)
    return lines


def baseline_lines(report: Report | None) -> list[str]:
    """What may be concluded of a run held against its baseline; nothing without one."""
    if report is None:
        return []
    found = list(_by_pair(report))
    names = ", ".join(dict.fromkeys(each.baseline for each in found))
    return ["", f"Against {terminal_text(names)}:", *(f"{_INDENT}{terminal_text(each.conclusion)}" for each in found)]


def standing_lines(sides: Sequence[Side], terminal: Terminal) -> list[str]:
    """The metrics of each side with interval and n."""
    rows = [(_name(side), terminal_text(each.name, _NAME), *_mean(each)) for side in sides for each in side.metrics]
    return _table([("Run", "Metric", "Mean", "95% CI", "n"), *rows], terminal)


def _heading(report: Report, terminal: Terminal) -> list[str]:
    candidates = ", ".join(dict.fromkeys(each.candidate for each in report.comparisons))
    baselines = ", ".join(dict.fromkeys(each.baseline for each in report.comparisons))
    paired = {each.method for each in report.comparisons} == {"paired"}
    how = "input by input" if paired else "as two samples"
    lines = _wrapped(f"Comparison: {candidates} with {baselines} (baseline), {how}", terminal)
    if report.left_out:
        lines += _wrapped(f"Left out, without a counterpart: {', '.join(report.left_out)}", terminal)
    if (tests := len(report.comparisons)) > 1:
        lines += _wrapped(f"{tests} comparisons are made together; p-values are corrected for that (Holm).", terminal)
    return lines


def _warnings(report: Report, terminal: Terminal) -> list[str]:
    pairs = list(_by_pair(report))
    lines = []
    for each in pairs:
        named = f"{each.candidate}: " if len(pairs) > 1 else ""
        for warning in each.warnings:
            lines += _wrapped(f"Warning: {named}{warning}", terminal)
    return ["", *(terminal.paint(line, Colour.YELLOW) for line in lines)] if lines else []


def _changes(report: Report, terminal: Terminal) -> list[str]:
    """What differs between the runs beside their scores, once for each pair of runs."""
    lines: list[str] = []
    told: list[tuple[Difference, ...]] = []
    for each in _by_pair(report):
        if not each.changes or each.changes in told:
            continue
        told.append(each.changes)
        shown = [line for change in each.changes for line in change.lines()]
        lines += ["", terminal.paint(f"Changed from {each.baseline} to {each.candidate}", Colour.BOLD)]
        lines += [
            fit(f"{_INDENT}{terminal_text(line, terminal.width)}", terminal.width) for line in shown[:_MOST_CHANGES]
        ]
        if len(shown) > _MOST_CHANGES:
            lines.append(f"{_INDENT}... and {len(shown) - _MOST_CHANGES} more lines")
    return lines


def _by_pair(report: Report) -> Iterable[Comparison]:
    """The first comparison of each pair of sides: that of the score, where there is one."""
    first: dict[tuple[str, str], Comparison] = {}
    for each in report.comparisons:
        first.setdefault((each.baseline, each.candidate), each)
    return first.values()


def _means(report: Report, metric: str, found: Sequence[Comparison], terminal: Terminal) -> list[str]:
    names = {name for each in found for name in (each.baseline, each.candidate)}
    rows = [
        (_name(side), *_mean(next(each for each in side.metrics if each.name == metric)))
        for side in report.sides
        if side.name in names
    ]
    return _table([("Run", "Mean", "95% CI", "n"), *rows], terminal)


def _mean(metric: MetricSummary) -> tuple[str, str, str]:
    interval = formats.interval(metric.interval.lower, metric.interval.upper) if metric.interval else NOTHING
    return formats.score(metric.mean), interval, f"{count(metric.n)} of {count(metric.ended)}"


def _difference(comparison: Comparison, terminal: Terminal) -> list[str]:
    """The numbers in a line, and what they mean in words."""
    lines = _wrapped(f"{comparison.candidate} - {comparison.baseline}: {_numbers(comparison)}", terminal, _INDENT)
    said = _wrapped(comparison.conclusion, terminal, _INDENT)
    return [*lines, *(terminal.paint(line, _COLOURS.get(comparison.finding)) for line in said)]


def _numbers(comparison: Comparison) -> str:
    if comparison.difference is None:
        return NOTHING
    parts = [f"{comparison.difference:+.3f}"]
    if comparison.interval is not None:
        parts.append(f"{level_text(comparison.interval.level)} CI {_signed(comparison.interval)}")
    if comparison.p_value is not None:
        how = _METHODS.get(comparison.p_method or "", "")
        parts.append(p_text(comparison.p_value) + (f" ({how})" if how else ""))
    if comparison.adjusted_p_value is not None:
        parts.append(f"corrected {p_text(comparison.adjusted_p_value)}")
    if comparison.effect_size is not None:
        parts.append(f"effect size {comparison.effect_size:+.2f}")
    if comparison.wins is not None:
        parts.append(f"{_times(comparison.wins, 'win')}, {_times(comparison.ties, 'tie')}")
        parts.append(_times(comparison.losses, "loss"))
    return ", ".join(parts)


def _times(number: int | None, what: str) -> str:
    plural = {"win": "wins", "tie": "ties", "loss": "losses"}[what]
    return f"{count(number or 0)} {what if number == 1 else plural}"


def _signed(interval: Bounds) -> str:
    return f"[{interval.lower:+.3f}, {interval.upper:+.3f}] ({interval.method})"


def _efforts(report: Report, terminal: Terminal) -> list[str]:
    """How quick each side was, and what it cost in all and per trial."""
    rows = [("Run", "p50", "p95", "Cost", "per trial")]
    for side in report.sides:
        totals = side.totals
        latency, cost = totals.latency, totals.cost_usd
        each = cost / totals.done if cost is not None and totals.done else None
        p50, p95 = (formats.latency(latency.p50), formats.latency(latency.p95)) if latency else (NOTHING, NOTHING)
        rows.append((_name(side), p50, p95, formats.money(cost), formats.money(each)))
    return _table(rows, terminal)


def _moved(comparison: Comparison, terminal: Terminal) -> list[str]:
    lines = []
    for word, moved in (("worse", comparison.worse), ("better", comparison.better)):
        if moved:
            title = f"{comparison.candidate}: inputs that got {word} most ({comparison.metric})"
            lines += ["", terminal.paint(terminal_text(title, terminal.width), Colour.BOLD)]
            lines += [_input(each, terminal) for each in moved]
    return lines


def _input(moved: Moved, terminal: Terminal) -> str:
    arrow = terminal.sign("→", "->")
    scores = f"{formats.score(moved.baseline)} {arrow} {formats.score(moved.candidate)}"
    return fit(f"{_INDENT}#{moved.position}  {scores}  {terminal_text(moved.text, terminal.width)}", terminal.width)


def _name(side: Side) -> str:
    return terminal_text(side.name, _NAME)


def _table(rows: Sequence[Sequence[str]], terminal: Terminal) -> list[str]:
    return [_INDENT + line for line in aligned(rows, width=terminal.width - len(_INDENT))]


def _wrapped(text: str, terminal: Terminal, indent: str = "") -> list[str]:
    return wrapped(terminal_text(text), terminal.width, indent)
