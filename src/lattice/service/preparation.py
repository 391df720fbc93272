"""From an evaluation file to something that can be run: everything is checked, nothing is spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lattice.config import LoadedFile, Override, check, load, validate
from lattice.config.environment import load_environment
from lattice.config.hashing import canonical, config_hash
from lattice.config.slug import slug
from lattice.core.errors import InvalidEvaluation, Problem, UsageError
from lattice.core.evaluation import Evaluation, InputSource, Sample
from lattice.core.inputs import Input
from lattice.core.judging import JudgeMode
from lattice.core.runs import RunRecord
from lattice.engine.plan import schedule_seed
from lattice.inputs import read_inputs
from lattice.scoring import methods_of
from lattice.scoring.prompts import prompt_digest
from lattice.service.assembly import Surroundings
from lattice.service.functions import functions_in
from lattice.service.obstacles import (
    judge_keys,
    obstacles,
    obstacles_in_sight,
    obstacles_to_scoring,
    warnings_about,
)
from lattice.service.stopping import clusters_problem
from lattice.store import DuplicateInput, InputSet, Store, VersionRecord
from lattice.store.runs import NewRun
from lattice.wire.session import check_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a command changes about a file, for this run alone.

    Parameters
    ----------
    sets: single keys.
    limit, sample: only the first, or a random sample of, so many inputs; they take each other's place.
    targets: names of the targets to keep; empty keeps all.
    """

    sets: tuple[Override, ...] = ()
    max_concurrent: int | None = None
    limit: int | None = None
    sample: int | None = None
    repeats: int | None = None
    targets: tuple[str, ...] = ()

    def applied(self, evaluation: Evaluation) -> Evaluation:
        """The evaluation with these changes.

        Raises
        ------
        UsageError: they contradict each other or the rest of the evaluation, or name a target that there is not.
        """
        if self.limit is not None and self.sample is not None:
            raise UsageError("give either --limit or --sample, not both")
        run = evaluation.run.model_copy(
            update={
                name: value
                for name, value in (("max_concurrent", self.max_concurrent), ("repeats", self.repeats))
                if value is not None
            }
        )
        changed = evaluation.model_copy(
            update={"run": run, "inputs": self._inputs(evaluation.inputs), "targets": self._kept(evaluation)}
        )
        # Copies are not validated: a count of 0, or a gate on a target that was left out, shows here.
        try:
            return Evaluation.model_validate(changed.model_dump(by_alias=True))
        except ValidationError:
            return validate(changed.model_dump(mode="json", by_alias=True))

    def _inputs(self, source: InputSource) -> InputSource:
        if self.limit is not None:
            return source.model_copy(update={"limit": self.limit, "sample": None})
        if self.sample is not None:
            seed = source.sample.seed if source.sample else 0
            sample = Sample.model_construct(size=self.sample, seed=seed)
            return source.model_copy(update={"limit": None, "sample": sample})
        return source

    def _kept(self, evaluation: Evaluation) -> tuple[object, ...]:
        names = [target.name for target in evaluation.targets]
        if unknown := [name for name in self.targets if name not in names]:
            raise UsageError(f"no target is called {unknown[0]!r}; there are: {', '.join(names)}")
        return tuple(
            target
            for target in evaluation.targets
            # Without the baseline nothing can be judged in pairs.
            if not self.targets or target.name in self.targets or target is evaluation.baseline
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An evaluation that can be run on this machine.

    Parameters
    ----------
    loaded: the file it came from; None for an evaluation built in code.
    warnings: what is allowed and should be known.
    """

    evaluation: Evaluation
    surroundings: Surroundings
    loaded: LoadedFile | None = None
    warnings: tuple[str, ...] = ()

    def placed(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """`problems` with file and line, where they name only a key of the evaluation."""
        return self.loaded.placed(problems) if self.loaded else tuple(problems)


def prepare(path: Path, environ: Mapping[str, str], overrides: Overrides = Overrides()) -> Prepared:
    """Load a file and check all that can be checked without reading its inputs.

    Raises
    ------
    InvalidEvaluation: with every problem.
    """
    loaded = load(path, overrides=overrides.sets)
    return _prepared(overrides.applied(loaded.evaluation), loaded, environ)


def prepare_in_sight(path: Path, environ: Mapping[str, str], overrides: Overrides = Overrides()) -> Prepared:
    """The same for a process that outlives many runs: it imports nothing, which each run's own process does afresh.

    Raises
    ------
    InvalidEvaluation: with every problem that can be told like this.
    """
    loaded = load(path, overrides=overrides.sets)
    evaluation = overrides.applied(loaded.evaluation)
    known = load_environment(loaded.base, environ)
    check_network(known)
    prepared = Prepared(
        evaluation=evaluation, surroundings=Surroundings(environ=known, base=loaded.base), loaded=loaded
    )
    # A variable that is missing is noted with its line; without it, the rest would be told twice.
    problems = list(loaded.missing_variables(known)) or list(
        prepared.placed(obstacles_in_sight(evaluation, prepared.surroundings))
    )
    if problems:
        raise InvalidEvaluation(problems)
    return prepared


def prepare_evaluation(evaluation: Evaluation, environ: Mapping[str, str], base: Path) -> Prepared:
    """The same for an evaluation built in code; paths in it start from `base`."""
    check(evaluation)
    return _prepared(evaluation, None, environ, base)


def _prepared(
    evaluation: Evaluation, loaded: LoadedFile | None, environ: Mapping[str, str], base: Path = Path()
) -> Prepared:
    base = loaded.base if loaded else base
    known = load_environment(base, environ)
    check_network(known)
    prepared = Prepared(
        evaluation=evaluation,
        surroundings=Surroundings(environ=known, base=base, functions=functions_in(evaluation)),
        loaded=loaded,
        warnings=tuple(warnings_about(evaluation)),
    )
    problems = list(loaded.missing_variables(known)) if loaded else []
    problems += prepared.placed(obstacles(evaluation, prepared.surroundings, told=bool(loaded)))
    if problems:
        raise InvalidEvaluation(problems)
    return prepared


def surroundings_for(record: RunRecord, base: Path, environ: Mapping[str, str]) -> Surroundings:
    """What a stored run takes from this machine, to be carried out again or further.

    Parameters
    ----------
    base: its evaluation file's folder.

    Raises
    ------
    InvalidEvaluation: a key, a variable or a function that it needs is not here.
    """
    surroundings = Surroundings(environ=load_environment(base, environ), base=base)
    evaluation = Evaluation.model_validate(record.config)
    lacking = obstacles if record.origin is None else obstacles_to_scoring
    if found := lacking(evaluation, surroundings):
        raise InvalidEvaluation(found)
    return surroundings


def stage(store: Store, prepared: Prepared, *, folder: str | None = None) -> VersionRecord:
    """Put an evaluation and its inputs into the store, in one pass over the inputs.

    Parameters
    ----------
    folder: of its file; see `lattice.service.workspace.folder_to_keep`.

    Raises
    ------
    InvalidEvaluation: an input is wrong, has the id of another, or lacks the reference that it is measured by.
    """
    evaluation = prepared.evaluation
    inputs = _Inputs(prepared)
    try:
        staged = store.stage_inputs(inputs)
    except InvalidEvaluation as error:
        raise InvalidEvaluation(prepared.placed(error.problems)) from None
    except DuplicateInput as error:
        raise InvalidEvaluation(prepared.placed([inputs.problem(str(error))])) from None
    problems = [*_reference_problems(evaluation, staged, inputs), clusters_problem(evaluation, inputs.clustered)]
    if found := [problem for problem in problems if problem is not None]:
        raise InvalidEvaluation(prepared.placed(found))
    return store.add_version(
        name=evaluation.name,
        slug=slug(evaluation.name),
        type=evaluation.type.value,
        config=canonical(evaluation),
        config_hash=hash_of(evaluation),
        input_set=staged,
        folder=folder,
    )


def hash_of(evaluation: Evaluation) -> str:
    """What identifies a configuration: what it says, and the templates that its judges are asked with."""
    return config_hash(evaluation, [prompt_digest(judge) for judge in evaluation.judges])


def _reference_problems(evaluation: Evaluation, staged: InputSet, inputs: _Inputs) -> Iterator[Problem]:
    for need in references_lacking(evaluation, staged):
        yield inputs.without_reference(staged, need)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceNeed:
    """What compares with references that are not there.

    Parameters
    ----------
    what: needs references. otherwise: what could be done instead of adding them.
    """

    key: str
    what: str
    otherwise: str


def references_lacking(evaluation: Evaluation, staged: InputSet) -> Iterator[ReferenceNeed]:
    """What compares with references that are not there; beside a score, a check may do without some of them."""
    if staged.with_reference == staged.count:
        return
    for key, judge in judge_keys(evaluation):
        if judge.mode is JudgeMode.REFERENCE:
            what = "reference mode needs a reference for each input"
            yield ReferenceNeed(key=f"{key}.mode", what=what, otherwise="use mode: single")
            break
    for key, method in methods_of(evaluation):
        is_aside = key.startswith("checks.") and evaluation.scoring is not None
        if method.needs_reference and not (is_aside and staged.with_reference):
            needed = "references" if is_aside else "a reference for each input"
            yield ReferenceNeed(key=key, what=f"{method.method} compares with {needed}", otherwise="give it a value")


class _Inputs:
    """An evaluation's inputs in one pass, which remembers what a problem with all of them needs to say."""

    def __init__(self, prepared: Prepared) -> None:
        self._source = prepared.evaluation.inputs
        self._base = prepared.surroundings.base
        self._lacking: int | None = None
        self.clustered: int | None = None

    def __iter__(self) -> Iterator[Input]:
        for item in read_inputs(self._source, self._base):
            if item.reference is None and self._lacking is None:
                self._lacking = item.position
            if item.cluster is not None and self.clustered is None:
                self.clustered = item.position
            yield item

    def problem(self, message: str) -> Problem:
        """A problem with the inputs as a whole."""
        if self._source.path is None:
            return Problem(key="inputs.items", message=message)
        return Problem(file=str(self._base / self._source.path), message=message)

    def without_reference(self, staged: InputSet, need: ReferenceNeed) -> Problem:
        """What to say where something is compared with a reference."""
        missing = staged.count - staged.with_reference
        which = f"{missing} of {staged.count} inputs have none, the first of them is #{self._lacking}"
        return Problem(
            key=need.key,
            message=f"{need.what}; {which}",
            hint=f"add a field 'reference' to the inputs, name it under inputs.fields, or {need.otherwise}",
        )


def trials_of(evaluation: Evaluation, inputs: int) -> int:
    """How many trials a run over so many inputs has."""
    return inputs * len(evaluation.contenders) * evaluation.run.repeats


def create_run(
    store: Store,
    version: VersionRecord,
    *,
    tags: Mapping[str, str],
    trigger: str,
    origin: str | None = None,
    folder: str | None = None,
) -> RunRecord:
    """A new run of a stored version, pending.

    Parameters
    ----------
    folder: of its evaluation file; see `lattice.service.workspace.folder_to_keep`.
    """
    evaluation = Evaluation.model_validate(version.config)
    total = trials_of(evaluation, version.input_set.count)
    return store.create_run(
        version.key,
        seed=schedule_seed(version.input_set.hash),
        total=total,
        tags=tags,
        trigger=trigger,
        origin=origin,
        folder=folder,
    )


def new_run(version: VersionRecord, *, tags: Mapping[str, str], trigger: str, folder: str | None) -> NewRun:
    """The same run as yet to be made, for who makes it in a transaction of its own; parameters as there."""
    return NewRun(
        version_key=version.key,
        seed=schedule_seed(version.input_set.hash),
        total=trials_of(Evaluation.model_validate(version.config), version.input_set.count),
        trigger=trigger,
        tags=tags,
        folder=folder,
    )
