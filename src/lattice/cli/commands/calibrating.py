"""``lattice annotate`` and ``lattice calibrate``: the judge against a person."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import click

from lattice.cli.options import (
    COUNT,
    FILE,
    environment,
    errors_terminal,
    here,
    json_option,
    output_terminal,
    store_option,
)
from lattice.cli.rendering.calibration import calibration_lines, left_out_lines, sample_lines
from lattice.cli.streams import print_json, print_lines, say, say_next, while_read
from lattice.core.errors import UsageError
from lattice.service.annotating import STDOUT, import_scores, write_sample
from lattice.service.calibrating import calibrate_run
from lattice.service.given_scores import judged_run
from lattice.service.reading import reference_of
from lattice.service.workspace import open_workspace

target_option = click.option("--target", metavar="NAME", help="Only this target; RUN/TARGET means the same.")


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--sample", "size", type=COUNT, metavar="N", help="How many inputs to draw, for each target.")
@click.option("-o", "--output", metavar="FILE", help="Where the sample goes, as CSV; - for stdout.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same inputs.")
@click.option("--import", "filled", type=FILE, metavar="FILE", help="Keep the scores of a filled-in file.")
@target_option
@store_option
def annotate(
    reference: str,
    size: int | None,
    output: str | None,
    seed: int,
    filled: Path | None,
    target: str | None,
    db: str | None,
) -> None:
    """Write a random sample of RUN's results for a person to score, or take the scores into the workspace.

    lattice annotate RUN --sample 30 -o sample.csv writes a table with an empty score and reason, in random order and
    without the judge's scores. lattice annotate RUN --import sample.csv keeps what was filled in.
    """
    if (size is None) == (filled is None) or (size is None) != (output is None):
        raise UsageError("give either --sample N with -o FILE, or --import FILE")
    if filled is not None:
        _import(reference, filled, target, db)
    elif size is not None and output is not None:
        _sample(reference, output, target, db, size=size, seed=seed)


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--annotations", type=FILE, metavar="FILE", help="A person's scores as CSV: id, score, reason.")
@target_option
@json_option
@store_option
def calibrate(reference: str, annotations: Path | None, target: str | None, as_json: bool, db: str | None) -> None:
    """Hold RUN's judge against a person's scores, and say whether it is to be trusted.

    Scores come from --annotations, from the workspace (lattice annotate --import), or from both; RUN/TARGET is one
    target.
    """
    with open_workspace(db, environment(), here()) as store:
        report = calibrate_run(store, reference, annotations=annotations, target=target)
    if as_json:
        print_json(report.as_json())
        return
    print_lines(calibration_lines(report.calibrations, output_terminal()))
    worst = next((each.different[0] for each in report.calibrations if each.different), None)
    show = f"lattice show {reference_of(report.judged.run)}"
    say_next([f"{show} --raw --where 'input = {worst.key.position}'" if worst else show], db=db)


def _sample(reference: str, output: str, target: str | None, db: str | None, *, size: int, seed: int) -> None:
    with open_workspace(db, environment(), here()) as store:
        judged = judged_run(store, reference, target)
        with while_read(sys.stdout):
            drawn = write_sample(store, judged, size=size, seed=seed, destination=output, stdout=sys.stdout.buffer)
    say(*sample_lines(drawn, judged.levels, output, seed, errors_terminal()))
    if output != STDOUT:
        say_next([f"lattice calibrate {_typed(reference, target)} --annotations {quote(output)}"], db=db)


def _import(reference: str, filled: Path, target: str | None, db: str | None) -> None:
    with open_workspace(db, environment(), here()) as store:
        imported = import_scores(store, judged_run(store, reference, target), filled)
    replaced = f", {imported.replaced} of them in the place of earlier ones" if imported.replaced else ""
    say(f"Scores stored: {imported.stored}{replaced}.", *left_out_lines(imported, errors_terminal()))
    if imported.stored:
        say_next([f"lattice calibrate {_typed(reference, target)}"], db=db)


def _typed(name: str, target: str | None) -> str:
    """A run's name, and the target that was named, as one types them; ``#`` within a word needs no quotes."""
    typed = name if quote(name.replace("#", "")) == name.replace("#", "") else quote(name)
    return f"{typed} --target {quote(target)}" if target is not None else typed
