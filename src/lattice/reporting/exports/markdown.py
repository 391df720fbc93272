"""Markdown: a run summed up for a pull request, an issue or a wiki and, if asked, its results.

Tables as GitHub, GitLab and most wikis read them. What a person or a model wrote is kept from being Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.targets import TargetSettings
from lattice.reporting import formats
from lattice.reporting.document import timestamp
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.exports import endings
from lattice.reporting.exports.markdown_difference import difference_lines
from lattice.reporting.exports.markdown_text import code, row, table, words
from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.figures import SCORE, Bounds, MetricSummary, Spending
from lattice.reporting.formats import NOTHING, count, rate, whole_percent
from lattice.reporting.words.endings import contents_words
from lattice.store.records import ResultRow

FAILURES_MATTER = 0.05

_SIGNS = {
    RunStatus.PENDING: "⚪",
    RunStatus.RUNNING: "🔵",
    RunStatus.COMPLETED: "✅",
    RunStatus.FAILED: "❌",
    RunStatus.CANCELLED: "➖",
}
_VERDICTS = {"pass": "✅", "fail": "❌", "inconclusive": "⚠️", "not_evaluated": "➖"}
_WORST_FIRST = ("fail", "not_evaluated", "inconclusive", "pass")
_BAR = 20
_NAME, _REASON, _CELL, _HASH = 80, 600, 160, 12

MOST_BYTES = 60_000
"""Of a summary: what a comment on a pull request may hold, with room for a line of its sender's."""


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the summary."""
    _print(_summary_lines(source), stream)


def write_with_results(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the summary and a table of the results."""
    _print(_summary_lines(source), stream)
    _print(_results_lines(source), stream)


def _print(lines: Iterator[str], stream: IO[bytes]) -> None:
    for line in lines:
        stream.write(f"{line}\n".encode())


def _summary_lines(source: ExportSource) -> Iterator[str]:
    """The sections in turn; one that would make the whole too long for a comment is left out, and that is said."""
    sections = (
        _head_lines(source),
        _gates_lines(source),
        _difference_lines(source),
        _metrics_lines(source),
        _distribution_lines(source),
        _errors_lines(source),
        _latency_lines(source),
        _origin_lines(source.run),
    )
    left = MOST_BYTES
    for section in sections:
        lines = list(section)
        size = sum(len(line.encode()) + 1 for line in lines)
        if size > left:
            yield ""
            yield f"{lines[1] if lines[1:2] else ''} left out: {count(len(lines))} lines are too many for a summary."
            continue
        left -= size
        yield from lines


def _head_lines(source: ExportSource) -> Iterator[str]:
    """What was evaluated, how it ended, and what it took."""
    run, progress, spending = source.run, source.run.progress, source.summary.spending
    sign = _SIGNS[RunStatus.FAILED if run.interrupted else run.status]
    yield f"## {words(run.evaluation_name, _NAME)} · run {run.number}"
    yield ""
    if (verdict := _overall(source)) is not None:
        yield f"**Gates: {_verdict(verdict)}**"
        yield ""
    yield f"{sign} **{endings.status_word(run)}**: {endings.progress_words(run)} in {formats.duration(run.elapsed)}"
    if reason := endings.reason_of(run, spending):
        yield ""
        yield words(reason, _REASON)
    for sentence in contents_words(run):
        yield ""
        yield sentence
    if not progress.done:
        return
    yield ""
    counts = [
        f"{part} / {progress.done} ({rate(part, progress.done)})" for part in (progress.successful, progress.failed)
    ]
    cells = [*counts, count(spending.usage.total_tokens), _cost(spending)]
    yield from table(("Successful", "Failed", "Total Tokens", "Estimated Cost"), [cells], numbers_from=0)
    if progress.failed / progress.done >= FAILURES_MATTER:
        yield ""
        share = rate(progress.failed, progress.done)
        yield f"⚠️ {share} of the inputs failed (5% or more): the numbers may not stand for all inputs."
    for doubt in doubts_about_judges(Evaluation.model_validate(run.config)):
        yield ""
        yield f"⚠️ {words(doubt, _REASON)}"


def _gates_lines(source: ExportSource) -> Iterator[str]:
    gates = source.document["gates"]
    if not gates:
        return
    yield from _heading(f"Gates: {_verdict(_overall(source) or gates[0]['verdict'])}")
    rows = [(code(gate["condition"]), _verdict(gate["verdict"]), words(gate["reason"], _REASON)) for gate in gates]
    yield from table(("Gate", "Verdict", "Reason"), rows, numbers_from=3)


def _overall(source: ExportSource) -> str | None:
    """The verdict of all gates together; None where there are none."""
    verdicts = {gate["verdict"] for gate in source.document["gates"]}
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), None)


def _difference_lines(source: ExportSource) -> Iterator[str]:
    """The run held against its baseline, where it has one."""
    report = source.compared()
    if report is None:
        return
    baselines = dict.fromkeys(each.baseline for each in report.comparisons)
    yield from _heading(f"Against {words(', '.join(baselines), _NAME)}")
    yield from difference_lines(report)


def _metrics_lines(source: ExportSource) -> Iterator[str]:
    """All metrics, the count with each mean and the method with each interval."""
    metrics = source.summary.metrics
    if not metrics:
        return
    several, passing = _several(source), any(metric.pass_rate is not None for metric in metrics)
    native = any(metric.native_mean is not None for metric in metrics)
    levels = {metric.interval.level for metric in metrics if metric.interval} or {0.95}
    level = " / ".join(f"{round(100 * each)}%" for each in sorted(levels))
    head = [*(["Target"] if several else []), "Metric", "Interval by", "n", "Mean", f"{level} CI"]
    head += [
        *(["On its scale"] if native else []),
        "Median",
        "Std Dev",
        "Min",
        "Max",
        *(["Pass Rate"] if passing else []),
    ]
    yield from _heading("Metrics")
    rows = [_metric_cells(metric, several=several, native=native, passing=passing) for metric in metrics]
    yield from table(head, rows, numbers_from=3 if several else 2)
    yield from _pairs_lines(metrics)


def _pairs_lines(metrics: Sequence[MetricSummary]) -> Iterator[str]:
    """How the challengers did against the baseline, where targets are compared in pairs."""
    rows = [
        [words(metric.target, _NAME), words(pairs.baseline, _NAME)]
        + [count(number) for number in (pairs.wins, pairs.ties, pairs.losses)]
        + [rate(pairs.biased, pairs.total)]
        for metric in metrics
        if (pairs := metric.pairs) is not None and pairs.total
    ]
    if rows:
        yield from _heading("Pairs")
        head = ("Target", "Against", "Won", "Tied", "Lost", "Position-bias rate")
        yield from table(head, rows, numbers_from=2)


def _metric_cells(metric: MetricSummary, *, several: bool, native: bool, passing: bool) -> list[str]:
    cells = [words(metric.target, _NAME)] if several else []
    cells += [
        words(metric.name, _NAME),
        _method(metric),
        f"{count(metric.n)} of {count(metric.ended)}{_stood_in(metric)}",
    ]
    cells += [formats.score(metric.mean), _interval(metric.interval)]
    cells += [_native(metric)] if native else []
    cells += [formats.score(number) for number in (metric.median, metric.std, metric.min, metric.max)]
    return cells + ([_passed(metric)] if passing else [])


def _distribution_lines(source: ExportSource) -> Iterator[str]:
    """Scores by level, a column for each target."""
    shown = [each for each in source.summary.metrics if each.name == SCORE and each.distribution and each.n]
    if not shown:
        return
    yield from _heading("Score Distribution")
    named = [words(metric.target, _NAME) for metric in shown] if _several(source) else ["Inputs"]
    head = ["Score", *named]
    rows = [
        [f"{level.value} ({formats.score(level.score)})", *(_share(metric, index) for metric in shown)]
        for index, level in enumerate(shown[0].distribution)
    ]
    yield from table(head, rows, numbers_from=len(head))


def _share(metric: MetricSummary, index: int) -> str:
    """``82 (42%) ▇▇▇▇▇▇▇▇``."""
    number = metric.distribution[index].count
    return f"{count(number)} ({whole_percent(number, metric.n)}) {'▇' * round(_BAR * number / metric.n)}".rstrip()


def _errors_lines(source: ExportSource) -> Iterator[str]:
    """Failed trials by kind."""
    several = _several(source)
    rows = [
        [*([words(target.target, _NAME)] if several else []), code(kind), count(number), rate(number, target.done)]
        for target in source.summary.targets
        for kind, number in target.kinds.items()
    ]
    if not rows:
        return
    yield from _heading("Errors")
    head = [*(["Target"] if several else []), "Kind", "Trials", "Share"]
    yield from table(head, rows, numbers_from=len(head) - 2)


def _latency_lines(source: ExportSource) -> Iterator[str]:
    timed = [target for target in source.summary.targets if target.latency is not None]
    if not timed:
        return
    yield from _heading("Latency")
    rows = [
        (words(each.target, _NAME), *(formats.latency(value) for value in (found.p50, found.p95, found.p99)))
        for each in timed
        if (found := each.latency) is not None
    ]
    yield from table(("Target", "p50", "p95", "p99"), rows, numbers_from=1)
    if source.summary.throughput is not None:
        yield ""
        yield f"Throughput: {source.summary.throughput:.2f} trials per second"


def _origin_lines(run: RunRecord) -> Iterator[str]:
    """What the numbers were made from."""
    evaluation = Evaluation.model_validate(run.config)
    yield from _heading("Configuration")
    for target in evaluation.targets:
        yield f"- Target {words(target.name, _NAME)}: {_what(target)}"
    for judge in evaluation.judges:
        yield f"- Judge: {code(judge.model, _NAME)} ({judge.mode.value} mode)"
    yield f"- Run: {code(f'{run.evaluation_slug}#{run.number}')}, id {code(run.id)}"
    yield f"- Configuration: {code(run.config_hash[:_HASH])}"
    yield f"- Inputs: {count(run.input_count)}, {code(run.inputs_hash[:_HASH])}"
    if run.started_at is not None:
        yield f"- Started: {timestamp(run.started_at)}"
    for key, value in run.tags.items():
        yield f"- Tag: {code(f'{key}={value}', _CELL)}"


def _what(target: TargetSettings) -> str:
    if target.model is not None:
        return code(target.model, _NAME)
    return f"HTTP, {code(target.http.place, _NAME)}" if target.http is not None else code(target.python or "", _NAME)


def _results_lines(source: ExportSource) -> Iterator[str]:
    """A row for each result: input, response, and why it has its score."""
    several, shown = _several(source), 0
    yield from _heading("Results")
    head = ["Input", *(["Target"] if several else []), "Score", "Text", "Response", "Reasoning"]
    yield from table(head, [], numbers_from=len(head))
    for result in source.rows:
        yield row(_result_cells(result, several=several))
        shown += 1
    yield ""
    yield f"{count(shown)} of {count(source.run.progress.done)} results"


def _result_cells(result: ResultRow, *, several: bool) -> list[str]:
    said = result.failure.message if result.failure else result.reasoning
    response = result.response.text if result.response else ""
    target = [words(result.target, _NAME)] if several else []
    texts = [code(text, _CELL) for text in (result.input.text, response, said)]
    return [f"{result.key.position}", *target, _scored(result), *texts]


def _scored(result: ResultRow) -> str:
    """``4 (0.75)``, or ``failed``."""
    if result.score is None:
        return "failed" if result.failure else NOTHING
    score = formats.score(result.score)
    return score if result.native is None else f"{formats.native(result.native)} ({score})"


def _several(source: ExportSource) -> bool:
    return len(source.summary.targets) > 1


def _verdict(verdict: str) -> str:
    return f"{_VERDICTS[verdict]} {verdict.replace('_', ' ')}"


def _interval(interval: Bounds | None) -> str:
    return NOTHING if interval is None else formats.interval(interval.lower, interval.upper)


def _native(metric: MetricSummary) -> str:
    """``3.95 of 5``."""
    if metric.native_mean is None or not metric.distribution:
        return NOTHING
    return f"{metric.native_mean:.2f} of {metric.distribution[-1].value}"


def _stood_in(metric: MetricSummary) -> str:
    return f" ({count(metric.stood_in)} failed as {metric.failed_as:g})" if metric.stood_in else ""


def _method(metric: MetricSummary) -> str:
    if metric.interval is not None:
        return code(metric.interval.method)
    return "needs two scores" if metric.n < 2 else "not available"


def _passed(metric: MetricSummary) -> str:
    if metric.pass_rate is None:
        return NOTHING
    return formats.share(metric.pass_rate) + (f" ({code(metric.pass_condition)})" if metric.pass_condition else "")


def _cost(spending: Spending) -> str:
    if not spending.unpriced_models:
        return formats.money(spending.cost_usd)
    names = ", ".join(code(model, _NAME) for model in spending.unpriced_models)
    known = f"{formats.money(spending.cost_usd)} + " if spending.cost_usd else ""
    return f"{known}unknown (no price for {names})"


def _heading(title: str) -> Sequence[str]:
    return "", f"### {title}", ""


FORMAT = Format(name="markdown", suffixes=(".md", ".markdown"), write=write, with_results="markdown-inputs")
WITH_RESULTS = Format(name="markdown-inputs", suffixes=(), write=write_with_results)
