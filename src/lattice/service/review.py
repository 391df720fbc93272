"""What somebody reads before they start a run: the configuration, its first inputs, what keeps it from being run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from lattice.config.differences import Difference, differences
from lattice.config.environment import load_environment
from lattice.core.errors import Problem
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.runs import RunRecord
from lattice.service.assembly import Surroundings
from lattice.service.execution import AS_CONFIGURED, ResumeSettings
from lattice.service.forecast import experience_of, forecast
from lattice.service.launching import Launcher, Place
from lattice.service.obstacles import obstacles_in_sight, warnings_about
from lattice.service.preparation import create_run
from lattice.service.rehearsing import Rehearsal
from lattice.store import Store, VersionRecord

FIRST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One version of an evaluation.

    Parameters
    ----------
    inputs: the first of them.
    obstacles: why a run would be refused. warnings: what is allowed and should be known.
    previous: the version before; None for the first one.
    changed: from the previous version's configuration to this one's; inputs are compared by their hash.
    """

    version: VersionRecord
    evaluation: Evaluation
    inputs: tuple[Input, ...]
    obstacles: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    previous: VersionRecord | None = None
    changed: tuple[Difference, ...] = ()

    @property
    def has_other_inputs(self) -> bool:
        """Whether the previous version is asked other inputs."""
        return self.previous is not None and self.previous.input_set.hash != self.version.input_set.hash


def review_of(store: Store, place: Place, version: VersionRecord) -> Review:
    """Read a version; nothing is called and no function is imported."""
    evaluation = Evaluation.model_validate(version.config)
    previous = next((each for each in store.versions(version.evaluation_id) if each.number < version.number), None)
    return Review(
        version=version,
        evaluation=evaluation,
        inputs=tuple(islice(store.inputs(version.input_set.key), FIRST)),
        obstacles=tuple(obstacles_in_sight(evaluation, surroundings_of(place, version))),
        warnings=tuple(warnings_about(evaluation)),
        previous=previous,
        changed=() if previous is None else differences(Evaluation.model_validate(previous.config), evaluation),
    )


async def forecast_of(store: Store, place: Place, version: VersionRecord) -> Rehearsal:
    """What a run of a version will take."""
    evaluation = Evaluation.model_validate(version.config)
    experience = experience_of(store, evaluation)
    return await forecast(store, evaluation, surroundings_of(place, version), version.input_set, experience)


def surroundings_of(place: Place, version: VersionRecord) -> Surroundings:
    """What a version's runs will take from this machine."""
    base = place.found(version.folder) or place.folder
    return Surroundings(environ=load_environment(base, place.environ), base=base)


def start_run(
    store: Store,
    launcher: Launcher,
    version: VersionRecord,
    *,
    tags: dict[str, str],
    trigger: str,
    settings: ResumeSettings = AS_CONFIGURED,
) -> RunRecord:
    """Make a run of a stored version, and have it carried out by a process of its own."""
    labels = launcher.place.tagged(tags, version.folder)
    record = create_run(store, version, tags=labels, trigger=trigger, folder=version.folder)
    launcher.start(record, settings)
    return record


def neighbours_changed(store: Store, records: Sequence[RunRecord]) -> dict[int, tuple[Difference, ...]]:
    """What each run's configuration changed against the run before it, by the run's key; `records` newest first."""
    found: dict[int, tuple[Difference, ...]] = {}
    read: dict[int, Evaluation] = {}
    for newer, older in pairwise(records):
        if newer.version_key == older.version_key:
            continue
        for each in (newer, older):
            if each.version_key not in read:
                read[each.version_key] = Evaluation.model_validate(each.config)
        found[newer.key] = differences(read[older.version_key], read[newer.version_key])
    return found
