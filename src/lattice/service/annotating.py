"""A person's scores of a run's results: the sample they are made from, and their place in the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import TrialKey
from lattice.reporting.annotation_sheet import Drawn, SheetForm, draw, write_sheet
from lattice.reporting.atomic import written_whole
from lattice.service.given_scores import Judged, read_scores
from lattice.service.reading import reference_of
from lattice.store import Store
from lattice.store.records import ResultRow

STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file of scores.

    Parameters
    ----------
    stored: how many are in the workspace now; replaced: of these, how many took the place of another.
    changed: ids whose response is another than the one that was scored, and which are not stored.
    missing: likewise, ids that have no result in this run.
    """

    stored: int
    replaced: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def write_sample(store: Store, judged: Judged, *, size: int, seed: int, destination: str, stdout: IO[bytes]) -> Drawn:
    """Write a random sample of scored results for a person to fill in; see `annotation_sheet`.

    Parameters
    ----------
    destination: a file that does not exist yet, or ``-``.

    Raises
    ------
    UsageError: the file exists or cannot be written, the run is still running, or has nothing to score.
    """
    if judged.run.status is RunStatus.RUNNING and not judged.run.interrupted:
        raise UsageError(
            f"{reference_of(judged.run)} is still running, and what has finished first is no random part of it; "
            "draw the sample when it has ended"
        )
    if destination != STDOUT and Path(destination).exists():
        raise UsageError(f"{destination} exists already and may hold somebody's scores; name another file")
    drawn = draw(store.iterate_scores(judged.run.key), size, seed, judged.target)
    if not drawn.keys:
        raise UsageError(f"{reference_of(judged.run)} has no scored results to sample from")
    form = SheetForm(targets=len(judged.targets) > 1, repeats=judged.repeats > 1)
    rows = _rows(store, judged.run, drawn.keys)
    if destination == STDOUT:
        write_sheet(rows, form, stdout)
        stdout.flush()
    else:
        with written_whole(Path(destination)) as stream:
            write_sheet(rows, form, stream)
    return drawn


def import_scores(store: Store, judged: Judged, path: Path) -> Imported:
    """Keep the scores of a file as annotations in the workspace: all of them, or none where one is wrong.

    Raises
    ------
    UsageError: the file or a row of it is wrong; see `read_scores`.
    """
    found = read_scores(store, judged, path)
    rows = [store.result(judged.run.key, given.key) for given in found]
    kept = [given for given, row in zip(found, rows, strict=True) if row is not None and given.is_of(row)]
    there = {annotation.key for annotation in store.annotations(judged.run.key)}
    for given in kept:
        store.annotate(judged.run.key, given.key, score=given.score, note=given.reason)
    return Imported(
        stored=len(kept),
        replaced=sum(given.key in there for given in kept),
        changed=tuple(g.id for g, row in zip(found, rows, strict=True) if row is not None and not g.is_of(row)),
        missing=tuple(given.id for given, row in zip(found, rows, strict=True) if row is None),
    )


def _rows(store: Store, run: RunRecord, keys: Sequence[TrialKey]) -> Iterator[ResultRow]:
    for key in keys:
        row = store.result(run.key, key)
        if row is not None:
            yield row
