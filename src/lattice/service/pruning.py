"""What is old taken out of a workspace: runs or their texts, artifacts, and what nothing needs any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lattice.core.errors import LatticeError, UsageError
from lattice.service.artifacts import Artifact, artifacts
from lattice.store import Store
from lattice.store.pruning import OldRun, Reason, Selection, Swept
from lattice.store.upkeep import StoreSize

_AGE = re.compile(r"(\d+)\s*([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_MOST_HOURS = 24 * 36_500


def parse_age(text: str) -> timedelta:
    """An age such as ``90d``, ``12w`` or ``36h``.

    Raises
    ------
    UsageError: it has another form, or is nothing.
    """
    found = _AGE.fullmatch(text.strip().lower())
    hours = int(found[1][:9]) * _HOURS[found[2]] if found else 0
    if not 0 < hours <= _MOST_HOURS:
        raise UsageError(f"{text!r} is no age; write a number with h, d or w behind it: 36h, 90d, 12w")
    return timedelta(hours=hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSettings:
    """What is to go.

    Parameters
    ----------
    before: what ended before it is old.
    keep_last: so many ended runs of each evaluation stay.
    contents: delete the texts of runs and keep their numbers, instead of the runs.
    artifacts: the folder whose old artifacts go as well; None keeps all of them.
    """

    before: datetime
    keep_last: int = 1
    contents: bool = False
    artifacts: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePlan:
    """What would go, and what stays although it is old."""

    settings: PruneSettings
    selection: Selection
    artifacts: tuple[Artifact, ...]

    @property
    def runs(self) -> tuple[OldRun, ...]:
        """Runs that go, or whose texts do; newest first."""
        return self.selection.going

    @property
    def kept(self) -> Mapping[Reason, int]:
        """How many old runs stay, by the reason."""
        return self.selection.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What went.

    Parameters
    ----------
    spared: runs that somebody took up while others were deleted.
    before, after: sizes of the store.
    trouble: why it was not made smaller, where that was asked for.
    """

    runs: int
    spared: int
    artifacts: int
    swept: Swept
    before: StoreSize
    after: StoreSize
    trouble: str | None = None


def plan_pruning(store: Store, settings: PruneSettings) -> PrunePlan:
    """Look for what is old; nothing is deleted."""
    selection = store.pruning.select(settings.before, keep_last=settings.keep_last, with_contents=settings.contents)
    old = () if settings.artifacts is None else tuple(_old_artifacts(settings.artifacts, settings.before))
    return PrunePlan(settings=settings, selection=selection, artifacts=old)


def prune(store: Store, plan: PrunePlan, *, compact: bool = False) -> Pruned:
    """Delete what a plan names, in short transactions, so that runs which go on are not held up.

    Stopped in between, it leaves whole runs behind, and what was begun is finished by the next one.

    Parameters
    ----------
    compact: give the room back to the disk afterwards; see `lattice.store.upkeep.Upkeep.compact`.

    Raises
    ------
    StoreError: the store refused; what was deleted stays deleted.
    """
    size = store.upkeep.size()
    act = store.pruning.clear if plan.settings.contents else store.pruning.delete
    gone = sum(act(run) for run in plan.runs)
    for artifact in plan.artifacts:
        artifact.path.unlink(missing_ok=True)
    swept = store.pruning.sweep(plan.settings.before)
    trouble = _compacted(store) if compact else None
    return Pruned(
        runs=gone,
        spared=len(plan.runs) - gone,
        artifacts=len(plan.artifacts),
        swept=swept,
        before=size,
        after=store.upkeep.size(),
        trouble=trouble,
    )


def _compacted(store: Store) -> str | None:
    try:
        store.upkeep.compact()
    except LatticeError as error:
        return str(error)
    return None


def _old_artifacts(folder: Path, before: datetime) -> list[Artifact]:
    """Those that were saved before a moment; a file that cannot be read is nobody's to delete unseen."""
    readable = ((each, each.manifest) for each in artifacts(folder))
    return [each for each, manifest in readable if manifest and manifest.created and manifest.created < before]
