"""The parts of an evaluation, written in code: each is what a file with the same keys would give.

They are functions that make the settings behind the file, so that an evaluation in code and the same one in a file
are equal, with the same hash; what is not valid raises `pydantic.ValidationError`, which names the key.
"""

# Named as what they make, as in ``Evaluation(targets=[Model(...)])``.
# ruff: noqa: N802

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lattice.config import load as load_file
from lattice.config.overrides import Override
from lattice.config.places import split_dotted
from lattice.core.checks import CheckSettings
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation, InputSource, Sample, Scoring
from lattice.core.judging import Criterion, JudgeSettings, ScaleSettings
from lattice.core.settings import Settings
from lattice.core.targets import TargetSettings
from lattice.service.preparation import Overrides

Json = Mapping[str, Any]
Part = TypeVar("Part", bound=Settings)


def load(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    sample: int | None = None,
    repeats: int | None = None,
    max_concurrent: int | None = None,
    targets: Sequence[str] = (),
    set: Json | None = None,
) -> Evaluation:
    """Read an evaluation file, with other values for some of its keys if need be.

    Parameters
    ----------
    limit, sample: only the first, or a seeded random sample of, so many inputs.
    targets: names of the targets to keep; all of them if empty.
    set: other values by dotted path, such as ``{"run.timeout": 5, "targets.0.params.max_tokens": 64}``.

    Raises
    ------
    InvalidEvaluation: with every problem in it.
    UsageError: there is no such target, a path is none, or both `limit` and `sample` are given.
    """
    sets = tuple(_override(key, value) for key, value in (set or {}).items())
    overrides = Overrides(
        limit=limit, sample=sample, repeats=repeats, max_concurrent=max_concurrent, targets=tuple(targets)
    )
    loaded = load_file(Path(path), overrides=sets)
    return changed(loaded.evaluation, overrides)


def _override(key: str, value: Any) -> Override:
    try:
        return Override(path=split_dotted(key), value=value)
    except ValueError as error:
        raise UsageError(f"set: {error} in the path {key!r}") from None


def changed(evaluation: Evaluation, overrides: Overrides) -> Evaluation:
    """The evaluation with these changes, and paths in it starting where they did; unchanged without any."""
    if overrides == Overrides():
        return evaluation
    made = overrides.applied(evaluation)
    return made if evaluation.folder is None else made.loaded_from(evaluation.folder)


def Model(
    model: str,
    *,
    name: str = "",
    system: str | None = None,
    prompt: str | None = None,
    messages: Sequence[Json] | None = None,
    params: Json | None = None,
) -> TargetSettings:
    """A model with its prompt, as a target.

    Parameters
    ----------
    model: ``provider/model``.
    name: shown everywhere; the model's name if absent.
    system, prompt: Jinja2 templates; the prompt is the input itself if absent.
    messages: a whole conversation in their place, each ``{"role": ..., "content": ...}``.
    params: sent to the provider as they are.
    """
    return _made(TargetSettings, name=name, model=model, system=system, prompt=prompt, messages=messages, params=params)


def Http(
    url: str,
    *,
    name: str = "",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    output: str | None = None,
    **more: Any,
) -> TargetSettings:
    """An HTTP endpoint, as a target.

    Parameters
    ----------
    url, headers, body: ``${NAME}`` in them comes from the environment; texts are Jinja2 templates.
    output: JSONPath of the answer; the whole text if absent.
    more: the further keys of the file: ``usage``, ``cost``, ``context``, ``error``, ``verify``, ``cert``, ``key``.
    """
    http = {"url": url, "method": method, "headers": headers, "body": body, "output": output, **more}
    return _made(TargetSettings, name=name, http={key: value for key, value in http.items() if value is not None})


def Function(function: Callable[..., Any] | str, *, name: str = "") -> TargetSettings:
    """A Python function, as a target: a ``def`` or ``async def`` that takes the input and gives a text or `Answer`.

    Parameters
    ----------
    function: the function, or ``module:name`` as in the file. What is stored is its name: a lambda, or a function
        within a function, runs here and cannot be called by whoever resumes the run elsewhere.
    """
    return _made(TargetSettings, name=name, python=function)


def Judge(
    model: str,
    *,
    mode: str = "single",
    scale: str | ScaleSettings | Json | None = None,
    rubric: str | None = None,
    criteria: Sequence[Criterion | Json] = (),
    passes: str | None = None,
    name: str | None = None,
    samples: int = 1,
    prompt: Json | None = None,
    params: Json | None = None,
) -> JudgeSettings:
    """A model that scores; given as ``scoring`` it is the one judge.

    Parameters
    ----------
    model: ``provider/model``.
    mode: ``single``, ``reference`` or ``pairwise``.
    scale: ``likert-5`` if absent; ``binary``, ``likert-3``, ``likert-7``, ``likert-10``, or a `Scale`.
    passes: a condition on the scale such as ``>= 4``; the key ``pass`` of the file.
    samples: how often each response is judged.
    prompt: templates in place of the built-in ones, ``{"system": ..., "user": ...}``.
    """
    return _made(
        JudgeSettings,
        model=model,
        mode=mode,
        scale=scale,
        rubric=rubric,
        criteria=tuple(criteria),
        passes=passes,
        name=name,
        samples=samples,
        prompt=prompt,
        params=params,
    )


def Scale(min: int, max: int, labels: Mapping[int, str] | None = None) -> ScaleSettings:
    """A scale of one's own: whole numbers from `min` to `max`, with words for levels."""
    return _made(ScaleSettings, min=min, max=max, labels=labels)


def Judges(*judges: JudgeSettings, aggregate: str | None = None, failed_as: float | None = None) -> Scoring:
    """Scoring by a panel of judges on one scale; by one judge, where failures count as a score.

    Parameters
    ----------
    aggregate: what becomes of their scores: ``mean`` (if absent) or ``median``.
    failed_as: the score, on 0–1, of a trial whose target failed.
    """
    who: dict[str, Any] = {"judge": judges[0]} if len(judges) == 1 else {"judges": judges}
    return _made(Scoring, **who, aggregate=aggregate, failed_as=failed_as)


def Check(name: str, **method: Any) -> CheckSettings:
    """A deterministic metric, beside the score or instead of it.

    Parameters
    ----------
    name: without dots and slashes; gates refer to it.
    method: exactly one of ``exact_match``, ``contains``, ``regex``, ``numeric``, ``json_schema``, ``similarity`` and
        ``python``, each as in the file; ``python`` may be the function itself, called with input and response.
    """
    return _made(CheckSettings, name=name, **method)


def Inputs(
    source: str | os.PathLike[str] | Iterable[Any],
    *,
    fields: Mapping[str, str] | None = None,
    limit: int | None = None,
    sample: int | Json | None = None,
) -> InputSource:
    """The test cases.

    Parameters
    ----------
    source: the path of a file, or the inputs themselves: texts, or mappings with ``input``, ``reference``, ….
    fields: names of the fields, where they have names of their own: ``{"input": "question"}``.
    limit, sample: only the first, or a random sample of, so many; for a seed ``{"size": 10, "seed": 7}``.
    """
    is_path = isinstance(source, (str, os.PathLike))
    where: dict[str, Any] = {"path": os.fspath(source)} if is_path else {"items": tuple(source)}  # type: ignore[arg-type]
    drawn = Sample(size=sample) if isinstance(sample, int) else sample
    return _made(InputSource, **where, fields=fields, limit=limit, sample=drawn)


def _made(kind: type[Part], **values: Any) -> Part:
    """A part from what was given; None stands for what was not."""
    return kind.model_validate({key: value for key, value in values.items() if value is not None})
