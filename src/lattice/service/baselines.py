"""Baselines: the run that others are held against, set in the store or kept as a file where nothing else is kept.

``baseline`` names the one that is set for the evaluation at hand. A ``.lattice`` file is read from the disk, so that
only a face whose user may read files there gives a folder to look for it in.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.sides import Side
from lattice.service.artifacts import ENDING, import_artifact
from lattice.service.reading import reference_of
from lattice.service.sides import Chosen, choose, sides_of
from lattice.store import Store, open_store

BASELINE = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What runs are held against, with its scores.

    Parameters
    ----------
    name: ``support#3``, or the file as it was named.
    run_id: the same however it is called.
    """

    name: str
    run_id: str
    sides: tuple[Side, ...]


def set_baseline(store: Store, record: RunRecord) -> None:
    """Make a run the baseline of its evaluation, in the place of an earlier one.

    Raises
    ------
    UsageError: it did not come to its end, so that nothing could be decided against it.
    """
    name = reference_of(record)
    if record.status is not RunStatus.COMPLETED:
        raise UsageError(f"{name} is {_state(record)}; a baseline is a run that is completed")
    if not record.progress.successful:
        raise UsageError(f"{name} has no successful trial, so that nothing could be held against it")
    store.baselines.set(record.id)


def baseline_run(store: Store, evaluation_id: str) -> RunRecord | None:
    """The run that is set as the baseline of an evaluation."""
    run_id = store.baselines.get(evaluation_id)
    return None if run_id is None else store.find_run(run_id)


def pinned(store: Store, evaluation_id: str) -> Baseline | None:
    """The baseline that is set for an evaluation."""
    run = baseline_run(store, evaluation_id)
    return None if run is None else _of(store, Chosen(run=run))


def named(store: Store, text: str, *, evaluation_id: str | None, folder: Path | None = None) -> Baseline:
    """A baseline by what people call it.

    Parameters
    ----------
    text: ``RUN`` or ``RUN/TARGET``, ``baseline`` for the one that is set, or a ``.lattice`` file.
    evaluation_id: whose baseline is meant; without one, that of the only evaluation that has one.
    folder: where files are looked for; None takes none.

    Raises
    ------
    UsageError: there is none, or the file holds no run.
    """
    if folder is not None and is_file(text):
        return _read(text, folder)
    return _of(store, chosen_by(store, text, evaluation_id))


def chosen_by(store: Store, text: str, evaluation_id: str | None) -> Chosen:
    """Find ``RUN`` or ``RUN/TARGET``, with ``baseline`` for that of an evaluation.

    Raises
    ------
    UsageError: there is no such run, it has no such target, or no baseline is set.
    """
    word, slash, target = text.partition("/")
    if word.strip().lower() != BASELINE or evaluation_id is None:
        return choose(store, text)
    return choose(store, f"{store.evaluation(evaluation_id).slug}#{BASELINE}{slash}{target}")


def is_file(text: str) -> bool:
    """Whether a file is meant, perhaps with a target of its run: ``baseline.lattice/Small``."""
    return text.endswith(ENDING) or f"{ENDING}/" in text


def _of(store: Store, chosen: Chosen) -> Baseline:
    return Baseline(name=reference_of(chosen.run), run_id=chosen.run.id, sides=tuple(sides_of(store, chosen)))


def _read(text: str, folder: Path) -> Baseline:
    """A file's run, read into a store of its own that is gone afterwards; the sides hold what is needed of it."""
    name, slash, target = text.partition(f"{ENDING}/")
    name = name + ENDING if slash else text
    path = folder / name
    if not path.is_file():
        raise UsageError(f"there is no file {name} to be the baseline; make one with 'lattice export RUN -o {name}'")
    with tempfile.TemporaryDirectory(prefix="lattice-") as place, open_store(f"sqlite:///{place}/run.db") as store:
        run = import_artifact(store, path)
        sides = sides_of(store, choose(store, f"{run.id}{slash and '/'}{target}"))
    several = len(run.config["targets"]) > 1
    shown = [replace(each, name=f"{name}/{each.target}" if several else name) for each in sides]
    return Baseline(name=name, run_id=run.id, sides=tuple(shown))


def _state(record: RunRecord) -> str:
    return "interrupted" if record.interrupted else record.status.value
