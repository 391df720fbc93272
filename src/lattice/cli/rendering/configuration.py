"""The configuration as it is shown before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lattice.cli.rendering.indicators import status_line
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.core.targets import TargetSettings
from lattice.reporting.formats import terminal_text, wrapped
from lattice.scoring.scales import scale_of

_METHODS = {
    "exact_match": "exact match",
    "contains": "contains",
    "regex": "regular expression",
    "numeric": "number",
    "json_schema": "JSON schema",
    "similarity": "similarity",
    "python": "Python function",
}


def prepared_lines(evaluation: Evaluation, warnings: Iterable[str], *, inputs: int, terminal: Terminal) -> list[str]:
    """What would be run, as Pending, and what should be known about it; `inputs` as in `configuration_block`."""
    lines = configuration_block(evaluation, inputs=inputs, status=RunStatus.PENDING, terminal=terminal)
    for warning in warnings:
        said = wrapped(terminal_text(f"Warning: {warning}"), terminal.width)
        lines += [terminal.paint(line, Colour.YELLOW) for line in said]
    return lines


def configuration_block(
    evaluation: Evaluation, *, inputs: int, terminal: Terminal, status: RunStatus | None = None
) -> list[str]:
    """What will be run: name, type, status, targets, number of inputs, scoring, judge.

    Parameters
    ----------
    inputs: how many there are, after `limit` and `sample`.
    status: None where a summary follows, which says it.
    """
    width = terminal.width
    repeats = evaluation.run.repeats
    return [
        f"Evaluation: {terminal_text(evaluation.name, width - 12)}",
        f"Type: {evaluation.type.label}",
        *([] if status is None else [status_line(terminal, status)]),
        f"Targets: {len(evaluation.targets)}",
        *(f"  - {terminal_text(target_label(target), width - 4)}" for target in evaluation.targets),
        f"Test Inputs: {inputs}" + (f" (each {repeats} times)" if repeats > 1 else ""),
        *(f"{key}: {terminal_text(text, width - len(key) - 2)}" for key, text in _scoring(evaluation)),
    ]


def target_label(target: TargetSettings) -> str:
    """``Production RAG Stack (claude-3-5-sonnet-20241022)``; what is called alone where it is the name."""
    if target.http is not None:
        called = f"{target.http.method.value} {target.http.place}"
    else:
        called = target.python or model_name(target.model or "")
    return called if called == target.name else f"{target.name} ({called})"


def _scoring(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """What measures the responses, by its heading."""
    judge, scoring = evaluation.judge, evaluation.scoring
    if judge is not None:
        scale = "" if judge.scale is None else f"{scale_of(judge).label}, "
        yield "Scoring", f"LLM-as-Judge ({scale}{judge.mode.value.capitalize()} mode)"
        if judge.criteria:
            yield "Criteria", ", ".join(criterion.name for criterion in judge.criteria)
        yield "Judge", model_name(judge.model)
    elif scoring is not None:
        name = _METHODS[scoring.method]
        yield "Scoring", f"{name[0].upper()}{name[1:]}" + (f" ({scoring.python})" if scoring.python else "")
    elif not evaluation.checks:
        yield "Scoring", "None (latency, throughput, cost and errors are measured)"
    if evaluation.checks:
        yield "Checks", ", ".join(f"{check.name} ({_METHODS[check.method]})" for check in evaluation.checks)


def model_name(spec: str) -> str:
    """The model of ``provider/model``."""
    return spec.partition("/")[2] or spec
