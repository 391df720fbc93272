"""``lattice prune`` and ``lattice doctor``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from lattice.cli.options import FILE, environment, here, json_option, output_terminal, store_option
from lattice.cli.rendering.doctoring import finding_lines, findings_document, verdict_line
from lattice.cli.rendering.pruning import plan_document, plan_lines, pruned_lines, question_of
from lattice.cli.streams import print_json, print_lines, say
from lattice.core.exits import ExitCode
from lattice.service.artifacts import artifact_folder
from lattice.service.doctor import Examination, Finding, Standing, examine
from lattice.service.pruning import PruneSettings, parse_age, plan_pruning
from lattice.service.pruning import prune as delete_planned
from lattice.service.workspace import open_workspace, store_url


@click.command()
@click.option("--older-than", "age", required=True, metavar="AGE", help="What ended longer ago: 90d, 12w, 36h.")
@click.option("--keep-artifacts", is_flag=True, help="Keep all artifacts; else old ones go as well.")
@click.option("--contents", is_flag=True, help="Delete texts alone; runs and their numbers stay.")
@click.option(
    "--keep-last", type=click.IntRange(min=0), default=1, show_default=True, metavar="N", help="Per evaluation."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--compact", is_flag=True, help="Make the file smaller afterwards; nobody else may be writing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@store_option
def prune(
    age: str,
    keep_artifacts: bool,
    contents: bool,
    keep_last: int,
    dry_run: bool,
    compact: bool,
    yes: bool,
    as_json: bool,
    db: str | None,
) -> int:
    """Delete runs that ended long ago, with their artifacts, and what nothing needs any more.

    Baselines, runs whose responses a kept run scores, the last run of each evaluation, and what waits or goes on stay.
    At a terminal it asks first.
    """
    before = datetime.now(UTC) - parse_age(age)
    with open_workspace(db, environment(), here()) as store:
        folder = None if keep_artifacts else artifact_folder(store_url(db, environment(), here(), create=False), here())
        settings = PruneSettings(before=before, keep_last=keep_last, contents=contents, artifacts=folder)
        plan = plan_pruning(store, settings)
        say(*plan_lines(plan))
        if not dry_run and not yes and sys.stdin.isatty() and (plan.runs or plan.artifacts):
            click.confirm(question_of(plan), abort=True, err=True)
        pruned = None if dry_run else delete_planned(store, plan, compact=compact)
    if pruned is None:
        say("Nothing was deleted (--dry-run).")
    else:
        say(*pruned_lines(pruned, plan))
    if as_json:
        print_json(plan_document(plan, pruned))
    return ExitCode.FAILED if pruned is not None and pruned.trouble is not None else ExitCode.OK


@click.command()
@click.argument("file", metavar="[FILE]", required=False, type=FILE)
@click.option("--offline", is_flag=True, help="Ask no endpoint.")
@json_option
@store_option
def doctor(file: Path | None, offline: bool, as_json: bool, db: str | None) -> int:
    """Check installation, store, keys and endpoints, those of the evaluation in FILE if one is given.

    Changes nothing and shows no key. Ends with 1 where something is broken.
    """
    examination = Examination(file=file, db=db, environ=environment(), folder=here(), offline=offline)
    terminal = output_terminal()
    findings: list[Finding] = []
    for finding in examine(examination):
        findings.append(finding)
        if not as_json:
            print_lines(finding_lines(finding, terminal))
    if as_json:
        print_json(findings_document(findings))
    else:
        print_lines(["", verdict_line(findings)])
    is_broken = any(each.standing is Standing.BROKEN for each in findings)
    return ExitCode.FAILED if is_broken else ExitCode.OK
