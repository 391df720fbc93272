"""``lattice import``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import click

from lattice.cli.options import environment, here, store_option
from lattice.cli.streams import say, say_next
from lattice.core.secrecy import without_password
from lattice.reporting.formats import count, terminal_text
from lattice.service.artifacts import import_artifact, is_ours
from lattice.service.importing import Arrived, Importing, Source, prepare_import, store_runs, write_files
from lattice.service.reading import reference_of
from lattice.service.workspace import open_workspace

_MOST_NOTES = 40
_WIDTH = 400


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Where to write to."
)
@click.option(
    "--as", "source", type=click.Choice([each.value for each in Source]), help="Whose FILE is, if it does not tell."
)
@click.option("--replace", "replacing", is_flag=True, help="Replace files that exist.")
@store_option
def import_(path: Path, output: Path | None, source: str | None, replacing: bool, db: str | None) -> None:
    """Import FILE, or a folder: an OpenAI Evals export, a promptfoo configuration, an Inspect log, a run's artifact.

    Configurations become an evaluation in DIR (a new folder of its name, if absent), results become finished runs in
    the workspace. What cannot be carried over is listed, here and in IMPORT-NOTES.md.
    """
    if source is None and path.is_file() and is_ours(path):
        with open_workspace(db, environment(), here(), create=True) as store:
            record = import_artifact(store, path)
        say(f"Imported {path} as {reference_of(record)}")
        say_next([f"lattice show {quote(reference_of(record))}"], db=db)
        return
    chosen = Source(source) if source else None
    importing = prepare_import(path, chosen, output, here=Path(), day=datetime.now(UTC).date())
    write_files(importing, replacing=replacing)
    for each in importing:
        _say_written(each)
        arrived: list[Arrived] = []
        if each.runs:
            with open_workspace(db, environment(), here(), create=True) as store:
                arrived = list(store_runs(store, each))
        _say_runs(arrived)
        _say_notes(each)
        _say_next(each, arrived, db)


def _say_written(importing: Importing) -> None:
    origin = terminal_text(importing.imported.origin, _WIDTH)
    say(f"Imported {origin}", f"Wrote {', '.join(importing.files)} into {importing.folder}")


def _say_runs(arrived: Sequence[Arrived]) -> None:
    for each in arrived:
        label = terminal_text(each.run.label, _WIDTH)
        results = "was imported before and stays as it is" if each.known else f"{count(len(each.run.trials))} results"
        say(f"Run {reference_of(each.record)}: {label}, {results}")


def _say_notes(importing: Importing) -> None:
    if not importing.notes:
        say("Everything was carried over.")
        return
    say("", "Not as it was:", *(f"  {terminal_text(str(note), _WIDTH)}" for note in importing.notes[:_MOST_NOTES]))
    if len(importing.notes) > _MOST_NOTES:
        say(f"  and {len(importing.notes) - _MOST_NOTES} more: see {importing.folder / 'IMPORT-NOTES.md'}")


def _say_next(importing: Importing, arrived: Sequence[Arrived], db: str | None) -> None:
    references = [quote(reference_of(each.record)) for each in arrived]
    store = f" --db {quote(without_password(db))}" if db else ""
    shown = [f"lattice show {references[0]}{store}"] if references else []
    compared = [f"lattice compare {' '.join(references[:2])}{store}"] if len(references) > 1 else []
    main = importing.folder / importing.imported.drafts[0].file
    say_next([*shown, *compared, f"lattice validate {quote(str(main))}"])
