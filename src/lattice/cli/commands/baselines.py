"""``lattice baseline``: the run that later ones are held against."""

from __future__ import annotations

import click

from lattice.cli.options import environment, here, output_terminal, store_option
from lattice.cli.rendering.comparison import standing_lines
from lattice.cli.streams import print_lines, say, say_next
from lattice.core.errors import NotFound
from lattice.service.baselines import baseline_run, pinned, set_baseline
from lattice.service.charting import evaluation_named
from lattice.service.reading import reference_of
from lattice.service.workspace import open_workspace


@click.group()
def baseline() -> None:
    """Set the run that later ones are held against: one for each evaluation, named 'baseline' in commands."""


@baseline.command("set")
@click.argument("reference", metavar="RUN")
@store_option
def set_(reference: str, db: str | None) -> None:
    """Make RUN the baseline of its evaluation, in the place of an earlier one."""
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        set_baseline(store, record)
    name = reference_of(record)
    say(f"{name} is the baseline of {record.evaluation_slug} now.")
    say_next(["lattice gate latest --require 'difference.ci_upper >= 0'", f"lattice compare {name} latest"], db=db)


@baseline.command("show")
@click.argument("evaluation")
@store_option
def show(evaluation: str, db: str | None) -> None:
    """Show which run is the baseline of EVALUATION, and its numbers."""
    with open_workspace(db, environment(), here()) as store:
        found = evaluation_named(store, evaluation)
        against, run = pinned(store, found), baseline_run(store, found)
    if against is None or run is None:
        raise NotFound(f"{evaluation} has no baseline; set one with 'lattice baseline set RUN'")
    print_lines([f"{against.name}  ({against.run_id})", *standing_lines(against.sides, output_terminal())])


@baseline.command("rm")
@click.argument("evaluation")
@store_option
def remove(evaluation: str, db: str | None) -> None:
    """Let EVALUATION have no baseline; the run stays."""
    with open_workspace(db, environment(), here()) as store:
        removed = store.baselines.remove(evaluation_named(store, evaluation))
    if not removed:
        raise NotFound(f"{evaluation} has no baseline")
    say(f"{evaluation} has no baseline any more; the run stays.")
