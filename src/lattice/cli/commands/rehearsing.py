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
from lattice.config.slug import slug
from lattice.core.errors import UsageError
from lattice.reporting.formats import count, duration, money, wrapped
from lattice.service.assembly import assembled
from lattice.service.conclusion import conclusion_of
from lattice.service.obstacles import unpriced_models
from lattice.service.preparation import Prepared, prepare, stage, trials_of
from lattice.service.rehearsing import Experience, Rehearsal, Span, drawn, is_worth_learning_from, reckon
from lattice.service.workspace import open_workspace
from lattice.store import Store, open_store

RECENT = 20


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
    evaluation = prepared.evaluation
    inputs = stage(store, prepared).input_set
    sample = store.read_inputs(inputs.key, drawn(store.positions(inputs.key)))
    async with assembled(evaluation, prepared.surroundings) as assembly:
        return reckon(
            evaluation,
            assembly,
            list(sample.values()),
            inputs=inputs.count,
            trials=trials_of(evaluation, inputs.count),
            unpriced=unpriced_models(evaluation),
            experience=experience,
        )


def _experience(prepared: Prepared, db: str | None) -> Experience:
    """What the last run that asked the same models tells, if the workspace has one."""
    try:
        store = open_workspace(db, environment(), here())
    except UsageError:
        return Experience()
    with store:
        wanted = slug(prepared.evaluation.name)
        rows = [row for row in store.evaluations() if row.slug == wanted]
        records = store.runs(evaluation=rows[0].id, limit=RECENT) if rows else []
        for record in records:
            if is_worth_learning_from(record, prepared.evaluation):
                return Experience.of(record, conclusion_of(store, record).summary)
    return Experience()


def rehearsal_lines(found: Rehearsal) -> Iterator[str]:
    """What a run will take, a line each."""
    yield f"Trials: {count(found.trials)} over {count(found.inputs)} inputs"
    yield f"Calls: {count(found.target_calls)} to targets, {count(found.judge_calls)} to judges; retries come on top"
    untold = f", without {', '.join(found.untold)}" if found.untold else ""
    yield f"Tokens: {_counts(found.tokens)}{untold}"
    yield f"Cost: {_cost(found)}"
    yield f"Duration: {duration(found.duration.low)} to {duration(found.duration.high)}"
    if found.detectable is not None:
        low, high = found.detectable.low, found.detectable.high
        yield (
            f"Smallest difference to another run that will likely show: {low:.2f} to {high:.2f} of the scale "
            "(found in 4 of 5 cases)"
        )
    if found.learned_from is not None:
        yield f"Reckoned from what {found.learned_from} took."
    else:
        yield "Reckoned from assumptions: no earlier run asked these models. After a first run the ranges are narrow."


def _counts(span: Span) -> str:
    return f"{count(round(span.low))} to {count(round(span.high))}"


def _cost(found: Rehearsal) -> str:
    known = f"{money(found.cost_usd.low)} to {money(found.cost_usd.high)}"
    if not found.unpriced:
        return known
    names = ", ".join(found.unpriced)
    return f"unknown for {names}" + (f"; the rest {known}" if found.cost_usd.high else "")
