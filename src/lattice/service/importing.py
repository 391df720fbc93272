"""What other tools left behind, as evaluation files in a folder and finished runs in a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lattice.config import validate
from lattice.config.slug import slug
from lattice.core.errors import InvalidEvaluation, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.importers import FinishedRun, Imported, Note, Notes, Source, files_of, read_import
from lattice.reporting.atomic import written_whole
from lattice.service.incoming import SOURCE_TAG, IncomingResult, IncomingRun, store_run
from lattice.store import Store

__all__ = ["Arrived", "Importing", "Source", "prepare_import", "store_runs", "write_files"]

ID_TAG = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """One evaluation of another tool on its way in.

    Parameters
    ----------
    folder: where its files go.
    files: their contents by name, the evaluation to go on with first.
    runs: those that the workspace gets, each with its configuration.
    notes: what is not as it was.
    """

    imported: Imported
    folder: Path
    files: Mapping[str, bytes]
    runs: tuple[tuple[FinishedRun, Evaluation], ...]
    notes: tuple[Note, ...]


def prepare_import(
    path: Path, source: Source | None, destination: Path | None, here: Path, day: date
) -> list[Importing]:
    """Read a file or folder of another tool; nothing is written yet.

    Parameters
    ----------
    destination: the folder to write to; one of the evaluation's name in `here` if absent. Several evaluations get a
        folder each within it.
    day: of the import, for the comments in the files.

    Raises
    ------
    ImportProblem: the file cannot be read, or nothing tells what it is.
    """
    found = read_import(path, source)
    names = list(_unlike(slug(each.name) for each in found))
    base = destination if destination is not None else here
    alone = len(found) == 1 and destination is not None
    return [
        _prepared(each, base if alone else base / name, day.isoformat())
        for each, name in zip(found, names, strict=True)
    ]


def write_files(importing: Sequence[Importing], *, replacing: bool) -> None:
    """Write the files of all; none of them where one is in the way.

    Parameters
    ----------
    replacing: files that exist are replaced.

    Raises
    ------
    UsageError: a file exists already, or a folder cannot be made.
    """
    present = [each.folder / name for each in importing for name in each.files if (each.folder / name).exists()]
    if present and not replacing:
        shown = ", ".join(str(path) for path in present[:5]) + (", …" if len(present) > 5 else "")
        verb = "exists" if len(present) == 1 else "exist"
        raise UsageError(f"{shown} {verb} already; name another folder with -o, or replace them with --replace")
    for each in importing:
        try:
            each.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{each.folder} cannot be written: {error.strerror}") from error
        for name, content in each.files.items():
            with written_whole(each.folder / name) as file:
                file.write(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A finished run in the workspace.

    Parameters
    ----------
    known: it had been imported before and was not stored again.
    """

    run: FinishedRun
    record: RunRecord
    known: bool


def store_runs(store: Store, importing: Importing) -> Iterator[Arrived]:
    """Put the finished runs of one import into a workspace, one by one; those that are there already stay as they are.

    Raises
    ------
    StoreError: the store refused.
    """
    source = importing.imported.source.value
    present = {_identity(record.tags): record for record in reversed(store.runs()) if SOURCE_TAG in record.tags}
    for run, evaluation in importing.runs:
        identity = _identity({**run.tags, SOURCE_TAG: source})
        if identity[1] is not None and identity in present:
            yield Arrived(run=run, record=present[identity], known=True)
            continue
        incoming = IncomingRun(
            evaluation=evaluation,
            inputs=run.inputs,
            results=(IncomingResult(result=trial.result, response=trial.response) for trial in run.trials),
            source=source,
            status=run.status,
            failure={"kind": "import", "message": run.failure, "hint": None} if run.failure else None,
            started_at=run.started_at,
            finished_at=run.finished_at,
            tags=run.tags,
        )
        yield Arrived(run=run, record=store_run(store, incoming), known=False)


def _identity(tags: Mapping[str, str]) -> tuple[str | None, str | None]:
    """What tells a run of another tool from all others: the tool, and the run's identifier there."""
    return tags.get(SOURCE_TAG), tags.get(ID_TAG)


def _prepared(imported: Imported, folder: Path, day: str) -> Importing:
    notes = Notes()
    for draft in imported.drafts:
        try:
            validate(draft.data)
        except InvalidEvaluation as error:
            for problem in error.problems:
                notes.needed(draft.file, problem.key or "", problem.message)
    runs = []
    for run in imported.runs:
        try:
            runs.append((run, validate(run.config)))
        except InvalidEvaluation as error:
            notes.left(f"run '{run.label}'", "", f"its configuration cannot be kept: {error.problems[0]}")
    whole = replace(imported, notes=(*imported.notes, *notes.entries), runs=tuple(run for run, _ in runs))
    return Importing(imported=whole, folder=folder, files=files_of(whole, day), runs=tuple(runs), notes=whole.notes)


def _unlike(names: Iterator[str]) -> Iterator[str]:
    """Names of folders, each of its own."""
    taken: set[str] = set()
    for wanted in names:
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        yield name
