"""``lattice judge show``: what judges are told, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from lattice.cli.options import FILE
from lattice.cli.streams import print_lines
from lattice.config import LoadedFile, load
from lattice.core.errors import CallError, UsageError
from lattice.core.judging import JudgeMode
from lattice.core.models import Message
from lattice.inputs import read_inputs
from lattice.reporting.formats import terminal_text
from lattice.scoring.prompts import prompt_text
from lattice.scoring.shown import shown_messages
from lattice.wire.templates import TemplateError

_PARTS = ("system", "user")


@click.group()
def judge() -> None:
    """What judges are told."""


@judge.command()
@click.argument("file", type=FILE, required=False)
@click.option("--mode", type=click.Choice([mode.value for mode in JudgeMode]), help="Of the built-in templates.")
def show(file: Path | None, mode: str | None) -> None:
    """Print the built-in templates; with FILE what its judges are told about its first input.

    The response is not there yet: a note stands in its place. Nothing is asked and nothing spent.
    """
    if file is None:
        print_lines(_templates(JudgeMode(mode or JudgeMode.SINGLE)))
        return
    if mode is not None:
        raise UsageError("--mode is of the built-in templates; what FILE is judged in stands in it")
    print_lines(_told(load(file)))


def _templates(mode: JudgeMode) -> Iterator[str]:
    yield f"Built-in templates of the mode {mode.value}; of your own: scoring.judge.prompt: {{system: …, user: …}}"
    for part in _PARTS:
        yield from ("", f"== {part} ==", "", prompt_text(mode, part).rstrip())


def _told(loaded: LoadedFile) -> Iterator[str]:
    evaluation = loaded.evaluation
    if not evaluation.judges:
        raise UsageError(f"{loaded.file} has no judge; the built-in templates: lattice judge show")
    first = next(islice(read_inputs(evaluation.inputs, loaded.base), 1), None)
    if first is None:
        raise UsageError(f"{loaded.file} has no inputs that a judge could be told about")
    for settings in evaluation.judges:
        try:
            messages = shown_messages(evaluation, settings, first)
        except (CallError, TemplateError) as error:
            raise UsageError(f"{loaded.file}: {settings.label} cannot be asked about input #1: {error}") from error
        yield f"Judge: {settings.label} ({settings.model}, {settings.mode.value} mode), about input #{first.position}"
        for message in messages:
            yield from _said(message)


def _said(message: Message) -> Iterator[str]:
    yield from ("", f"== {message.role} ==", "", *(terminal_text(line) for line in message.content.splitlines()), "")
