"""A run as a notebook shows it: HTML without script, readable on light and dark pages.

Whatever somebody else wrote goes through `Markup.format`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting import formats
from lattice.reporting.figures import SCORE, MetricSummary, Summary
from lattice.reporting.formats import count, rate, terminal_text, whole_percent
from lattice.reporting.view import ErrorLine, ErrorState, RunView
from lattice.reporting.words.endings import cost_text, stop_words
from lattice.reporting.words.progress import mean_text, notices, progress_text, spending_text, times_text
from lattice.reporting.words.status import status_word
from lattice.service.conclusion import Conclusion
from lattice.service.reading import reference_of

FAILURES_MATTER = 0.05
_LONGEST = 200
_GREY = "#8a929c"

# Shapes as well as colours; the hues stand out on white and on black alike.
_STATUS = {
    RunStatus.PENDING: ("●", _GREY),
    RunStatus.RUNNING: ("◐", "#2f81f7"),
    RunStatus.COMPLETED: ("✔", "#2da44e"),
    RunStatus.FAILED: ("✖", "#e5534b"),
    RunStatus.CANCELLED: ("–", "#bf8700"),
}
_VERDICTS = {
    "pass": ("✔", "#2da44e"),
    "fail": ("✖", "#e5534b"),
    "inconclusive": ("?", "#bf8700"),
    "not_evaluated": ("–", _GREY),
}

_OUTER = Markup('<div style="font-family:system-ui,sans-serif;font-size:13px;line-height:1.5">{}</div>')
_LINE = Markup("<div>{}</div>")
_BOLD = Markup("<div><b>{}</b></div>")
_QUIET = Markup('<div style="opacity:.75">{}</div>')
_WARNING = Markup('<div><span style="color:#bf8700">▲</span> {}</div>')
_HEAD = Markup('<div><span style="color:{}">{}</span> <b>{}</b> <code>{}</code></div>')
_TABLE = Markup(
    '<table style="margin:.5em 0;border-collapse:collapse;font:inherit;color:inherit">'
    "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
)
_HEADING = Markup('<th style="text-align:{};padding:2px 10px;border-bottom:1px solid #8a929c">{}</th>')
_CELL = Markup('<td style="text-align:{};padding:2px 10px;font-variant-numeric:tabular-nums">{}</td>')
_ROW = Markup("<tr>{}</tr>")
_BAR = Markup(
    '<div style="display:inline-block;width:{:.1f}em;height:.8em;background:#5b8def;vertical-align:middle"></div>'
)
_PROGRESS = Markup('<progress value="{}" max="{}" style="width:24em;max-width:100%"></progress>')
_WIDEST = 16.0

Row = Sequence[str | Markup]


def run_page(record: RunRecord, conclusion: Conclusion) -> str:
    """A run in full: how it ended, its numbers, how the scores are distributed, its gates."""
    summary = conclusion.summary
    parts = [
        _head(record.evaluation_name, reference_of(record), record.status, interrupted=record.interrupted),
        _LINE.format(_facts(record, summary)),
        *(_LINE.format(_plain(text)) for text in stop_words(record, summary.spending)),
        *_warnings(record),
        _metrics(summary),
        *_distributions(summary),
        _gates(conclusion.gates),
    ]
    return str(_OUTER.format(Markup("").join(parts)))


def progress_page(view: RunView) -> str:
    """A run that goes on: how far it is, the mean so far, what it waits for, its last errors."""
    parts = [
        _head(view.name, view.reference, view.status, interrupted=view.interrupted, draining=view.draining),
        _PROGRESS.format(view.progress.done, max(view.progress.total, 1)),
        _LINE.format(f"{progress_text(view.progress)} · {times_text(view)}"),
        *(_LINE.format(mean_text(mean)) for mean in view.means),
        _QUIET.format(spending_text(view)),
        *(_WARNING.format(_plain(text)) for text in notices(view)),
        *(_QUIET.format(_error(line)) for line in view.errors),
    ]
    return str(_OUTER.format(Markup("").join(parts)))


def _head(name: str, reference: str, status: RunStatus, *, interrupted: bool, draining: bool = False) -> Markup:
    shape, colour = _STATUS[RunStatus.FAILED if interrupted else status]
    word = status_word(status, interrupted=interrupted, draining=draining)
    return _HEAD.format(colour, f"{shape} {word}", _plain(name), reference)


def _facts(record: RunRecord, summary: Summary) -> str:
    progress = record.progress
    parts = [progress_text(progress), f"Duration: {formats.duration(record.elapsed)}"]
    if progress.done:
        parts += [
            f"Failed: {progress.failed} ({rate(progress.failed, progress.done)})",
            f"Total Tokens: {count(summary.spending.usage.total_tokens)}",
            f"Estimated Cost: {cost_text(summary.spending)}",
        ]
    return " · ".join(parts)


def _warnings(record: RunRecord) -> Iterable[Markup]:
    progress = record.progress
    if progress.done and progress.failed / progress.done >= FAILURES_MATTER:
        share = rate(progress.failed, progress.done)
        yield _WARNING.format(f"{share} of the trials failed (5% or more): the numbers may not stand for all inputs.")


def _metrics(summary: Summary) -> Markup:
    if not summary.metrics:
        return Markup("")
    several = len({metric.target for metric in summary.metrics}) > 1
    headings = ["Metric", "Mean", "95% CI", "n", "Median", "Std Dev", "Native mean", "Interval"]
    rows = [_metric_row(metric) for metric in summary.metrics]
    if several:
        headings = ["Target", *headings]
        rows = [[_plain(metric.target), *row] for metric, row in zip(summary.metrics, rows, strict=True)]
    return _table(headings, rows, texts=2 if several else 1)


def _metric_row(metric: MetricSummary) -> Row:
    interval = metric.interval
    return [
        "Score" if metric.name == SCORE else _plain(metric.name),
        formats.score(metric.mean),
        formats.interval(interval.lower, interval.upper) if interval else formats.NOTHING,
        f"{metric.n} of {metric.ended}",
        formats.score(metric.median),
        formats.score(metric.std),
        formats.native(metric.native_mean),
        interval.method if interval else formats.NOTHING,
    ]


def _distributions(summary: Summary) -> Iterable[Markup]:
    scores = [metric for metric in summary.metrics if metric.name == SCORE and metric.distribution and metric.n]
    for metric in scores:
        heading = "Score Distribution" if len(scores) == 1 else f"Score Distribution, {_plain(metric.target)}"
        most = max(level.count for level in metric.distribution)
        rows: list[Row] = [
            [
                f"{level.value} ({formats.score(level.score)})",
                _BAR.format(_WIDEST * level.count / most if most else 0.0),
                f"{level.count} ({whole_percent(level.count, metric.n)})",
            ]
            for level in metric.distribution
        ]
        yield _BOLD.format(heading)
        yield _table(["Level", "", "Inputs"], rows, texts=2)


def _gates(gates: Sequence[Mapping[str, Any]]) -> Markup:
    rows: list[Row] = []
    for gate in gates:
        shape, colour = _VERDICTS[gate["verdict"]]
        word = f"{shape} {gate['verdict'].replace('_', ' ')}"
        shown = Markup('<span style="color:{}">{}</span>').format(colour, word)
        rows.append([_plain(gate["condition"]), shown, _plain(gate["reason"])])
    return _table(["Gate", "Verdict", "Reason"], rows, texts=3) if rows else Markup("")


def _error(line: ErrorLine) -> str:
    target = f" ({_plain(line.target)})" if line.target else ""
    again = f" (attempt {line.number} of {line.allowed}, retrying...)" if line.state is ErrorState.RETRYING else ""
    return f"Input #{line.key.position}{target}: {_plain(line.message)}{again}"


def _table(headings: Sequence[str], rows: Iterable[Row], *, texts: int) -> Markup:
    """A table whose first `texts` columns hold text, the others numbers."""

    def side(index: int) -> str:
        return "left" if index < texts else "right"

    top = Markup("").join(_HEADING.format(side(index), text) for index, text in enumerate(headings))
    body = Markup("").join(
        _ROW.format(Markup("").join(_CELL.format(side(index), cell) for index, cell in enumerate(row))) for row in rows
    )
    return _TABLE.format(top, body)


def _plain(text: str) -> str:
    """What somebody else wrote, on one line and without characters that act upon how others read."""
    return terminal_text(text, _LONGEST)
