"""``lattice artifact``: snapshots of runs that stay as they are."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import click

from lattice.cli.options import environment, here, json_option, output_terminal, store_option
from lattice.cli.rendering.artifacts import artifacts_table, saved_lines, size_text, verification_lines
from lattice.cli.streams import print_json, print_lines, say, say_next, while_read
from lattice.core.errors import UsageError
from lattice.core.exits import ExitCode
from lattice.reporting.exports import STDOUT, formats_for
from lattice.reporting.snapshots.manifest import SUMMARY
from lattice.reporting.snapshots.opening import LatticeFile
from lattice.service.artifacts import (
    ENDING,
    artifact_folder,
    artifacts,
    export_artifact,
    find_artifact,
    remove_artifact,
    save_artifact,
    saved_run,
    verify_file,
)
from lattice.service.reading import reference_of
from lattice.service.workspace import open_workspace, store_url

MOST_ERRORS = 10


@click.group()
def artifact() -> None:
    """Keep snapshots of runs that stay as they are, one file each."""


@artifact.command("save")
@click.argument("reference", metavar="RUN", default="latest")
@click.option("--name", help="Else the evaluation's name and the run's number.")
@store_option
def save(reference: str, name: str | None, db: str | None) -> None:
    """Save RUN as it is now: summary, configuration, inputs, results, failed calls."""
    with open_workspace(db, environment(), here()) as store:
        record = store.find_run(reference)
        saved = save_artifact(store, record, _folder(db), name)
    say(f"Saved {reference_of(record)} as {saved.name} ({size_text(saved.size)}): {saved.path}")
    given = quote(saved.name)
    say_next([f"lattice artifact show {given}", f"lattice artifact export {given} -o FILE{ENDING}"], db=db)


@artifact.command("ls")
@store_option
def list_artifacts(db: str | None) -> None:
    """List artifacts, the one that was saved last first."""
    print_lines(artifacts_table(artifacts(_folder(db)), datetime.now(UTC), output_terminal()))


@artifact.command("show")
@click.argument("name", metavar="NAME|FILE")
@json_option
@store_option
def show(name: str, as_json: bool, db: str | None) -> None:
    """Show what an artifact, or any .lattice file, says of its run."""
    with LatticeFile(_path(name, db)) as file:
        if as_json:
            print_json(file.document(SUMMARY))
        else:
            print_lines(saved_lines(file.manifest, saved_run(file, MOST_ERRORS), output_terminal()))


@artifact.command("export")
@click.argument("name", metavar="NAME|FILE")
@click.option("-o", "--output", "outputs", multiple=True, required=True, metavar="FILE", help="Or - for stdout.")
@click.option("--format", "format_", metavar="NAME", help="Where the file's ending does not tell it.")
@click.option("--inputs", is_flag=True, help="Each result in JUnit and Markdown, too, which else sum the run up.")
@store_option
def export(name: str, outputs: tuple[str, ...], format_: str | None, inputs: bool, db: str | None) -> None:
    """Write an artifact to files: a copy of it, or any other format."""
    formats = formats_for(outputs, format_, with_results=inputs)
    path = _path(name, db)
    for destination, each in zip(outputs, formats, strict=True):
        with while_read(sys.stdout):
            export_artifact(path, destination, format=each.name, stdout=sys.stdout.buffer)
        if destination != STDOUT:
            say(f"Wrote {destination}")


@artifact.command("rm")
@click.argument("name")
@store_option
def remove(name: str, db: str | None) -> None:
    """Delete an artifact."""
    remove_artifact(_folder(db), name)
    say(f"Removed {name}.")


@artifact.command("verify")
@click.argument("name", metavar="NAME|FILE")
@json_option
@store_option
def verify(name: str, as_json: bool, db: str | None) -> int:
    """Check an artifact's hashes and counts, and that its summary follows from its results."""
    found = verify_file(_path(name, db))
    if as_json:
        print_json({"sound": found.is_sound, "problems": list(found.problems), "unknown": list(found.unknown)})
    else:
        print_lines(verification_lines(name, found, output_terminal()))
    return ExitCode.OK if found.is_sound else ExitCode.FAILED


def _folder(db: str | None) -> Path:
    return artifact_folder(store_url(db, environment(), here(), create=False), here())


def _path(name: str, db: str | None) -> Path:
    """An artifact by its name, or a file anywhere."""
    path = here() / name
    if name.endswith(ENDING) and path.is_file():
        return path
    try:
        folder = _folder(db)
    except UsageError:
        raise UsageError(f"there is no file {name}, and no workspace here whose artifact it could be") from None
    return find_artifact(folder, name).path
