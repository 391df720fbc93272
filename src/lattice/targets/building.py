"""From the settings of a target to the target, or to what keeps it from being called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import aiohttp

from lattice.core.errors import InvalidEvaluation, Problem, UsageError
from lattice.core.targets import TargetSettings
from lattice.core.trials import Target
from lattice.targets.model import ModelSource, ModelTarget
from lattice.targets.python import build_python_target, load_function
from lattice.wire.functions import DEFAULT_THREADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What targets are built on.

    Parameters
    ----------
    models: gives a model by its name, such as a `lattice.providers.ModelFactory`.
    session: for all calls of the event loop.
    environ: where ``${NAME}`` comes from.
    base: the evaluation file's folder; modules and certificates are found from it.
    threads: calls of a blocking function at the same time.
    """

    models: ModelSource
    session: aiohttp.ClientSession
    environ: Mapping[str, str]
    base: Path
    threads: int = DEFAULT_THREADS


def build_target(settings: TargetSettings, grounds: Grounds, *, clock: Callable[[], float] = perf_counter) -> Target:
    """The target that a configuration describes, everything in it compiled.

    Parameters
    ----------
    settings: a target of the evaluation.
    clock: seconds that only grow; latencies are differences of its readings.

    Raises
    ------
    TemplateError: a message of the prompt is no valid template.
    InvalidEvaluation: an endpoint's template, path, certificate or variable is wrong.
    UsageError: the model or the function cannot be had; the message says why.
    """
    if settings.http is not None:
        from lattice.targets.http import build_http_target  # heavy: the grammar of JSONPath

        return build_http_target(
            settings.name,
            settings.http,
            session=grounds.session,
            environ=grounds.environ,
            base=grounds.base,
            clock=clock,
        )
    if settings.python is not None:
        return build_python_target(settings.name, settings.python, grounds.base, threads=grounds.threads, clock=clock)
    return ModelTarget(settings, grounds.models.model(settings.model or "", settings.params), clock)


def check_target(settings: TargetSettings, environ: Mapping[str, str], base: Path) -> list[Problem]:
    """What keeps an endpoint or a function from being called, with the keys within the target; nothing is called.

    A module is imported, which runs it. Models are checked by `lattice.providers.check_model`.
    """
    try:
        if settings.http is not None:
            from lattice.targets.endpoints import compiled_endpoint  # heavy: the grammar of JSONPath

            compiled_endpoint(settings.http, environ, base)
        elif settings.python is not None:
            load_function(settings.python, base)
    except InvalidEvaluation as error:
        return list(error.problems)
    except UsageError as error:
        return [Problem(key="python", message=str(error))]
    return []
