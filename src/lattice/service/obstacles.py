"""What keeps an evaluation from being run on this machine, and what should be known before: nothing is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lattice.config.environment import names_in
from lattice.config.prompts import texts_within
from lattice.core.conditions import parse_condition
from lattice.core.errors import Problem
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.judging import JudgeSettings
from lattice.core.runs import RunRecord
from lattice.core.targets import HttpSettings
from lattice.core.trials import Response
from lattice.gates import problem
from lattice.providers import check_model, is_priced
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.gating import names_of
from lattice.scoring import check_methods
from lattice.scoring.checks import CheckFunction
from lattice.scoring.shown import check_judges
from lattice.service.assembly import CHECK_TAKES, Surroundings
from lattice.service.stopping import stopping_warnings
from lattice.targets import check_target, load_function


def obstacles(evaluation: Evaluation, surroundings: Surroundings, *, told: bool = False) -> list[Problem]:
    """Everything that keeps models, endpoints, functions and checks from being used, with its key.

    The modules of Python targets and checks are imported, which runs them.

    Parameters
    ----------
    told: variables that are not set have been noted already, each with its line.
    """
    return [
        *_model_problems(evaluation, surroundings.environ, _models(evaluation), unpriced_models(evaluation)),
        *_target_problems(evaluation, surroundings, told=told),
        *check_judges(evaluation),
        *check_methods(evaluation, lambda reference: _check_function(reference, surroundings.base)),
        *_gate_problems(evaluation),
    ]


def obstacles_in_sight(evaluation: Evaluation, surroundings: Surroundings) -> list[Problem]:
    """What of this can be told without importing anything: functions are left for the process that calls them."""
    return [
        *_model_problems(evaluation, surroundings.environ, _models(evaluation), unpriced_models(evaluation)),
        *(
            replace(found, key=f"targets.{index}.{found.key}")
            for index, target in enumerate(evaluation.targets)
            if target.http is not None
            for found in check_target(target, surroundings.environ, surroundings.base)
        ),
        *check_judges(evaluation),
        *_gate_problems(evaluation),
    ]


def obstacles_to_scoring(evaluation: Evaluation, surroundings: Surroundings) -> list[Problem]:
    """The same where stored responses are scored and no target is called."""
    return [
        *_model_problems(evaluation, surroundings.environ, judges_of(evaluation), unpriced_judges(evaluation)),
        *check_judges(evaluation),
        *check_methods(evaluation, lambda reference: _check_function(reference, surroundings.base)),
        *_gate_problems(evaluation),
    ]


def _gate_problems(evaluation: Evaluation) -> Iterator[Problem]:
    # Whether there is a baseline shows when the run has ended.
    names = replace(names_of(evaluation), against=True)
    for index, text in enumerate(evaluation.gates):
        if message := problem(parse_condition(text), names):
            yield Problem(key=f"gates.{index}", message=message)
    for index, text in enumerate(evaluation.alerts.when or () if evaluation.alerts is not None else ()):
        if message := problem(parse_condition(text), replace(names, against=True)):
            yield Problem(key=f"alerts.when.{index}", message=message)


def _model_problems(
    evaluation: Evaluation, environ: Mapping[str, str], models: Iterable[_Called], unpriced: Sequence[str]
) -> list[Problem]:
    problems: list[Problem] = []
    for key, spec, params in models:
        found = check_model(spec, params, evaluation.providers, environ)
        problems += [replace(each, key=f"{key}.model") for each in found]
    if evaluation.run.budget.cost_usd is not None and unpriced and not problems:
        problems.append(
            Problem(
                key="run.budget.cost_usd",
                message=f"a cost cannot be limited while prices are unknown: {', '.join(unpriced)}",
                hint="give prices under providers, or limit tokens with run.budget.tokens",
            )
        )
    return problems


def _target_problems(evaluation: Evaluation, surroundings: Surroundings, *, told: bool) -> Iterator[Problem]:
    """What keeps endpoints and functions from being called."""
    environ = surroundings.environ
    for index, target in enumerate(evaluation.targets):
        for found in check_target(target, environ, surroundings.base):
            if not (told and target.http is not None and found.key in _lacking(target.http, environ)):
                yield replace(found, key=f"targets.{index}.{found.key}")


def _lacking(settings: HttpSettings, environ: Mapping[str, str]) -> set[str]:
    """Keys of an endpoint under which a variable is named that is not set."""
    parts = {"url": settings.url, "headers": settings.headers, "body": settings.body}
    texts = {key: [text for _, text in texts_within((), part)] for key, part in parts.items()}
    return {
        f"http.{key}"
        for key, found in texts.items()
        if any(not environ.get(name) for text in found for name in names_in(text))
    }


def _check_function(reference: str, base: Path) -> CheckFunction:
    """That a Python check can be had; it is not called here."""
    load_function(reference, base, takes=CHECK_TAKES)
    return _not_called


async def _not_called(input: Input, response: Response) -> bool:
    return False


_Called = tuple[str, str, Mapping[str, object]]
"""The key of a model, its name and its parameters."""


def _models(evaluation: Evaluation) -> Iterator[_Called]:
    for index, target in enumerate(evaluation.targets):
        if target.model is not None:
            yield f"targets.{index}", target.model, target.params
    yield from judges_of(evaluation)


def judges_of(evaluation: Evaluation) -> Iterator[_Called]:
    """The judges' models."""
    for key, judge in judge_keys(evaluation):
        yield key, judge.model, judge.params


def judge_keys(evaluation: Evaluation) -> Iterator[tuple[str, JudgeSettings]]:
    """Every judge with the key that it stands under."""
    several = evaluation.scoring is not None and evaluation.scoring.judges is not None
    for index, judge in enumerate(evaluation.judges):
        yield (f"scoring.judges.{index}" if several else "scoring.judge"), judge


def unpriced_models(evaluation: Evaluation) -> list[str]:
    """Models whose price is unknown, and endpoints that do not tell what they cost, in configuration order.

    What a Python function's answers cost shows when it has answered.
    """
    priced = {spec: is_priced(spec, evaluation.providers) for _, spec, _ in _models(evaluation)}
    endpoints = {target.name: target.http.cost is not None for target in evaluation.targets if target.http is not None}
    known = {**priced, **endpoints}
    judge = [spec for _, spec, _ in judges_of(evaluation)]
    sources = dict.fromkeys([*(target.source for target in evaluation.targets), *judge])
    return [source for source in sources if not known.get(source, True)]


def unpriced_judges(evaluation: Evaluation) -> list[str]:
    """The same of the judges alone."""
    models = dict.fromkeys(spec for _, spec, _ in judges_of(evaluation))
    return [spec for spec in models if not is_priced(spec, evaluation.providers)]


def unpriced_for(record: RunRecord, evaluation: Evaluation) -> list[str]:
    """What a run calls whose price is unknown: no target where it scores stored responses."""
    return unpriced_models(evaluation) if record.origin is None else unpriced_judges(evaluation)


def warnings_about(evaluation: Evaluation) -> Iterator[str]:
    """What is allowed and should be known before money is spent."""
    yield from doubts_about_judges(evaluation)
    limited = evaluation.run.budget.cost_usd is not None
    if limited and (functions := [target.name for target in evaluation.targets if target.python is not None]):
        names = ", ".join(functions)
        yield f"what {names} costs counts towards the budget as far as its answers tell it (Answer.cost_usd)"
    endpoints = {target.name for target in evaluation.targets if target.http is not None}
    unpriced = unpriced_models(evaluation)
    if models := [name for name in unpriced if name not in endpoints]:
        yield f"no price is known for {', '.join(models)}: the cost will be shown as unknown"
    if silent := [name for name in unpriced if name in endpoints]:
        yield f"what {', '.join(silent)} costs is unknown; http.cost says where its answers tell it"
    yield from stopping_warnings(evaluation)
