"""The library that knows the other providers (`litellm`, extra ``providers``): loaded late, kept quiet, given
its keys.

Lattice reads keys from the environment and from a ``.env`` file; the library reads the process's environment
alone. So what an evaluation's environment holds is passed along as arguments, and nothing is set for the
process.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import importlib
import importlib.util
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.models import Usage
from lattice.wire.messages import Scrubber

PROVIDER = "litellm"
NOT_INSTALLED = "litellm/… models need the extra 'providers'; run: pip install 'lattice-evals[providers]'"

# Without these it fetches a price list from the network and reads the working folder's .env when it is imported.
_AT_IMPORT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}

_AWS = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
    "AWS_PROFILE": "aws_profile_name",
    "AWS_REGION": "aws_region_name",
    "AWS_REGION_NAME": "aws_region_name",
}
_VERTEX = {
    "GOOGLE_APPLICATION_CREDENTIALS": "vertex_credentials",
    "VERTEXAI_PROJECT": "vertex_project",
    "VERTEXAI_LOCATION": "vertex_location",
}
_CLOUDS: Mapping[str, Mapping[str, str]] = {
    "bedrock": _AWS | {"AWS_BEARER_TOKEN_BEDROCK": "api_key"},
    "sagemaker": _AWS,
    "sagemaker_chat": _AWS,
    "vertex_ai": _VERTEX,
}
"""Variables of clouds that can also be signed in to without any (roles, profiles), and the arguments they become."""

_NEEDS = {"bedrock": "boto3", "sagemaker": "boto3", "sagemaker_chat": "boto3", "vertex_ai": "google.auth"}
"""What the library imports for a cloud when it calls it; part of the extra."""

_KEY_NAME = re.compile(r"_(KEY|TOKEN)$")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """As whom a provider is called.

    Parameters
    ----------
    provider: as the library calls it.
    arguments: keys and addresses for the call; never shown.
    account: fingerprint of the arguments, for `LimitKey`.
    key_advice: what to check when the key is refused.
    """

    provider: str
    arguments: Mapping[str, str] = field(repr=False)
    account: str
    key_advice: str
    scrub: Scrubber


def is_available() -> bool:
    """Whether the extra is installed; imports nothing."""
    return is_installed("litellm")


def is_installed(module: str) -> bool:
    """Whether a module could be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


@cache
def load() -> Any:
    """The library, imported at the first use (heavy: 2 s), silent on the terminal.

    Raises
    ------
    UsageError: the extra is not installed.
    """
    if not is_available():
        raise UsageError(NOT_INSTALLED)
    before = {name: os.environ.get(name) for name in _AT_IMPORT}
    os.environ.update(_AT_IMPORT)
    try:
        library: Any = importlib.import_module("litellm")
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    library.suppress_debug_info = True
    library.disable_aiohttp_transport = True  # its sessions are not closed at the end of an event loop
    library.AsyncHTTPHandler.single_connection_post_request = _not_again  # no setting switches this retry off
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return library


def access(model: str, params: Mapping[str, Any], environ: Mapping[str, str]) -> Access:
    """As whom ``PROVIDER/MODEL`` is called.

    Parameters
    ----------
    model: without ``litellm/``.
    params: of the model; a key among them needs no variable.
    environ: where keys are looked for.

    Raises
    ------
    UsageError: the extra is missing, no provider is named or the library does not know it, or no key is set.
    """
    library = load()
    provider = _provider(library, model)
    if (needed := _NEEDS.get(provider)) is not None and not is_installed(needed):
        raise UsageError(f"{provider} needs the module {needed!r}; run: pip install 'lattice-evals[providers]'")
    keys = _missing_keys(library, model)
    arguments = _arguments(provider, keys, environ)
    names = " or ".join(keys)
    if keys and provider not in _CLOUDS and not {"api_key"} & {*arguments, *params}:
        raise UsageError(f"{names} is not set; put the key there or into a .env file beside the evaluation")
    return Access(
        provider=provider,
        arguments=arguments,
        account=_fingerprint(arguments),
        key_advice=f"check {_usual_variables(provider) if provider in _CLOUDS or not names else names}",
        scrub=Scrubber(value for name, value in {**os.environ, **environ}.items() if _SECRET_NAME.search(name)),
    )


def library_price(model: str) -> Callable[[Usage, int, int], float] | None:
    """What the library's own list says a call costs; None if it does not list the model, or is not installed."""
    if not is_available():
        return None
    library = load()
    provider, _, name = model.partition("/")
    entry = library.model_cost.get(model) or library.model_cost.get(name, {})
    if not str(entry.get("litellm_provider", "")).startswith(provider):
        return None
    if entry.get("input_cost_per_token") is None or entry.get("output_cost_per_token") is None:
        return None

    def price(usage: Usage, cached: int, written: int) -> float:
        costs = library.cost_per_token(
            model=model,
            prompt_tokens=usage.input_tokens,
            completion_tokens=usage.output_tokens,
            cache_read_input_tokens=cached,
            cache_creation_input_tokens=written,
        )
        return float(sum(costs))

    return price


async def close_connections() -> None:
    """Close what the library keeps open for this event loop; it would be cut off with a warning otherwise."""
    cache_of_clients = load().in_memory_llm_clients_cache
    ending = f"-{id(asyncio.get_running_loop())}"
    for key in [key for key in cache_of_clients.cache_dict if key.endswith(ending)]:
        client = cache_of_clients.cache_dict.pop(key)
        cache_of_clients.ttl_dict.pop(key, None)
        close = getattr(client, "close", None) or getattr(client, "aclose", None)
        if close is not None and asyncio.iscoroutinefunction(close):
            await close()


async def _not_again(*_: object, **__: object) -> None:
    """Stands where the library would send a call once more whose connection broke: lets the failure through."""
    raise  # what the library is handling as it calls this


def _provider(library: Any, model: str) -> str:
    provider, _, name = model.partition("/")
    known = {str(getattr(entry, "value", entry)) for entry in library.provider_list}
    if provider not in known:
        near = difflib.get_close_matches(provider, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"litellm does not know the provider {provider!r}{hint}; write litellm/PROVIDER/MODEL")
    if not name:
        raise UsageError(f"'litellm/{model}' names no model; write litellm/PROVIDER/MODEL")
    return provider


def _missing_keys(library: Any, model: str) -> tuple[str, ...]:
    """Variables one of which is to hold the provider's key, as the library misses them in the process's
    environment.
    """
    missing = library.validate_environment(model)["missing_keys"]
    return tuple(sorted(name for name in missing if _KEY_NAME.search(name)))


def _usual_variables(provider: str) -> str:
    return ", ".join(_CLOUDS.get(provider, (f"{provider.upper()}_API_KEY",)))


def _arguments(provider: str, keys: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    prefix = provider.upper()
    names = {f"{prefix}_BASE_URL": "api_base", f"{prefix}_API_BASE": "api_base"}
    names |= {f"{prefix}_API_VERSION": "api_version", **_CLOUDS.get(provider, {})}
    if provider not in _CLOUDS:
        names |= dict.fromkeys((*keys, f"{prefix}_API_KEY"), "api_key")
    told = ((argument, environ.get(name, "").strip()) for name, argument in names.items())
    return {argument: value for argument, value in told if value}


def _fingerprint(arguments: Mapping[str, str]) -> str:
    if not arguments:
        return ""
    told = "\n".join(f"{name}={value}" for name, value in sorted(arguments.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:12]
