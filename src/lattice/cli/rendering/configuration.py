"""The configuration as it is shown before a run."""

from __future__ import annotations

from collections.abc import Iterable

from lattice.cli.rendering.indicators import status_line
from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.reporting.formats import terminal_text, wrapped
from lattice.reporting.words.configuration import inputs_words, scoring_words, target_labels


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
    return [
        f"Evaluation: {terminal_text(evaluation.name, width - 12)}",
        f"Type: {evaluation.type.label}",
        *([] if status is None else [status_line(terminal, status)]),
        f"Targets: {len(evaluation.targets)}",
        *(f"  - {terminal_text(label, width - 4)}" for label in target_labels(evaluation)),
        f"Test Inputs: {inputs_words(evaluation, inputs)}",
        *(f"{key}: {terminal_text(text, width - len(key) - 2)}" for key, text in scoring_words(evaluation)),
    ]
