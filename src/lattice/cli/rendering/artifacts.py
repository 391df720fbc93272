"""Artifacts in rows, and what one of them says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.errors import errors_total
from lattice.cli.rendering.grids import aligned, aligned_width
from lattice.cli.rendering.summary import summary_block
from lattice.cli.rendering.tables import error_lines
from lattice.cli.rendering.terminal import Terminal
from lattice.core.evaluation import Evaluation
from lattice.reporting import formats
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.formats import NOTHING, fit, terminal_text, wrapped
from lattice.reporting.snapshots.manifest import Headline, Manifest
from lattice.reporting.snapshots.verification import Verification
from lattice.scoring.scales import scale_of
from lattice.service.artifacts import Artifact, SavedRun

_KILO = 1000
_DISPENSABLE = ("Size", "Run", "Status", "Saved")


def artifacts_table(found: Sequence[Artifact], now: datetime, terminal: Terminal) -> list[str]:
    """Artifacts with run, status, mean, size and age; what cannot be read says why."""
    if not found:
        return ["No artifacts yet. `lattice artifact save RUN` saves one."]
    rows: list[tuple[str, ...]] = [("Artifact", "Run", "Status", "Mean [95% CI]", "Size", "Saved")]
    rows += [_row(each, now) for each in found]
    lines = aligned(_fitting(rows, terminal.width), width=terminal.width)
    for each in found:
        if each.problem is not None:
            lines += wrapped(terminal_text(each.problem), terminal.width)
    return lines


def saved_lines(manifest: Manifest, saved: SavedRun, terminal: Terminal) -> list[str]:
    """The snapshot, and its run as ``lattice show`` shows one."""
    record, conclusion = saved.record, saved.conclusion
    evaluation = Evaluation.model_validate(record.config)
    judge = evaluation.judge
    when = "" if manifest.created is None else f" on {manifest.created:%Y-%m-%d %H:%M} UTC"
    lines = configuration_block(evaluation, inputs=record.input_count, terminal=terminal)
    lines += ["", f"Run: {record.evaluation_slug}#{record.number}  ({record.id})"]
    lines.append(f"Saved: by Lattice {terminal_text(manifest.lattice, 20)}{when}")
    lines += [f"Snapshot: {manifest.snapshot}", ""]
    lines += summary_block(
        record,
        conclusion.summary,
        terminal,
        gates=[dict(gate) for gate in conclusion.gates],
        scale_maximum=scale_of(judge).maximum if judge is not None and judge.scale is not None else None,
        doubts=doubts_about_judges(evaluation),
    )
    return [*lines, *_errors(saved, terminal)]


def verification_lines(name: str, found: Verification, terminal: Terminal) -> list[str]:
    """What is wrong with a file, or that nothing is."""
    if found.is_sound:
        lines = [f"{name} is sound: every hash and count is right, and its summary follows from its results."]
    else:
        lines = [f"{name} is not what was saved:", *(f"- {problem}" for problem in found.problems)]
    lines += [f"Not known to this version: {name}" for name in found.unknown]
    return [part for line in lines for part in wrapped(terminal_text(line), terminal.width)]


def size_text(size: int) -> str:
    """``15 kB``, ``1.2 MB``."""
    if size < _KILO:
        return f"{size} B"
    value, unit = size / _KILO, "kB"
    for larger in ("MB", "GB"):
        if value >= _KILO:
            value, unit = value / _KILO, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "kB" else f"{value:.1f} {unit}"


def _row(artifact: Artifact, now: datetime) -> tuple[str, ...]:
    name, size = terminal_text(artifact.name), size_text(artifact.size)
    said = artifact.manifest
    if said is None:
        return (name, NOTHING, "unreadable", NOTHING, size, NOTHING)
    run = said.run
    return (
        name,
        fit(f"{run.evaluation.slug}#{run.number}", 40),
        run.status.value,
        _mean(said.headline),
        size,
        formats.ago(said.created, now),
    )


def _fitting(rows: Sequence[tuple[str, ...]], width: int) -> list[list[str]]:
    """Rows without the columns that there is no room for: an artifact's name is what commands take."""
    cut = [list(row) for row in rows]
    for heading in _DISPENSABLE:
        if aligned_width(cut) > width:
            place = cut[0].index(heading)
            cut = [[*row[:place], *row[place + 1 :]] for row in cut]
    return cut


def _mean(headline: Headline | None) -> str:
    if headline is None or headline.mean is None:
        return NOTHING
    ends = headline.interval
    mean = formats.score(headline.mean)
    return mean if ends is None else f"{mean} {formats.interval(ends.lower, ends.upper)}"


def _errors(saved: SavedRun, terminal: Terminal) -> list[str]:
    if not saved.errors:
        return []
    several = len(saved.record.config["targets"]) > 1
    lines = ["", errors_total(saved.record.progress), *error_lines(saved.errors, terminal, several_targets=several)]
    rest = saved.record.progress.failed - len(saved.errors)
    return [*lines, f"... and {rest} more"] if rest > 0 else lines
