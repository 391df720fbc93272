"""``lattice rerun`` and ``lattice rescore``: new runs that start from earlier ones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from shlex import quote

import click

from lattice.cli.commands.execution import Presentation, carried_out
from lattice.cli.observing import observed
from lattice.cli.options import FILE, environment, errors_terminal, here, json_option, store_option, tags_of
from lattice.cli.rendering.configuration import prepared_lines
from lattice.cli.streams import prints_to_stderr, say
from lattice.config import parse_override
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.formats import count, terminal_text
from lattice.service.execution import AS_CONFIGURED
from lattice.service.preparation import surroundings_for
from lattice.service.provenance import tagged
from lattice.service.reading import check_destinations, reference_of
from lattice.service.rerunning import ChangedFile, changed_file, create_rerun
from lattice.service.rescoring import Rescoring, create_rescored, prepare_rescoring
from lattice.service.workspace import folder_to_keep, kept_folder, open_workspace

MOST_LINES = 40

_tags = click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Kept with the run (repeatable).")
_progress = click.option("--no-progress", is_flag=True, help="No live progress.")
_outputs = click.option("-o", "--output", "outputs", multiple=True, metavar="FILE", help="Write results (repeatable).")


@click.command()
@click.argument("reference", metavar="RUN")
@_tags
@_progress
@_outputs
@observed
@json_option
@store_option
def rerun(
    reference: str, tags: tuple[str, ...], no_progress: bool, outputs: tuple[str, ...], as_json: bool, db: str | None
) -> int:
    """Run the stored configuration and inputs of RUN afresh, as a new run.

    What the evaluation file says by now does not count; where it differs, the difference is shown.
    """
    check_destinations(outputs)
    labels = tags_of(tags)
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        folder = kept_folder(record.folder, db, environment(), here()) or here()
        with prints_to_stderr():
            surroundings = surroundings_for(replace(record, origin=None), folder, environment())
        if changed := changed_file(record, folder):
            say(*_difference_lines(record, changed), "")
        created = create_rerun(store, record, tags=tagged(labels, folder), trigger="cli")
        evaluation = Evaluation.model_validate(created.config)
        say(*prepared_lines(evaluation, (), inputs=created.input_count, terminal=errors_terminal()), "")
        presentation = Presentation(progress=not no_progress, as_json=as_json, outputs=outputs, db=db)
        return carried_out(store, created, surroundings, AS_CONFIGURED, presentation)


@click.command()
@click.argument("reference", metavar="RUN")
@click.argument("file", type=FILE)
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Another value for a key of FILE.")
@_tags
@_progress
@_outputs
@observed
@json_option
@store_option
def rescore(
    reference: str,
    file: Path,
    sets: tuple[str, ...],
    tags: tuple[str, ...],
    no_progress: bool,
    outputs: tuple[str, ...],
    as_json: bool,
    db: str | None,
) -> int:
    """Score the stored responses of RUN with the scoring, checks and gates of FILE, as a new run.

    No target is called. RUN stays as it is; its targets and inputs are those of the new run.
    """
    check_destinations(outputs)
    labels = tags_of(tags)
    changes = tuple(parse_override(text) for text in sets)
    with open_workspace(db, environment(), here()) as store:
        origin = store.find_run(reference)
        with prints_to_stderr():
            rescoring = prepare_rescoring(store, origin, file, environment(), changes)
        folder = folder_to_keep(rescoring.surroundings.base, db, environment(), here())
        labels = tagged(labels, rescoring.surroundings.base)
        record = create_rescored(store, rescoring, tags=labels, trigger="cli", folder=folder)
        lines = prepared_lines(
            rescoring.evaluation, rescoring.warnings, inputs=record.input_count, terminal=errors_terminal()
        )
        say(*lines, _what_is_scored(rescoring), "")
        presentation = Presentation(progress=not no_progress, as_json=as_json, outputs=outputs, db=db)
        return carried_out(store, record, rescoring.surroundings, AS_CONFIGURED, presentation)


def _what_is_scored(rescoring: Rescoring) -> str:
    said = f"Responses: {count(rescoring.trials)} stored by {reference_of(rescoring.origin)}; no target is called"
    return said + (f"; {count(rescoring.lacking)} trials without one are left out" if rescoring.lacking else "")


def _difference_lines(record: RunRecord, changed: ChangedFile) -> list[str]:
    """That a file says something else by now, and what; none of it counts for the run."""
    lines = [line for difference in changed.differences for line in difference.lines()]
    width = errors_terminal().width
    shown = [f"  {terminal_text(line, width - 2)}" for line in lines[:MOST_LINES]]
    more = [f"  ... and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    path = os.path.relpath(changed.path, here())
    head = f"{path} has changed since {reference_of(record)}, or that run was started with options:"
    last = f"The stored configuration is run; for the file's: lattice run {quote(path)}"
    return [head, *shown, *more, last]
