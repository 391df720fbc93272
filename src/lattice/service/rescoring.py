"""Stored responses scored anew: a run of its own, over another run's responses, that calls no target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lattice.config import LoadedFile, Override, load, validate
from lattice.config.environment import load_environment
from lattice.config.hashing import canonical
from lattice.core.errors import InvalidEvaluation, Problem, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.doubts import doubts_about_judges
from lattice.service.assembly import Surroundings
from lattice.service.functions import functions_in, with_functions
from lattice.service.obstacles import obstacles_to_scoring, unpriced_judges
from lattice.service.preparation import hash_of, references_lacking
from lattice.service.reading import reference_of
from lattice.service.responses import scorable
from lattice.store import InputSet, Store
from lattice.wire.session import check_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescoring:
    """Another scoring of a run's responses that can be carried out on this machine.

    Parameters
    ----------
    evaluation: the run's own configuration with the file's scoring.
    warnings: what is allowed and should be known.
    trials: how many stored responses there are to score.
    lacking: how many trials of the run have none.
    """

    origin: RunRecord
    evaluation: Evaluation
    surroundings: Surroundings
    warnings: tuple[str, ...]
    trials: int
    lacking: int


def prepare_rescoring(
    store: Store, origin: RunRecord, path: Path, environ: Mapping[str, str], overrides: Sequence[Override] = ()
) -> Rescoring:
    """Read a file for its scoring, and check that the stored responses of a run can be scored by it.

    Parameters
    ----------
    origin: the run whose responses are scored; it may itself score those of another.
    overrides: values that take the place of the file's.

    Raises
    ------
    UsageError: the run goes on, or has no stored response.
    InvalidEvaluation: the file, or what it comes to together with the run, with every problem.
    """
    return prepare_rescoring_by(store, origin, load(path, overrides=overrides), environ)


def prepare_rescoring_by(store: Store, origin: RunRecord, loaded: LoadedFile, environ: Mapping[str, str]) -> Rescoring:
    """The same with a file that has been read, or with an evaluation that was built in code."""
    if origin.status is RunStatus.RUNNING and not origin.interrupted:
        name = reference_of(origin)
        raise UsageError(f"{name} is running, and more responses may come; wait for it, or 'lattice cancel {name}'")
    own = Evaluation.model_validate(origin.config)
    evaluation = _combined(own, loaded)
    surroundings = Surroundings(
        environ=load_environment(loaded.base, environ), base=loaded.base, functions=functions_in(loaded.evaluation)
    )
    check_network(surroundings.environ)
    inputs = store.input_set(origin.input_set)
    problems = [*_unset(loaded, surroundings), *loaded.placed([*_problems(evaluation, surroundings, inputs)])]
    if problems:
        raise InvalidEvaluation(problems)
    trials = len(scorable(evaluation, set(store.answered(origin.key))))
    if not trials:
        raise UsageError(f"{reference_of(origin)} has no stored response that could be scored")
    return Rescoring(
        origin=origin,
        evaluation=evaluation,
        surroundings=surroundings,
        warnings=(*_warnings(evaluation), *_left_aside(own, loaded)),
        trials=trials,
        lacking=origin.input_count * len(evaluation.contenders) * evaluation.run.repeats - trials,
    )


def create_rescored(
    store: Store, rescoring: Rescoring, *, tags: Mapping[str, str], trigger: str, folder: str | None
) -> RunRecord:
    """The new run, pending: one trial for each stored response.

    Parameters
    ----------
    folder: of the file with the scoring; see `lattice.service.workspace.folder_to_keep`.
    """
    origin, evaluation = rescoring.origin, rescoring.evaluation
    version = store.add_version(
        name=origin.evaluation_name,
        slug=origin.evaluation_slug,
        type=origin.evaluation_type,
        config=canonical(evaluation),
        config_hash=hash_of(evaluation),
        input_set=store.input_set(origin.input_set),
    )
    return store.create_run(
        version.key,
        seed=origin.seed,
        total=rescoring.trials,
        tags=tags,
        trigger=trigger,
        origin=origin.id,
        folder=folder,
    )


def _combined(own: Evaluation, loaded: LoadedFile) -> Evaluation:
    """The run's configuration with the file's scoring, checks and gates, and how these are carried out.

    Targets, inputs and repeats are what the responses were made with. Every response there is gets scored, so
    nothing stops the run early but a budget.
    """
    mine, other = canonical(own), canonical(loaded.evaluation)
    run = {**other["run"], "repeats": own.run.repeats}
    run.pop("stop_when", None)
    data: dict[str, Any] = {
        **{key: value for key, value in mine.items() if key not in ("scoring", "checks", "gates")},
        **{key: other[key] for key in ("scoring", "checks", "gates") if key in other},
        "run": run,
        "providers": {**mine.get("providers", {}), **other.get("providers", {})},
    }
    try:
        return Evaluation.model_validate(with_functions(data, functions_in(loaded.evaluation)))
    except ValidationError:
        try:
            return validate(data)
        except InvalidEvaluation as error:
            raise InvalidEvaluation(loaded.placed(error.problems)) from None


def _unset(loaded: LoadedFile, surroundings: Surroundings) -> list[Problem]:
    """Variables that the file needs and that are not set; what its targets need is not missed."""
    missing = loaded.missing_variables(surroundings.environ)
    return [problem for problem in missing if not (problem.key or "").startswith("targets")]


def _problems(evaluation: Evaluation, surroundings: Surroundings, inputs: InputSet) -> Iterator[Problem]:
    yield from obstacles_to_scoring(evaluation, surroundings)
    for need in references_lacking(evaluation, inputs):
        missing = inputs.count - inputs.with_reference
        message = f"{need.what}; {missing} of the run's {inputs.count} inputs have none"
        yield Problem(key=need.key, message=message, hint=f"run it anew with references, or {need.otherwise}")


def _warnings(evaluation: Evaluation) -> Iterator[str]:
    yield from doubts_about_judges(evaluation)
    if models := unpriced_judges(evaluation):
        yield f"no price is known for {', '.join(models)}: the cost will be shown as unknown"


def _left_aside(own: Evaluation, loaded: LoadedFile) -> Iterator[str]:
    """What the file says that a rescored run takes from its origin."""
    other = loaded.evaluation
    if other.targets != own.targets:
        yield f"the targets in {loaded.file} are not those of the run: its own stand, with the responses they gave"
    if other.run.repeats != own.run.repeats:
        yield f"run.repeats in {loaded.file} is left aside: the responses were made {own.run.repeats} for each input"
    if other.run.stop_when is not None:
        yield "run.stop_when is left aside: every stored response is scored"
