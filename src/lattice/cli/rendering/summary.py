"""A run that has ended, in the words and the form that product and scripts agreed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.cli.rendering.grids import boxed
from lattice.cli.rendering.indicators import status_line
from lattice.cli.rendering.performance import performance_lines
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.evaluation import EvaluationType
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.reporting import formats
from lattice.reporting.figures import SCORE, MetricSummary, Spending, Summary, TargetSummary
from lattice.reporting.formats import NOTHING, count, rate, terminal_text, whole_percent, wrapped
from lattice.reporting.words.endings import contents_words, cost_text, stop_words
from lattice.reporting.words.metrics import (
    failures_words,
    interval_text,
    level_text,
    mean_words,
    native_text,
    pairs_words,
    throughput_text,
)
from lattice.reporting.words.progress import progress_text

_NARROW = 70

_VERDICTS = {
    "pass": ("✔", "+", Colour.GREEN),
    "fail": ("✖", "x", Colour.RED),
    "inconclusive": ("?", "?", Colour.YELLOW),
    "not_evaluated": ("–", "-", Colour.GRAY),
}


def summary_block(
    run: RunRecord,
    summary: Summary,
    terminal: Terminal,
    *,
    gates: Sequence[Mapping[str, Any]] = (),
    scale_maximum: int | None = None,
    doubts: Iterable[str] = (),
) -> list[str]:
    """Status, progress, duration, counts, cost, the metrics of each target, warnings and gates.

    Parameters
    ----------
    gates: entries of a document's ``gates``.
    scale_maximum: the highest level of the judge's own scale, for ``(3.95 of 5)``.
    doubts: why the judges' scores may not be believed; said where there are results.
    """
    lines = ending_lines(run, terminal, summary.spending)
    if run.progress.done:
        lines += results_lines(run.progress, summary.spending)
    lines += _warnings(run.progress, doubts, terminal)
    look = _Look(
        type=EvaluationType(run.evaluation_type),
        checks=frozenset(check["name"] for check in run.config.get("checks", ())),
        scale_maximum=scale_maximum,
        terminal=terminal,
    )
    for target in summary.targets:
        metrics = [metric for metric in summary.metrics if metric.target == target.target]
        lines += _target_lines(summary, target, metrics, look)
    if summary.throughput and len(summary.targets) > 1:
        lines += ["", f"Throughput: {throughput_text(summary.throughput)}"]
    return lines + gates_lines(gates, terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How metrics are shown.

    Parameters
    ----------
    checks: names of the metrics that are checks.
    """

    type: EvaluationType
    checks: frozenset[str]
    scale_maximum: int | None
    terminal: Terminal


def ending_lines(run: RunRecord, terminal: Terminal, spending: Spending) -> list[str]:
    """How the run ended: status, progress, duration, and in words why it ended early."""
    progress = run.progress
    lines = [
        status_line(terminal, run.status, interrupted=run.interrupted, draining=run.draining),
        progress_text(progress),
    ]
    if run.status is RunStatus.COMPLETED:
        lines.append(f"Duration: {formats.duration(run.elapsed)}")
    lines += _wrapped([*stop_words(run, spending), *contents_words(run)], terminal)
    ended = run.interrupted or run.status in (RunStatus.FAILED, RunStatus.CANCELLED)
    if ended and progress.done:
        lines.append("Partial results are preserved.")
    return lines


def results_lines(progress: Progress, spending: Spending) -> list[str]:
    """The counts, tokens and cost under ``Results Summary:``."""
    done = progress.done
    return [
        "Results Summary:",
        f"  Successful: {progress.successful} / {done} ({rate(progress.successful, done)})",
        f"  Failed: {progress.failed} / {done} ({rate(progress.failed, done)})",
        f"  Total Tokens: {count(spending.usage.total_tokens)}",
        f"  Estimated Cost: {cost_text(spending)}",
    ]


def accuracy_table(metric: MetricSummary, terminal: Terminal) -> list[str]:
    """The share of right answers, in a benchmark whose answers are right or wrong."""
    rows = [
        ("Metric", "Value", f"{level_text(metric)} CI"),
        ("Accuracy", formats.score(metric.mean), interval_text(metric.interval)),
    ]
    right = sum(each.count for each in metric.distribution if each.score == 1)
    correct = [f"Correct: {right} / {metric.n} ({rate(right, metric.n)})"] if metric.n else []
    return [*boxed(rows, width=terminal.width), *correct, *_mean_words(metric, terminal, "Accuracy")]


def metric_table(metric: MetricSummary, scale_maximum: int | None, terminal: Terminal) -> list[str]:
    """One metric's numbers, the mean's count and the interval's method with them."""
    rows = [
        ("Metric", "Value", f"{level_text(metric)} CI"),
        ("Mean Score", formats.score(metric.mean), interval_text(metric.interval)),
        ("Median Score", formats.score(metric.median), NOTHING),
        ("Std Dev", formats.score(metric.std), NOTHING),
        ("Min", formats.score(metric.min), NOTHING),
        ("Max", formats.score(metric.max), NOTHING),
    ]
    beside = ["", native_text(metric, scale_maximum)]
    if metric.pass_condition is not None:
        rows.append(("Pass Rate", formats.score(metric.pass_rate), interval_text(metric.pass_interval)))
        beside += ["", "", "", "", f"({metric.pass_condition})"]
    return [
        *boxed(rows, beside=beside, width=terminal.width),
        *_mean_words(metric, terminal),
        *(_wrapped(pairs_words(metric.pairs), terminal) if metric.pairs is not None else []),
    ]


def distribution_lines(metric: MetricSummary) -> list[str]:
    """``4 (0.75): 82 (42%)`` for every level, in shares of the inputs that have a score."""
    if not metric.distribution or not metric.n:
        return []
    lines = [
        f"{level.value} ({formats.score(level.score)}): {level.count} ({whole_percent(level.count, metric.n)})"
        for level in metric.distribution
    ]
    return ["Score Distribution:", *lines]


def criteria_table(metrics: Sequence[MetricSummary], terminal: Terminal, *, heading: str = "Criterion") -> list[str]:
    """Further metrics, one row each; narrow terminals lose median and deviation."""
    rows = [(heading, "Mean", "95% CI", "n", "Median", "Std Dev")]
    rows += [
        (
            terminal_text(metric.name, 30),
            formats.score(metric.mean),
            interval_text(metric.interval),
            f"{metric.n} of {metric.ended}",
            formats.score(metric.median),
            formats.score(metric.std),
        )
        for metric in metrics
    ]
    shown = rows if terminal.width >= _NARROW else [row[:4] for row in rows]
    methods = sorted({metric.interval.method for metric in metrics if metric.interval})
    named = [f"Intervals: {', '.join(methods)}"] if methods else []
    return [*boxed(shown, width=terminal.width), *named]


def gates_lines(gates: Sequence[Mapping[str, Any]], terminal: Terminal) -> list[str]:
    """Each gate with its verdict, and under it the reason."""
    if not gates:
        return []
    lines = ["", "Gates:"]
    for gate in gates:
        sign, ascii, colour = _VERDICTS[gate["verdict"]]
        mark = f"{terminal.paint(terminal.sign(sign, ascii), colour)} " if terminal.shapes else ""
        word = terminal.paint(gate["verdict"].replace("_", " "), colour)
        lines.append(f"  {mark}{terminal_text(gate['condition'], terminal.width - 20)}: {word}")
        lines += wrapped(terminal_text(gate["reason"]), terminal.width, "      ")
    return lines


def _target_lines(
    summary: Summary,
    target: TargetSummary,
    metrics: Sequence[MetricSummary],
    look: _Look,
) -> list[str]:
    terminal = look.terminal
    lines = [""]
    if len(summary.targets) > 1:
        lines.append(terminal.paint(terminal_text(target.target, terminal.width), Colour.BOLD))
    if look.type is EvaluationType.OPERATIONAL:
        alone = summary.throughput if len(summary.targets) == 1 else None
        lines += [*performance_lines(target, alone, terminal), *([""] if metrics else [])]
    lines += _metrics_lines(metrics, look)
    if target.latency is not None and look.type is not EvaluationType.OPERATIONAL:
        lines += ["", *wrapped(_latency_line(summary, target), terminal.width)]
    return lines


def _metrics_lines(metrics: Sequence[MetricSummary], look: _Look) -> list[str]:
    """The score, then criteria and checks, then how the scores are distributed."""
    lines: list[str] = []
    score = next((metric for metric in metrics if metric.name == SCORE), None)
    # What is right or wrong has two levels and none of a judge's.
    is_accuracy = score is not None and score.native_mean is None and len(score.distribution) == 2
    if score is not None and is_accuracy and look.type is EvaluationType.BENCHMARK:
        lines += accuracy_table(score, look.terminal)
    elif score is not None:
        lines += metric_table(score, look.scale_maximum, look.terminal)
    if others := [metric for metric in metrics if metric.name != SCORE]:
        checks = [metric.name in look.checks for metric in others]
        heading = "Check" if all(checks) else "Metric" if any(checks) else "Criterion"
        lines += [*([""] if lines else []), *criteria_table(others, look.terminal, heading=heading)]
    if score is not None and not is_accuracy and (distribution := distribution_lines(score)):
        lines += ["", *distribution]
    return lines


def _latency_line(summary: Summary, target: TargetSummary) -> str:
    latency = target.latency
    assert latency is not None  # the caller has looked
    named = ", ".join(
        f"{name} {formats.latency(value)}"
        for name, value in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99))
    )
    alone = summary.throughput is not None and len(summary.targets) == 1
    return f"Latency: {named}" + (f" | {throughput_text(summary.throughput or 0.0)}" if alone else "")


def _mean_words(metric: MetricSummary, terminal: Terminal, name: str = "Mean") -> list[str]:
    return wrapped(mean_words(metric, name, so_far="live: the run stopped early"), terminal.width)


def _warnings(progress: Progress, doubts: Iterable[str], terminal: Terminal) -> list[str]:
    """Why the numbers may not be believed; nothing while there are none."""
    if not progress.done:
        return []
    failures = failures_words(progress)
    found = [*([] if failures is None else [failures]), *doubts]
    lines = _wrapped([f"Warning: {each}" for each in found], terminal)
    return [terminal.paint(line, Colour.YELLOW) for line in lines]


def _wrapped(texts: Sequence[str], terminal: Terminal) -> list[str]:
    return [line for text in texts for line in wrapped(terminal_text(text), terminal.width)]
