"""What keeps a model from being called, found without calling it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from lattice.core.errors import Problem, UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.providers import litellm_library, local, weights
from lattice.providers.endpoint import Protocol, builtin_endpoint, configured_endpoint
from lattice.providers.simulated.model import SimulatedModel
from lattice.wire.payload import encode

BUILTIN_PROVIDERS = ("anthropic", "litellm", "local", "openai", "sim")

_SET_BY_LATTICE: Mapping[Protocol, tuple[str, ...]] = {
    "openai": ("messages", "model"),
    "anthropic": ("messages", "model", "system"),
}
_SET_FOR_LIBRARY = ("client", "fallbacks", "max_retries", "num_retries", "request_timeout", "retry_policy", "timeout")
"""What Lattice decides itself: one call, of one model, within the run's own timeout."""


def check_model(
    spec: str,
    params: Mapping[str, Any],
    providers: Mapping[str, ProviderSettings],
    environ: Mapping[str, str],
) -> list[Problem]:
    """Everything that is wrong with ``provider/model`` on this machine; nothing is spent and nothing is
    loaded.

    Parameters
    ----------
    spec: as the evaluation names it.
    params: of the model.
    providers: the evaluation's own.
    environ: where keys are looked for.
    """
    provider, _, name = spec.partition("/")
    settings = providers.get(provider)
    if settings is None and provider not in BUILTIN_PROVIDERS:
        return [unknown_provider(spec, providers)]
    if not name:
        return [Problem(message=f"{spec!r} names no model; write provider/model")]
    if settings is None and provider == "sim":
        return _said_by(lambda: SimulatedModel(spec, params))
    if settings is None and provider == local.PROVIDER:
        return _local_problems(name, environ) + parameter_problems("openai", params)
    if settings is None and provider == litellm_library.PROVIDER:
        found = _said_by(lambda: litellm_library.access(name, params, environ))
        return found + library_parameter_problems(params)
    if settings is not None:
        found = _said_by(lambda: configured_endpoint(provider, settings, environ))
        return found + parameter_problems(settings.protocol, params)
    protocol: Protocol = "anthropic" if provider == "anthropic" else "openai"
    return _said_by(lambda: builtin_endpoint(protocol, environ)) + parameter_problems(protocol, params)


def unknown_provider(spec: str, providers: Mapping[str, ProviderSettings]) -> Problem:
    """What to say of a model whose provider nobody knows."""
    provider, slash, _ = spec.partition("/")
    known = sorted({*BUILTIN_PROVIDERS, *providers})
    near = difflib.get_close_matches(provider, known, n=1)
    what = f"unknown provider {provider!r}" if slash else f"{spec!r} names no provider; write provider/model"
    return Problem(
        message=f"{what}; there are: {', '.join(known)}",
        hint=f"did you mean {near[0]!r}?" if near and slash else "others are named under `providers:`",
    )


def parameter_problems(protocol: Protocol, params: Mapping[str, Any]) -> list[Problem]:
    """Parameters that would break a call: those that Lattice sets, streaming, and what JSON cannot say."""
    problems = [
        Problem(message=f"params.{name} is set by Lattice", hint="leave it out")
        for name in _SET_BY_LATTICE[protocol]
        if name in params
    ]
    if params.get("stream"):
        problems.append(Problem(message="params.stream is not available", hint="leave it out"))
    try:
        encode(dict(params))
    except TypeError as error:
        problems.append(Problem(message=f"params cannot be sent as JSON: {error}"))
    return problems


def library_parameter_problems(params: Mapping[str, Any]) -> list[Problem]:
    """As `parameter_problems`, for ``litellm/…``: retries and timeouts are Lattice's as well."""
    set_by_run = [
        Problem(message=f"params.{name} is set by Lattice", hint="leave it out; see `run:`")
        for name in _SET_FOR_LIBRARY
        if name in params
    ]
    return parameter_problems("openai", params) + set_by_run


def _local_problems(name: str, environ: Mapping[str, str]) -> list[Problem]:
    try:
        ready = weights.installed(name, environ)
    except UsageError as error:
        return [Problem(message=str(error))]
    problems = []
    if not local.is_available():
        problems.append(Problem(message=local.NOT_INSTALLED))
    if not ready:
        problems.append(
            Problem(
                message=f"the weights of local/{name} have not been pulled",
                hint=f"run: lattice models pull {name}",
            )
        )
    return problems


def _said_by(attempt: Callable[[], object]) -> list[Problem]:
    try:
        attempt()
    except UsageError as error:
        return [Problem(message=str(error))]
    return []
