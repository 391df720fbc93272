"""``lattice validate``, ``add`` and ``schema``: what can be done with a file without spending anything."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from shlex import quote

import click
import orjson

from lattice.cli.options import FILE, environment, errors_terminal, here, store_option
from lattice.cli.rendering.configuration import prepared_lines
from lattice.cli.streams import prints_to_stderr, say, say_next, while_read
from lattice.config.schema import json_schema
from lattice.core.evaluation import Evaluation
from lattice.service.preparation import prepare, stage
from lattice.service.workspace import folder_to_keep, open_workspace
from lattice.store import open_store


@click.command()
@click.argument("file", type=FILE)
def validate(file: Path) -> None:
    """Check FILE, its inputs, templates, variables and prices; spends nothing and stores nothing."""
    with prints_to_stderr():
        prepared = prepare(file, environment())
    # A store of its own finds the same problems as a run would, in bounded memory, and is gone afterwards.
    with (
        tempfile.TemporaryDirectory(prefix="lattice-") as folder,
        open_store(f"sqlite:///{folder}/check.db") as store,
    ):
        version = stage(store, prepared)
    count = version.input_set.count
    say(*prepared_lines(prepared.evaluation, prepared.warnings, inputs=count, terminal=errors_terminal()))
    say("", f"{file} is valid.")
    say_next([f"lattice run {quote(str(file))}", *_scheduling(prepared.evaluation, file)])


@click.command()
@click.argument("file", type=FILE)
@store_option
def add(file: Path, db: str | None) -> None:
    """Put FILE and its inputs into the workspace, as Pending."""
    with prints_to_stderr():
        prepared = prepare(file, environment())
    with open_workspace(db, environment(), here(), create=True) as store:
        version = stage(store, prepared, folder=folder_to_keep(prepared.surroundings.base, db, environment(), here()))
    count = version.input_set.count
    say(*prepared_lines(prepared.evaluation, prepared.warnings, inputs=count, terminal=errors_terminal()))
    say("", f"Added as {version.evaluation_slug}, version {version.number}.")
    run = f"lattice run {quote(str(file))}"
    say_next([run, *_scheduling(prepared.evaluation, file), "lattice ls"], db=db)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the evaluation file, for editors."""
    written = orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    with while_read(sys.stdout):
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()


def _scheduling(evaluation: Evaluation, file: Path) -> list[str]:
    """What puts the schedule of a file in force: it spends money, so the file alone does not."""
    return [] if evaluation.schedule is None else [f"lattice schedule add {quote(str(file))}"]
