"""``lattice show`` and ``export``."""

from __future__ import annotations

import sys
from functools import cache, partial

import click

from lattice.cli.concluding import conclusion_lines
from lattice.cli.options import environment, here, json_option, output_terminal, store_option
from lattice.cli.rendering.commands import commands_after_showing
from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.tables import raw_lines, result_lines
from lattice.cli.streams import print_json, print_lines, say, say_next, while_read
from lattice.core.errors import NotFound, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.filters import parse_filter
from lattice.core.runs import RunRecord
from lattice.reporting.exports import formats_for
from lattice.reporting.formats import count
from lattice.reporting.words.status import queued_word
from lattice.service.baselines import named
from lattice.service.conclusion import conclusion_of
from lattice.service.held_against import comparison_of
from lattice.service.reading import document_of, export_run, reference_of
from lattice.service.responses import every_trial
from lattice.service.workspace import open_workspace
from lattice.store import Store


@click.command()
@click.argument("reference", metavar="RUN", default="latest")
@click.option("--raw", is_flag=True, help="Every result in full.")
@click.option("--where", metavar="FILTER", help="Only some results: 'score < 3', 'failed', 'text ~ \"refund\"'.")
@json_option
@store_option
def show(reference: str, raw: bool, where: str | None, as_json: bool, db: str | None) -> None:
    """Show RUN: its summary, errors and distribution; with --raw or --where its results."""
    if as_json and (raw or where):
        raise UsageError("--json gives the whole run; for its results: lattice export RUN -o - --format json")
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        if as_json:
            print_json(document_of(store, record))
        elif raw or where:
            _print_results(store, record, raw=raw, where=where)
        else:
            _print_summary(store, record)
            say_next(commands_after_showing(record), db=db)


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("-o", "--output", "outputs", multiple=True, required=True, metavar="FILE", help="Or - for stdout.")
@click.option("--format", "format_", metavar="NAME", help="Where the file's ending does not tell it.")
@click.option("--where", metavar="FILTER", help="Only some results.")
@click.option("--inputs", is_flag=True, help="Each result in JUnit and Markdown, too, which else sum the run up.")
@click.option("--against", metavar="BASELINE", help="What Markdown holds it against; else the baseline that is set.")
@store_option
def export(
    reference: str,
    outputs: tuple[str, ...],
    format_: str | None,
    where: str | None,
    inputs: bool,
    against: str | None,
    db: str | None,
) -> None:
    """Write RUN to files; the ending tells the format."""
    chosen = parse_filter(where) if where else None
    formats = formats_for(outputs, format_, with_results=inputs or chosen is not None)
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        baseline = against and named(store, against, evaluation_id=record.evaluation_id, folder=here())
        compared = cache(partial(comparison_of, store, record, baseline or None))
        for destination, each in zip(outputs, formats, strict=True):
            with while_read(sys.stdout):
                export_run(store, record, destination, format=each.name, where=chosen, compared=compared)
            if destination != "-":
                say(f"Wrote {destination}")


def _print_results(store: Store, record: RunRecord, *, raw: bool, where: str | None) -> None:
    terminal = output_terminal()
    chosen = parse_filter(where) if where else None
    rows = store.iterate_results(record.key, chosen)
    several = len(record.config["targets"]) > 1
    print_lines(raw_lines(rows, terminal) if raw else result_lines(rows, terminal, several_targets=several))
    if chosen:
        say(f"{store.count_results(record.key, chosen)} of {record.progress.done} results")


def _print_summary(store: Store, record: RunRecord) -> None:
    terminal = output_terminal()
    evaluation = Evaluation.model_validate(record.config)
    print_lines(configuration_block(evaluation, inputs=record.input_count, terminal=terminal))
    print_lines(["", f"Run: {reference_of(record)}  ({record.id})", *_origin_lines(store, record)])
    if (place := store.queue.place_of(record.id)) is not None:
        print_lines([queued_word(place)])
    print_lines(conclusion_lines(store, record, conclusion_of(store, record), terminal))


def _origin_lines(store: Store, record: RunRecord) -> list[str]:
    """Whose responses a rescored run scores."""
    if record.origin is None:
        return []
    lacking = every_trial(record) - record.progress.total
    left_out = f"; {count(lacking)} trials without one are left out" if lacking else ""
    return [f"Responses: stored by {_origin(store, record.origin)}{left_out}"]


def _origin(store: Store, origin: str) -> str:
    """A run whose responses another one scores; an imported one has brought them along."""
    try:
        return reference_of(store.find_run(origin))
    except NotFound:
        return f"run {origin}, which is not in this workspace"
