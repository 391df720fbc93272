"""``lattice schedule`` and ``lattice scheduler``: runs that start themselves."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import Any

import click

from lattice.cli.options import (
    COUNT,
    LOGGED,
    environment,
    here,
    json_option,
    log_options,
    output_terminal,
    store_option,
    tags_of,
)
from lattice.cli.queueing import hand_over_option, max_runs_option
from lattice.cli.rendering.schedules import (
    added_lines,
    firing_lines,
    run_name,
    schedule_block,
    schedules_table,
)
from lattice.cli.streams import print_json, print_lines, prints_to_stderr, say, say_next
from lattice.core.exits import ExitCode
from lattice.core.schedules import CatchUp, FiringState, Overlap
from lattice.service.duties import Keeper
from lattice.service.keeping import duties_of
from lattice.service.launching import Launcher, Place
from lattice.service.reading import reference_of
from lattice.service.schedules import (
    Wish,
    add_schedule,
    find_schedule,
    next_words,
    resume_schedule,
    run_now,
    run_of,
    schedule_document,
    schedule_line,
    schedule_lines,
)
from lattice.service.workspace import open_workspace
from lattice.store import FiringRecord, Store

MOST_FIRINGS = 10


@click.group()
def schedule() -> None:
    """Run evaluations by themselves, every night or whenever else: each of their times once.

    A Studio or 'lattice scheduler' starts what falls due, while one of them runs.
    """


@schedule.command("add")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--cron", metavar="FIELDS", help="Minute, hour, day, month, weekday: '0 2 * * *'; else the file's.")
@click.option("--timezone", metavar="NAME", help="Whose clock, such as Europe/Berlin; else the file's, or your own.")
@click.option("--catch-up", type=click.Choice([each.value for each in CatchUp]), help="Missed times: one run, or none.")
@click.option("--overlap", type=click.Choice([each.value for each in Overlap]), help="While a run is still going.")
@click.option("--max-concurrent", type=COUNT, metavar="N", help="Trials at once.")
@click.option("--limit", type=COUNT, metavar="N", help="Only the first N inputs.")
@click.option("--sample", type=COUNT, metavar="N", help="N inputs at random.")
@click.option("--repeats", type=COUNT, metavar="N", help="Trials per input and target.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target (repeatable).")
@click.option("--set", "set", multiple=True, metavar="PATH=VALUE", help="Another value for one key (repeatable).")
@click.option("--tag", "tags", multiple=True, metavar="K=V", help="A tag on each run (repeatable).")
@store_option
def add(
    file: Path,
    cron: str | None,
    timezone: str | None,
    catch_up: str | None,
    overlap: str | None,
    db: str | None,
    **changes: Any,
) -> None:
    """Put the schedule of FILE in force, or change the one it has. FILE is checked, and read anew for each run."""
    wish = Wish(
        cron=cron,
        timezone=timezone,
        catch_up=None if catch_up is None else CatchUp(catch_up),
        overlap=None if overlap is None else Overlap(overlap),
        settings=_kept(changes),
    )
    with open_workspace(db, environment(), here(), create=True) as store:
        with prints_to_stderr():
            added = add_schedule(store, _place(db), file, wish)
        say(*added_lines(added, datetime.now(UTC)))
    slug = quote(added.schedule.evaluation_slug)
    say_next(["lattice scheduler", f"lattice schedule show {slug}", f"lattice schedule run-now {slug}"], db=db)


@schedule.command("ls")
@json_option
@store_option
def list_schedules(as_json: bool, db: str | None) -> None:
    """List schedules with their next and last times, the one that falls due next first."""
    with open_workspace(db, environment(), here()) as store:
        lines = schedule_lines(store)
        if as_json:
            shown = [schedule_document(line, [] if line.last is None else [line.last]) for line in lines]
            print_json({"schedules": shown})
        else:
            print_lines(schedules_table(lines, output_terminal()))


@schedule.command("show")
@click.argument("name", metavar="FILE|EVALUATION")
@json_option
@store_option
def show(name: str, as_json: bool, db: str | None) -> None:
    """Show one schedule and what became of its last times."""
    with open_workspace(db, environment(), here()) as store:
        line = schedule_line(store, find_schedule(store, _place(db), name))
        rows = _firings(store, line.schedule.key)
        if as_json:
            print_json(schedule_document(line, [firing for firing, _ in rows]))
            return
        print_lines(schedule_block(line, datetime.now(UTC), output_terminal()))
        print_lines(["Times:", *firing_lines(rows, line)] if rows else ["Times: none yet"])
    commands = [f"lattice show {run}" for run in [run_name(line)] if run]
    say_next([*commands, f"lattice schedule run-now {quote(line.schedule.evaluation_slug)}"], db=db)


@schedule.command("pause")
@click.argument("name", metavar="FILE|EVALUATION")
@store_option
def pause(name: str, db: str | None) -> None:
    """Let nothing fall due until 'lattice schedule resume'; runs that are going go on."""
    with open_workspace(db, environment(), here()) as store:
        found = find_schedule(store, _place(db), name)
        store.schedules.pause(found.key)
    say(f"Paused {found.evaluation_slug}. What would fall due meanwhile is not caught up.")
    say_next([f"lattice schedule resume {quote(found.evaluation_slug)}"], db=db)


@schedule.command("resume")
@click.argument("name", metavar="FILE|EVALUATION")
@store_option
def resume(name: str, db: str | None) -> None:
    """Let a paused schedule fall due again, from its next time on."""
    with open_workspace(db, environment(), here()) as store:
        found = resume_schedule(store, find_schedule(store, _place(db), name))
    say(f"{found.evaluation_slug} is active.", f"Next: {next_words(found, datetime.now(UTC))}")


@schedule.command("rm")
@click.argument("name", metavar="FILE|EVALUATION")
@store_option
def remove(name: str, db: str | None) -> None:
    """Remove a schedule and what is known of its times; runs stay."""
    with open_workspace(db, environment(), here()) as store:
        found = find_schedule(store, _place(db), name)
        store.schedules.remove(found.key)
    say(f"Removed the schedule of {found.evaluation_slug}; its runs stay.")


@schedule.command("run-now")
@click.argument("name", metavar="FILE|EVALUATION")
@store_option
def run_at_once(name: str, db: str | None) -> int:
    """Make a run now as the schedule would; its own times stay as they are."""
    with open_workspace(db, environment(), here()) as store:
        place = _place(db)
        found = find_schedule(store, place, name)
        with prints_to_stderr():
            firing = run_now(store, place, found)
        record = run_of(store, firing)
        line = schedule_line(store, found)
    if record is None:
        say(f"{found.evaluation_slug}: {line.outcome}")
        return ExitCode.OK if firing.state is FiringState.DUE else ExitCode.FAILED
    say(f"{reference_of(record)} is in the queue: a Studio or 'lattice scheduler' over this workspace carries it out.")
    named = reference_of(record)
    say_next([f"lattice watch {named}", "lattice scheduler", f"lattice resume {named}"], db=db)
    return ExitCode.OK


@click.command()
@max_runs_option
@hand_over_option
@log_options
@store_option
def scheduler(max_runs: int, hand_over: bool, db: str | None) -> None:
    """Start what falls due, without a Studio, until Ctrl-C or SIGTERM; runs go on by themselves.

    Several may run over one workspace: each time of a schedule is still run once.
    """
    with open_workspace(db, environment(), here(), create=True) as store, _told():
        lines = schedule_lines(store)
        now = datetime.now(UTC)
        say(f"Scheduler: {len(lines)} {'schedule' if len(lines) == 1 else 'schedules'}; Ctrl-C stops it, runs go on.")
        say(*(f"  {line.schedule.evaluation_slug}: {next_words(line.schedule, now)}" for line in lines))
        launcher = Launcher(_place(db), store, max_runs=max_runs)
        keeper = Keeper(duties_of(store, launcher))
        stopping = _stop_signal()
        keeper.start()
        try:
            stopping.wait()
        finally:
            if hand_over:
                launcher.hand_over()
            else:
                launcher.stop()
            keeper.stop()
    say("Stopped.")


def _stop_signal() -> threading.Event:
    """What is set once somebody asks this process to end."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    return stopping


@contextmanager
def _told() -> Iterator[None]:
    """Say what the duties do in plain lines on stderr, each with its time, unless a log is asked for that has them."""
    if click.get_current_context().meta.get(LOGGED):
        yield
        return
    told = logging.StreamHandler(sys.stderr)
    told.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger = logging.getLogger("lattice.service")
    level = logger.level
    logger.addHandler(told)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(told)
        logger.setLevel(level)


def _place(db: str | None) -> Place:
    return Place(folder=here(), db=db, environ=environment())


def _kept(changes: dict[str, Any]) -> dict[str, Any]:
    """What is changed about the file, as it is kept with the schedule."""
    tags = tags_of(changes.pop("tags"))
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items() if value}
    return {**kept, **({"tags": tags} if tags else {})}


def _firings(store: Store, schedule_key: int) -> list[tuple[FiringRecord, str | None]]:
    """Its last firings, each with the run that came of it."""
    found = store.schedules.firings(schedule_key, limit=MOST_FIRINGS)
    runs = [run_of(store, firing) for firing in found]
    return [(firing, None if run is None else reference_of(run)) for firing, run in zip(found, runs, strict=True)]
