"""``lattice rehearse``."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import click

from lattice.cli.options import FILE, environment, errors_terminal, here, output_terminal
from lattice.cli.rendering.configuration import prepared_lines
from lattice.cli.streams import print_lines, prints_to_stderr, say, say_next
from lattice.core.errors import UsageError
from lattice.reporting.formats import wrapped
from lattice.service.forecast import experience_of, forecast, forecast_words, grounds_words
from lattice.service.preparation import Prepared, prepare, stage
from lattice.service.rehearsing import Experience, Rehearsal
from lattice.service.workspace import open_workspace
from lattice.store import Store, open_store


@click.command()
@click.argument("file", type=FILE)
@click.option("--db", metavar="URL", help="The store whose earlier runs are learned from.")
def rehearse(file: Path, db: str | None) -> None:
    """Say what a run of FILE will take: calls, tokens, cost, duration, and what it can show. Calls nothing."""
    with prints_to_stderr():
        prepared = prepare(file, environment())
    with (
        tempfile.TemporaryDirectory(prefix="lattice-") as folder,
        open_store(f"sqlite:///{folder}/rehearsal.db") as store,
    ):
        found = asyncio.run(_rehearsed(store, prepared, _experience(prepared, db)))
    say(*prepared_lines(prepared.evaluation, prepared.warnings, inputs=found.inputs, terminal=errors_terminal()))
    width = output_terminal().width
    print_lines(["", *(line for text in rehearsal_lines(found) for line in wrapped(text, width, "  "))])
    say_next([f"lattice run {quote(str(file))}"])


async def _rehearsed(store: Store, prepared: Prepared, experience: Experience) -> Rehearsal:
    inputs = stage(store, prepared).input_set
    return await forecast(store, prepared.evaluation, prepared.surroundings, inputs, experience)


def _experience(prepared: Prepared, db: str | None) -> Experience:
    """What the workspace knows, if there is one."""
    try:
        store = open_workspace(db, environment(), here())
    except UsageError:
        return Experience()
    with store:
        return experience_of(store, prepared.evaluation)


def rehearsal_lines(found: Rehearsal) -> Iterator[str]:
    """What a run will take, a line each."""
    yield from (f"{heading}: {said}" for heading, said in forecast_words(found))
    yield grounds_words(found)
