"""``lattice run`` and ``lattice resume``."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import click

from lattice.cli.concluding import conclusion_lines
from lattice.cli.following import Follower
from lattice.cli.observing import observed, observer_of
from lattice.cli.options import (
    AMOUNT,
    COUNT,
    FILE,
    environment,
    errors_terminal,
    here,
    json_option,
    store_option,
    tags_of,
)
from lattice.cli.rendering.commands import next_commands
from lattice.cli.rendering.comparison import baseline_lines
from lattice.cli.rendering.configuration import prepared_lines
from lattice.cli.rendering.live import progress_view
from lattice.cli.streams import print_json, prints_to_stderr, say, say_next
from lattice.config import parse_override
from lattice.core.errors import ClaimLost, StoreError, StoreGone
from lattice.core.exits import ExitCode
from lattice.core.runs import RunRecord, RunStatus
from lattice.engine.observing import Observer
from lattice.service.assembly import Surroundings
from lattice.service.assessing import Assessor
from lattice.service.baselines import Baseline, named
from lattice.service.conclusion import conclusion_of
from lattice.service.execution import (
    AS_CONFIGURED,
    ResumeSettings,
    check_resumable,
    execute,
    run_in_loop,
    signals_to,
)
from lattice.service.following import Followed
from lattice.service.held_against import comparison_of
from lattice.service.launching import Place
from lattice.service.notifying import Postman
from lattice.service.preparation import Overrides, create_run, prepare, stage, surroundings_for
from lattice.service.provenance import tagged
from lattice.service.reading import check_destinations, document_of, exit_code, export_run, reference_of
from lattice.service.session import Controls
from lattice.service.workspace import folder_to_keep, kept_folder, open_workspace
from lattice.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How a run is shown.

    Parameters
    ----------
    progress: live, while it goes on.
    as_json: its document on stdout at the end.
    outputs: files to write it to.
    db: the store that was named, for the next commands.
    against: what the run is held against; the baseline that is set for its evaluation if absent.
    alert: assess it at its end as a run that nobody watched, and send what there is to say.
    """

    progress: bool
    as_json: bool
    outputs: tuple[str, ...] = ()
    db: str | None = None
    against: Baseline | None = None
    alert: bool = False

    def next_commands(self, record: RunRecord) -> list[str]:
        """What to do with the run now."""
        return next_commands(record, against=None if self.against is None else self.against.name)


@click.command()
@click.argument("file", type=FILE)
@click.option("--max-concurrent", type=COUNT, metavar="N", help="Trials open at once.")
@click.option("--limit", type=COUNT, metavar="N", help="Only the first N inputs.")
@click.option("--sample", type=COUNT, metavar="N", help="A seeded random sample of N inputs.")
@click.option("--repeats", type=COUNT, metavar="N", help="Trials per input and target.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target (repeatable).")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Another value for a key of FILE.")
@click.option("--tag", "--label", "tags", multiple=True, metavar="KEY=VALUE", help="Kept with the run (repeatable).")
@click.option("--against", metavar="BASELINE", help="RUN, 'baseline' or a .lattice file to hold the run against.")
@click.option("--no-progress", is_flag=True, help="No live progress.")
@click.option("--alert", is_flag=True, help="Assess its alerts at the end, and send them.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FILE", help="Write results (repeatable).")
@observed
@json_option
@store_option
def run(
    file: Path,
    sets: tuple[str, ...],
    tags: tuple[str, ...],
    against: str | None,
    no_progress: bool,
    alert: bool,
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
    with prints_to_stderr():
        prepared = prepare(file, environment(), changes)
    with open_workspace(db, environment(), here(), create=True) as store:
        folder = folder_to_keep(prepared.surroundings.base, db, environment(), here())
        version = stage(store, prepared, folder=folder)
        baseline = _baseline(store, against, version.evaluation_id)
        labels = tagged(labels, prepared.surroundings.base)
        record = create_run(store, version, tags=labels, trigger="cli", folder=folder)
        count = version.input_set.count
        say(*prepared_lines(prepared.evaluation, prepared.warnings, inputs=count, terminal=errors_terminal()), "")
        presentation = Presentation(
            progress=not no_progress, as_json=as_json, outputs=outputs, db=db, against=baseline, alert=alert
        )
        return carried_out(store, record, prepared.surroundings, AS_CONFIGURED, presentation)


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--failed", is_flag=True, help="Run failed and unscored trials again, too.")
@click.option("--timeout", type=AMOUNT, metavar="S", help="Seconds per attempt, from now on.")
@click.option("--max-concurrent", type=COUNT, metavar="N", help="Trials open at once, from now on.")
@click.option("--budget", "budget_usd", type=AMOUNT, metavar="USD", help="What the whole run may cost.")
@click.option("--budget-tokens", type=COUNT, metavar="N", help="Tokens that the whole run may take.")
@click.option("--against", metavar="BASELINE", help="As for 'lattice run', if it was named there.")
@click.option("--no-progress", is_flag=True, help="No live progress.")
@click.option("--turn", hidden=True, help="What a Studio or a scheduler took out of the queue to start this.")
@observed
@json_option
@store_option
def resume(
    reference: str,
    against: str | None,
    no_progress: bool,
    turn: str | None,
    as_json: bool,
    db: str | None,
    **settings: object,
) -> int:
    """Finish what is missing in RUN; nothing that is stored is paid for again."""
    given = ResumeSettings(**settings)  # type: ignore[arg-type]
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        check_resumable(record, given)
        base = kept_folder(record.folder, db, environment(), here())
        if base is None and record.folder is not None:
            say(f"The evaluation's folder {record.folder} is not here: its files are looked for in {here()}")
        with prints_to_stderr():
            surroundings = surroundings_for(record, base or here(), environment())
        say(f"Resuming {reference_of(record)}: {record.progress.done} of {record.progress.total} done", "")
        baseline = _baseline(store, against, record.evaluation_id)
        presentation = Presentation(progress=not no_progress, as_json=as_json, db=db, against=baseline)
        return carried_out(store, record, surroundings, given, presentation, turn)


def carried_out(
    store: Store,
    record: RunRecord,
    surroundings: Surroundings,
    settings: ResumeSettings,
    presentation: Presentation,
    turn: str | None = None,
) -> int:
    """Carry a run out with its progress shown, then say what came of it."""
    controls = Controls()
    view = progress_view(sys.stderr, environment(), time.monotonic)
    shown = Follower([Followed(store, record)], view) if presentation.progress else nullcontext()

    async def main(observer: Observer | None) -> RunRecord:
        with signals_to(controls):
            return await execute(
                store,
                record,
                surroundings,
                controls=controls,
                settings=settings,
                turn=turn,
                against=presentation.against,
                observer=observer,
            )

    try:
        with observer_of(record) as observer, shown, prints_to_stderr():
            ended = run_in_loop(main(observer))
    except (ClaimLost, StoreGone):
        # Another process finishes it, or nothing is left to finish.
        raise
    except StoreError as error:
        kept = f"What was committed before is kept. To finish the run: lattice resume {reference_of(record)}"
        raise StoreError(f"{error}\n{kept}") from error
    if presentation.alert:
        _told(store, ended, presentation)
    try:
        return _concluded(store, ended, presentation)
    except KeyboardInterrupt:
        # One Ctrl-C more than it takes costs the summary, and not the way to go on.
        say("Stopped.", "", f"Run: {reference_of(ended)}")
        say_next(presentation.next_commands(ended), db=presentation.db)
        return ExitCode.TERMINATED if ended.status is RunStatus.RUNNING else ExitCode.CANCELLED


def _told(store: Store, record: RunRecord, presentation: Presentation) -> None:
    """Assess a run that has ended, and send what there is to say of it."""
    if record.status is RunStatus.RUNNING:
        return
    Assessor.of(store, environment()).ended(record)
    place = Place(folder=here(), db=presentation.db, environ=environment())
    Postman(store=store, place=place).perform()
    for message in store.alerts.outbox.about(record.id):
        error = f": {message.error}" if message.error else ""
        say(f"Message {message.state}: {message.title}{error}")


def _concluded(store: Store, record: RunRecord, presentation: Presentation) -> int:
    conclusion = conclusion_of(store, record)
    compared = cache(partial(comparison_of, store, record, presentation.against))
    said = [*conclusion_lines(store, record, conclusion, errors_terminal()), *baseline_lines(compared())]
    say(*said, "", f"Run: {reference_of(record)}")
    if presentation.as_json:
        print_json(document_of(store, record, conclusion))
    for destination in presentation.outputs:
        export_run(store, record, destination, compared=compared)
        say(f"Wrote {destination}")
    say_next(presentation.next_commands(record), db=presentation.db)
    return exit_code(record, conclusion)


def _baseline(store: Store, against: str | None, evaluation_id: str) -> Baseline | None:
    """What was named with ``--against``, read before anything is spent."""
    return None if against is None else named(store, against, evaluation_id=evaluation_id, folder=here())
