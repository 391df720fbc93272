"""``lattice run`` and ``lattice resume``."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path

import click
import orjson

from lattice.cli.following import Followed, Follower
from lattice.cli.options import (
    FILE,
    environment,
    errors_terminal,
    here,
    json_option,
    say_next,
    store_option,
    tags_of,
)
from lattice.cli.rendering.commands import next_commands
from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.live import progress_view
from lattice.cli.rendering.summary import summary_block
from lattice.config import parse_override
from lattice.config.environment import load_environment
from lattice.core.errors import StoreError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.scoring.scales import scale_of
from lattice.service.assembly import Surroundings
from lattice.service.conclusion import conclusion_of
from lattice.service.execution import (
    AS_CONFIGURED,
    ResumeSettings,
    check_resumable,
    execute,
    run_in_loop,
    signals_to,
)
from lattice.service.preparation import Overrides, create_run, prepare, stage
from lattice.service.reading import check_destinations, document_of, exit_code, export_run
from lattice.service.session import Controls
from lattice.service.workspace import open_workspace
from lattice.store import Store


@click.command()
@click.argument("file", type=FILE)
@click.option("--max-concurrent", type=int, metavar="N", help="Trials open at once.")
@click.option("--limit", type=int, metavar="N", help="Only the first N inputs.")
@click.option("--sample", type=int, metavar="N", help="A seeded random sample of N inputs.")
@click.option("--repeats", type=int, metavar="N", help="Trials per input and target.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target (repeatable).")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Another value for a key of FILE.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Kept with the run (repeatable).")
@click.option("--no-progress", is_flag=True, help="No live progress.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FILE", help="Write results (repeatable).")
@json_option
@store_option
def run(
    file: Path,
    sets: tuple[str, ...],
    tags: tuple[str, ...],
    no_progress: bool,
    outputs: tuple[str, ...],
    as_json: bool,
    db: str | None,
    **overrides: object,
) -> int:
    """Run the evaluation in FILE, with live progress.

    Ctrl-C stops it gracefully, twice at once; what was paid for is kept.
    """
    check_destinations(outputs)
    changes = Overrides(sets=tuple(parse_override(text) for text in sets), **overrides)  # type: ignore[arg-type]
    labels = tags_of(tags)
    prepared = prepare(file, environment(), changes)
    with open_workspace(db, environment(), here(), create=True) as store:
        version = stage(store, prepared)
        record = create_run(store, version, tags=labels, trigger="cli")
        say(
            *configuration_block(
                prepared.evaluation,
                inputs=version.input_set.count,
                status=RunStatus.PENDING,
                terminal=errors_terminal(),
            ),
            *(f"Warning: {warning}" for warning in prepared.warnings),
            "",
        )
        return _carried_out(
            store, record, prepared.surroundings, AS_CONFIGURED, progress=not no_progress, as_json=as_json, outputs=outputs
        )


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--failed", is_flag=True, help="Run failed and unscored trials again, too.")
@click.option("--timeout", type=float, metavar="S", help="Seconds per attempt, from now on.")
@click.option("--max-concurrent", type=int, metavar="N", help="Trials open at once, from now on.")
@click.option("--budget", "budget_usd", type=float, metavar="USD", help="What the whole run may cost.")
@click.option("--no-progress", is_flag=True, help="No live progress.")
@json_option
@store_option
def resume(reference: str, no_progress: bool, as_json: bool, db: str | None, **settings: object) -> int:
    """Finish what is missing in RUN; nothing that is stored is paid for again."""
    given = ResumeSettings(**settings)  # type: ignore[arg-type]
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        check_resumable(record, given)
        base = here()
        surroundings = Surroundings(environ=load_environment(base, environment()), base=base)
        name = f"{record.evaluation_slug}#{record.number}"
        say(f"Resuming {name}: {record.progress.done} of {record.progress.total} done", "")
        return _carried_out(
            store, record, surroundings, given, progress=not no_progress, as_json=as_json, outputs=()
        )


def _carried_out(
    store: Store,
    record: RunRecord,
    surroundings: Surroundings,
    settings: ResumeSettings,
    *,
    progress: bool,
    as_json: bool,
    outputs: tuple[str, ...],
) -> int:
    """Carry a run out with its progress shown, then say what came of it."""
    controls = Controls()
    view = progress_view(sys.stderr, environment(), time.monotonic)
    shown = Follower([Followed(store, record)], view) if progress else nullcontext()

    async def main() -> RunRecord:
        with signals_to(controls):
            return await execute(store, record, surroundings, controls=controls, settings=settings)

    try:
        with shown:
            ended = run_in_loop(main())
    except StoreError as error:
        name = f"{record.evaluation_slug}#{record.number}"
        raise StoreError(f"{error}\nWhat was committed before is kept. To finish the run: lattice resume {name}") from error
    return _concluded(store, ended, as_json=as_json, outputs=outputs)


def _concluded(store: Store, record: RunRecord, *, as_json: bool, outputs: tuple[str, ...]) -> int:
    conclusion = conclusion_of(store, record)
    judge = Evaluation.model_validate(record.config).scoring.judge
    gates = [dict(gate) for gate in conclusion.gates]
    say(
        *summary_block(
            record,
            conclusion.summary,
            errors_terminal(),
            gates=gates,
            scale_maximum=scale_of(judge).maximum,
        ),
        "",
        f"Run: {record.evaluation_slug}#{record.number}",
    )
    for destination in outputs:
        export_run(store, record, destination)
        say(f"Wrote {destination}")
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(document_of(store, record, conclusion), option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
    say_next(next_commands(record))
    return exit_code(record, conclusion)
