"""Evaluations, runs and results in rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lattice.cli.rendering.errors import failed_line
from lattice.cli.rendering.grids import aligned, aligned_width
from lattice.cli.rendering.indicators import indicator_of
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.models import ToolCall
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting import formats
from lattice.reporting.formats import NOTHING, fit, terminal_text, whole_percent, wrapped
from lattice.reporting.headline import Headline, headline_of
from lattice.reporting.words.status import queued_word, status_word
from lattice.store.records import EvaluationRow, QueuePlace, ResultRow

NOBODY: Mapping[str, QueuePlace] = {}
"""Places in an empty queue."""


def evaluations_table(
    rows: Sequence[EvaluationRow], now: datetime, terminal: Terminal, places: Mapping[str, QueuePlace] = NOBODY
) -> list[str]:
    """Evaluations with their last run: status, name, run, progress, mean, gates, cost, when.

    Parameters
    ----------
    places: of the runs that wait in the queue, by their ids.
    """
    if not rows:
        return ["No evaluations yet. `lattice init` writes one to start from."]
    cells: list[tuple[str, ...]] = [("", "Evaluation", "Run", *_HEADINGS)]
    statuses: list[RunRecord | None] = []
    for row in rows:
        run = row.last_run
        statuses.append(run)
        name = terminal_text(row.name, 40)
        if run is None:
            cells.append((_word(None), name, NOTHING, *_nothing(row.created_at, now)))
        else:
            cells.append((_word(run, places), name, f"#{run.number}", *_numbers(run, now)))
    return _marked(cells, statuses, terminal)


def runs_table(
    runs: Sequence[RunRecord], now: datetime, terminal: Terminal, places: Mapping[str, QueuePlace] = NOBODY
) -> list[str]:
    """Runs, each named as commands take it; `places` as in `evaluations_table`."""
    if not runs:
        return ["No runs yet. `lattice run FILE` starts one."]
    cells: list[tuple[str, ...]] = [("", "Run", *_HEADINGS)]
    cells += [(_word(run, places), _named(run), *_numbers(run, now)) for run in runs]
    return _marked(cells, list(runs), terminal)


def _named(run: RunRecord) -> str:
    return f"{run.evaluation_slug}#{run.number}" + ("" if run.origin is None else " (rescored)")


def result_lines(rows: Iterable[ResultRow], terminal: Terminal, *, several_targets: bool = False) -> Iterator[str]:
    """``#12  4 (0.75)  input…`` and under it the reasoning, or why there is no score."""
    for row in rows:
        head = f"#{row.key.position}  {outcome_text(row)}  "
        if several_targets:
            head += f"{terminal_text(row.target, min(24, terminal.width // 3))}  "
        yield fit(head + terminal_text(row.input.text, terminal.width), terminal.width)
        said = row.failure.message if row.failure else row.reasoning
        if said:
            yield f"    {terminal_text(said, terminal.width - 4)}"


def raw_lines(rows: Iterable[ResultRow], terminal: Terminal) -> Iterator[str]:
    """Each result in full: input, reference, response, reasoning, and what it took."""
    for row in rows:
        yield fit(f"#{row.key.position}  {outcome_text(row)}  {terminal_text(row.target, 40)}", terminal.width)
        response = row.response
        parts = (
            ("Input", row.input.text),
            ("Reference", row.input.reference),
            ("Response", response.text if response else None),
            ("Retrieved", "\n\n".join(response.context) if response and response.context else None),
            ("Tool calls", "\n".join(_called(call) for call in response.tool_calls) or None if response else None),
            ("Reasoning", row.reasoning or None),
            ("Judge", row.raw or None),
            ("Error", row.failure.message if row.failure else None),
        )
        for name, text in parts:
            if text is not None:
                yield from _paragraph(name, text, terminal)
        yield fit(_effort(row), terminal.width)
        yield ""


def _called(call: ToolCall) -> str:
    return f"{call.name}({call.arguments})"


def outcome_text(row: ResultRow) -> str:
    """``4 (0.75)``, ``failed``, or the checks where there is no score: ``cites 1.00, short 0.00``."""
    if row.failure is not None:
        return "failed"
    if row.score is None:
        measured = [f"{terminal_text(name, 20)} {formats.score(each.score)}" for name, each in row.metrics.items()]
        return ", ".join(measured) or "answered"
    return (
        formats.score(row.score) if row.native is None else f"{formats.native(row.native)} ({formats.score(row.score)})"
    )


def error_lines(errors: Iterable[Mapping[str, Any]], terminal: Terminal, *, several_targets: bool = False) -> list[str]:
    """Entries of a document's ``errors``, a line each."""
    return [fit(failed_line(error, several_targets=several_targets), terminal.width) for error in errors]


def mean_cell(headline: Headline) -> str:
    """``0.74 [0.70, 0.77]``: the first metric of a run's first target; what it is so far while it runs."""
    mean = headline.mean
    if mean is None:
        return NOTHING
    if mean.value is None:
        return "no scores"
    if mean.lower is None or mean.upper is None:
        return formats.score(mean.value)
    return f"{formats.score(mean.value)} {formats.interval(mean.lower, mean.upper)}"


def gate_cell(headline: Headline) -> str:
    """The verdict of all gates together: fail, not evaluated, inconclusive or pass, whichever comes first."""
    return NOTHING if headline.verdict is None else headline.verdict.value.replace("_", " ")


_MEAN = "Mean [95% CI]"
_HEADINGS = ("Progress", _MEAN, "Gates", "Cost", "When")
_DISPENSABLE = ("Gates", "Cost", "When")
_NAME = 1
_LEAST_NAME = 12


def _numbers(run: RunRecord, now: datetime) -> tuple[str, ...]:
    progress, headline = run.progress, headline_of(run)
    return (
        f"{progress.done}/{progress.total} ({whole_percent(progress.done, progress.total)})",
        mean_cell(headline),
        gate_cell(headline),
        _cost(headline),
        formats.ago(run.finished_at or run.started_at or run.created_at, now),
    )


def _nothing(created: datetime, now: datetime) -> tuple[str, ...]:
    return (NOTHING, NOTHING, NOTHING, NOTHING, formats.ago(created, now))


def _cost(headline: Headline) -> str:
    if headline.cost_usd is None:
        return formats.UNKNOWN if headline.unpriced else NOTHING
    return f"{formats.money(headline.cost_usd)}{' + ?' if headline.unpriced else ''}"


def _word(run: RunRecord | None, places: Mapping[str, QueuePlace] = NOBODY) -> str:
    if run is None:
        return status_word(RunStatus.PENDING)
    if (place := places.get(run.id)) is not None:
        return queued_word(place)
    return status_word(run.status, interrupted=run.interrupted, draining=run.draining)


def _marked(cells: list[tuple[str, ...]], runs: Sequence[RunRecord | None], terminal: Terminal) -> list[str]:
    """Rows with the indicator of their status before them."""
    indent = 2 if terminal.shapes else 0
    width = terminal.width - indent
    lines = aligned(_fitting(cells, width), width=width)
    if not terminal.shapes:
        return lines
    marked = [f"  {terminal.paint(lines[0], Colour.BOLD)}"]
    for line, run in zip(lines[1:], runs, strict=True):
        status = RunStatus.PENDING if run is None else RunStatus.FAILED if run.interrupted else run.status
        marked.append(f"{indicator_of(status).draw(terminal)} {line}")
    return marked


def _fitting(rows: Sequence[Sequence[str]], width: int) -> list[Sequence[str]]:
    """Rows on narrow terminals: they lose columns, then the interval, and last the middle of names.

    A run's name is what commands take, so it is cut only where nothing else can go, and never its number.
    """
    cut = [list(row) for row in rows]
    for heading in _DISPENSABLE:
        if aligned_width(cut) > width:
            place = cut[0].index(heading)
            cut = [[*row[:place], *row[place + 1 :]] for row in cut]
    if aligned_width(cut) > width:
        place = cut[0].index(_MEAN)
        cut = [[*row[:place], row[place].partition(" [")[0], *row[place + 1 :]] for row in cut]
    if (excess := aligned_width(cut) - width) > 0:
        room = max(max(formats.cells(row[_NAME]) for row in cut) - excess, _LEAST_NAME)
        cut = [[*row[:_NAME], _cut_name(row[_NAME], room), *row[_NAME + 1 :]] for row in cut]
    return list(cut)


def _cut_name(name: str, room: int) -> str:
    """``rag-pipeline-qu…#3``."""
    if formats.cells(name) <= room:
        return name
    slug, mark, number = name.rpartition("#")
    return f"{fit(slug, room - len(number) - 1)}#{number}" if mark else fit(name, room)


def _paragraph(name: str, text: str, terminal: Terminal) -> Iterator[str]:
    """A text of any length on lines of its own, each safe to print."""
    yield f"  {name}:"
    for line in text.splitlines() or [""]:
        yield from wrapped(terminal_text(line), terminal.width, "    ") or [""]


def _effort(row: ResultRow) -> str:
    tokens = row.target_usage + row.judge_usage
    parts = [
        f"{row.attempts} calls",
        f"latency {formats.latency(row.latency)}",
        f"{formats.count(tokens.total_tokens)} tokens",
        formats.money(row.cost),
    ]
    return "  " + " | ".join(parts)
