"""``lattice ls``, ``show`` and ``export``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime

import click
import orjson

from lattice.cli.options import (
    environment,
    here,
    json_option,
    output_terminal,
    say_next,
    store_option,
)
from lattice.cli.rendering.commands import next_commands
from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.summary import summary_block
from lattice.cli.rendering.tables import error_lines, evaluations_table, raw_lines, result_lines, runs_table
from lattice.core.evaluation import Evaluation
from lattice.core.filters import parse_filter
from lattice.core.runs import RunRecord
from lattice.scoring.scales import scale_of
from lattice.service.conclusion import conclusion_of
from lattice.service.reading import document_of, export_run
from lattice.service.workspace import open_workspace
from lattice.store import Store

MOST_RUNS = 20
MOST_ERRORS = 10


@click.command()
@click.option("--all", "everything", is_flag=True, help=f"All runs, not just the last {MOST_RUNS}.")
@store_option
def ls(everything: bool, db: str | None) -> None:
    """List evaluations and their runs, newest first."""
    terminal, now = output_terminal(), datetime.now(UTC)
    with open_workspace(db, environment(), here()) as store:
        evaluations = store.evaluations()
        runs = store.runs(limit=None if everything else MOST_RUNS)
    _print(evaluations_table(evaluations, now, terminal))
    if runs:
        _print(["", *runs_table(runs, now, terminal)])


@click.command()
@click.argument("reference", metavar="RUN", default="latest")
@click.option("--raw", is_flag=True, help="Every result in full.")
@click.option("--where", metavar="FILTER", help="Only some results: 'score < 3', 'failed', 'text ~ \"refund\"'.")
@json_option
@store_option
def show(reference: str, raw: bool, where: str | None, as_json: bool, db: str | None) -> None:
    """Show RUN: its summary, errors and distribution; with --raw or --where its results."""
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        if as_json:
            _print_json(store, record)
        elif raw or where:
            _print_results(store, record, raw=raw, where=where)
        else:
            _print_summary(store, record)
            say_next(next_commands(record))


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("-o", "--output", "outputs", multiple=True, required=True, metavar="FILE", help="Or - for stdout.")
@click.option("--format", "format_", metavar="NAME", help="Where the file's ending does not tell it.")
@click.option("--where", metavar="FILTER", help="Only some results.")
@store_option
def export(reference: str, outputs: tuple[str, ...], format_: str | None, where: str | None, db: str | None) -> None:
    """Write RUN to files; the ending tells the format."""
    chosen = parse_filter(where) if where else None
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        for destination in outputs:
            export_run(store, record, destination, format=format_, where=chosen)
            if destination != "-":
                say(f"Wrote {destination}")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _print_json(store: Store, record: RunRecord) -> None:
    sys.stdout.buffer.write(orjson.dumps(document_of(store, record), option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def _print_results(store: Store, record: RunRecord, *, raw: bool, where: str | None) -> None:
    terminal = output_terminal()
    chosen = parse_filter(where) if where else None
    rows = store.iterate_results(record.key, chosen)
    several = len(record.config["targets"]) > 1
    _print(raw_lines(rows, terminal) if raw else result_lines(rows, terminal, several_targets=several))
    if chosen:
        say(f"{store.count_results(record.key, chosen)} of {record.progress.done} results")


def _print_summary(store: Store, record: RunRecord) -> None:
    terminal = output_terminal()
    evaluation = Evaluation.model_validate(record.config)
    document = document_of(store, record)
    _print(configuration_block(evaluation, inputs=record.input_count, status=record.status, terminal=terminal))
    _print(["", f"Run: {record.evaluation_slug}#{record.number}  ({record.id})"])
    maximum = scale_of(evaluation.scoring.judge).maximum
    conclusion = conclusion_of(store, record)
    _print(summary_block(record, conclusion.summary, terminal, gates=document["gates"], scale_maximum=maximum))
    errors = document["errors"]
    if errors:
        shown = error_lines(errors[:MOST_ERRORS], terminal, several_targets=len(evaluation.targets) > 1)
        more = len(errors) - MOST_ERRORS
        rest = [f"... and {more} more: lattice show {reference_of(record)} --where failed"] if more > 0 else []
        _print(["", "Errors:", *shown, *rest])


def reference_of(record: RunRecord) -> str:
    """``SLUG#3``."""
    return f"{record.evaluation_slug}#{record.number}"
