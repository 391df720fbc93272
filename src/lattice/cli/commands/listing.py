"""``lattice ls``, apart from what shows a run: a list needs no statistics, and comes at once."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lattice.cli.options import environment, here, output_terminal, store_option
from lattice.cli.rendering.tables import evaluations_table, runs_table
from lattice.cli.streams import print_lines
from lattice.service.workspace import open_workspace

MOST_RUNS = 20


@click.command()
@click.option("--all", "everything", is_flag=True, help=f"All runs, not just the last {MOST_RUNS}.")
@store_option
def ls(everything: bool, db: str | None) -> None:
    """List evaluations and their runs, newest first."""
    terminal, now = output_terminal(), datetime.now(UTC)
    with open_workspace(db, environment(), here()) as store:
        evaluations = store.evaluations()
        runs = store.runs(limit=None if everything else MOST_RUNS)
        places = store.queue.places()
    print_lines(evaluations_table(evaluations, now, terminal, places))
    if runs:
        print_lines(["", *runs_table(runs, now, terminal, places)])
