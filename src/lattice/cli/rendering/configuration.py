"""The configuration as it is shown before a run."""

from __future__ import annotations

from collections.abc import Iterable

from lattice.cli.rendering.indicators import status_line
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.evaluation import Evaluation, TargetSettings
from lattice.core.runs import RunStatus
from lattice.reporting.formats import terminal_text, wrapped
from lattice.scoring.scales import scale_of


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
    judge = evaluation.scoring.judge
    width = terminal.width
    repeats = evaluation.run.repeats
    scoring = f"LLM-as-Judge ({scale_of(judge).label}, {judge.mode.value.capitalize()} mode)"
    lines = [
        f"Evaluation: {terminal_text(evaluation.name, width - 12)}",
        f"Type: {evaluation.type.label}",
        *([] if status is None else [status_line(terminal, status)]),
        f"Targets: {len(evaluation.targets)}",
        *(f"  - {terminal_text(target_label(target), width - 4)}" for target in evaluation.targets),
        f"Test Inputs: {inputs}" + (f" (each {repeats} times)" if repeats > 1 else ""),
        f"Scoring: {terminal_text(scoring, width - 9)}",
    ]
    if judge.criteria:
        names = ", ".join(criterion.name for criterion in judge.criteria)
        lines.append(f"Criteria: {terminal_text(names, width - 10)}")
    lines.append(f"Judge: {terminal_text(model_name(judge.model), width - 7)}")
    return lines


def target_label(target: TargetSettings) -> str:
    """``Production RAG Stack (claude-3-5-sonnet-20241022)``; the model alone where it is the name."""
    model = model_name(target.model)
    return model if model == target.name else f"{target.name} ({model})"


def model_name(spec: str) -> str:
    """The model of ``provider/model``."""
    return spec.partition("/")[2] or spec
