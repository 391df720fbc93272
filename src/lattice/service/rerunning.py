"""A stored configuration carried out afresh, and what its file says by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lattice.config import load
from lattice.config.differences import Difference, differences
from lattice.config.slug import slug
from lattice.core.errors import InvalidEvaluation
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.service.preparation import create_run
from lattice.store import Store

_ENDINGS = (".yaml", ".yml", ".json")
_MOST_FILES = 200
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """An evaluation file that does not say what a run was started with.

    Parameters
    ----------
    differences: from the run's configuration to the file's.
    """

    path: Path
    differences: tuple[Difference, ...]


def create_rerun(store: Store, record: RunRecord, *, tags: Mapping[str, str], trigger: str) -> RunRecord:
    """A new run, pending, of exactly the configuration and the inputs that `record` was started with.

    Where `record` scores the responses of another run, the new one calls the targets again.
    """
    return create_run(store, store.version(record.version_key), tags=tags, trigger=trigger, folder=record.folder)


def changed_file(record: RunRecord, folder: Path) -> ChangedFile | None:
    """The file of a run's evaluation, where it stands in `folder` and says something else by now.

    Which file it is, the evaluation's name tells; of several with this name none has to be the one, so that one
    which says the same is enough, and else the one that differs least is shown. Where the run was started with
    options that take the place of keys, these differ.
    """
    own = Evaluation.model_validate(record.config)
    found = []
    for path in _files(folder):
        try:
            evaluation = load(path).evaluation
        except InvalidEvaluation:
            # Any other file, or one that is being written: it says nothing about this run.
            continue
        if slug(evaluation.name) != record.evaluation_slug:
            continue
        differing = differences(own, evaluation)
        if not differing:
            return None
        found.append(ChangedFile(path=path, differences=differing))
    return min(found, key=lambda each: len(each.differences), default=None)


def _files(folder: Path) -> Iterator[Path]:
    """Files in a folder that may be evaluations."""
    named = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
    for path in named[:_MOST_FILES]:
        if path.is_file() and path.stat().st_size <= _LARGEST:
            yield path
