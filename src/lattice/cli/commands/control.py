"""``lattice cancel`` and ``lattice watch``."""

from __future__ import annotations

import sys
import time

import click

from lattice.cli.following import follow_to_the_end
from lattice.cli.options import environment, here, store_option
from lattice.cli.rendering.commands import next_commands
from lattice.cli.rendering.live import progress_view
from lattice.cli.streams import say, say_next
from lattice.service.control import cancel_run
from lattice.service.following import Followed
from lattice.service.workspace import open_workspace


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--now", "at_once", is_flag=True, help="Do not wait for calls in flight.")
@store_option
def cancel(reference: str, at_once: bool, db: str | None) -> None:
    """Stop RUN: nothing new starts, calls in flight finish, everything paid for is kept."""
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        say(cancel_run(store, record, at_once=at_once))
        say_next(next_commands(store.run(record.key)), db=db)


@click.command()
@click.argument("references", metavar="RUN [RUN...]", nargs=-1, required=True)
@store_option
def watch(references: tuple[str, ...], db: str | None) -> None:
    """Follow runs started anywhere, side by side, to their end. Ctrl-C stops watching, not the runs."""
    with open_workspace(db, environment(), here()) as store:
        records = [store.find_run(reference) for reference in references]
        view = progress_view(sys.stderr, environment(), time.monotonic)
        try:
            follow_to_the_end([Followed(store, record) for record in records], view)
        except KeyboardInterrupt:
            say("", "Stopped watching; what runs goes on.")
        if len(records) == 1:
            say_next(next_commands(store.run(records[0].key)), db=db)
