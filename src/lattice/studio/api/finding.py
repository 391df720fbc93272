"""What the path of a request names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from lattice.core.errors import NotFound
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.store import EvaluationRow, VersionRecord
from lattice.studio.state import InStudio

MOST_POSITIONS = 2**31 - 1

_RUN = "an id, a unique beginning of one, `SLUG#3` (written `SLUG%233` in a path) or `latest`"
RunName = Annotated[str, Path(description=_RUN, min_length=1, max_length=300, examples=["latest"])]
EvaluationName = Annotated[
    str, Path(description="an id, or the slug", min_length=1, max_length=300, examples=["support-answers"])
]
VersionNumber = Annotated[int, Path(description="counts from 1 within the evaluation", ge=1, le=MOST_POSITIONS)]
Position = Annotated[int, Path(description="the input's place in its file, from 1", ge=1, le=MOST_POSITIONS)]


def find_run(run: RunName, studio: InStudio) -> RunRecord:
    """The run that is meant."""
    return studio.store.find_run(run)


def find_evaluation(evaluation: EvaluationName, studio: InStudio) -> EvaluationRow:
    """The evaluation that is meant."""
    return studio.store.evaluation(evaluation)


InRun = Annotated[RunRecord, Depends(find_run)]
InEvaluation = Annotated[EvaluationRow, Depends(find_evaluation)]


def find_version(number: VersionNumber, evaluation: InEvaluation, studio: InStudio) -> VersionRecord:
    """The version that is meant."""
    return version_of(studio, evaluation, number)


InVersion = Annotated[VersionRecord, Depends(find_version)]


def version_of(studio: InStudio, evaluation: EvaluationRow, number: int | None) -> VersionRecord:
    """A version of an evaluation by its number, the last one if none is named.

    Raises
    ------
    NotFound: there is none.
    """
    for version in studio.store.versions(evaluation.id):
        if number is None or version.number == number:
            return version
    raise NotFound(f"{evaluation.slug} has no version {number}; it has {evaluation.versions}")


def find_trial(
    record: InRun,
    position: Position,
    target: Annotated[str | None, Query(description="name of the target; the first that is scored if absent")] = None,
    repeat: Annotated[int, Query(description="which repetition, from 1", ge=1, le=1000)] = 1,
) -> TrialKey:
    """The trial that is meant."""
    evaluation = Evaluation.model_validate(record.config)
    names = [each.name for each in evaluation.targets]
    wanted = evaluation.contenders[0].name if target is None else target
    if wanted not in names:
        raise NotFound(f"the run has no target {wanted!r}; there are {', '.join(names)}")
    return TrialKey(position, names.index(wanted), repeat - 1)


InTrial = Annotated[TrialKey, Depends(find_trial)]
