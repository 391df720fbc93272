"""Providers as models and endpoints.

Source: https://www.promptfoo.dev/docs/providers/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lattice.importers.naming import word_set
from lattice.importers.promptfoo.hiding import hidden_in_url, variables
from lattice.importers.providers import needs_library, spec_of
from lattice.importers.records import Notes, quoted
from lattice.wire.messages import Scrubber

_PARAMS = word_set(
    "temperature max_tokens max_completion_tokens top_p top_k seed stop presence_penalty frequency_penalty "
    "reasoning_effort response_format tools tool_choice thinking logit_bias verbosity"
)
_CONNECTION = frozenset({"apiKey", "apiKeyEnvar", "apiBaseUrl", "apiHost", "organization", "apiKeyRequired"})
# Kinds of models behind a provider's name which give no text, or are no plain conversation.
_OTHER_KINDS = word_set(
    "embedding embeddings image images assistant realtime moderation transcription speech video agents codex-sdk "
    "chatkit claude-agent-sdk agent-sdk completion"
)
_CHATS = frozenset({"chat", "messages", "responses", "text"})
_PORTS = {"ollama": "http://localhost:11434/v1", "localai": "http://localhost:8080/v1"}
_scrubbed = Scrubber()
_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider.

    Parameters
    ----------
    model: as an evaluation file names it; None where it is an endpoint.
    http: the configuration of an endpoint, as it was written.
    endpoints: what stands under ``providers`` for it.
    only: labels of the prompts that it gets; empty for all.
    """

    label: str
    place: str
    model: str | None = None
    http: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] = frozenset()


def providers_in(given: Any, notes: Notes) -> list[Provider]:
    """Every provider that can be carried over; the others are noted."""
    found = (provider_of(ident, config, place, notes) for place, ident, config in _listed(given, notes))
    return [provider for provider in found if provider is not None]


def _listed(given: Any, notes: Notes) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    entries = given if isinstance(given, list) else [given] if given else []
    for index, entry in enumerate(entries):
        place = f"providers[{index}]"
        if isinstance(entry, str):
            yield place, entry, {}
        elif isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield place, entry["id"], entry
        elif isinstance(entry, dict) and len(entry) == 1 and isinstance(next(iter(entry.values())), dict):
            ident, options = next(iter(entry.items()))
            yield place, str(options.get("id") or ident), options
        else:
            notes.left(place, "", "expected an id, or a mapping with one")


def provider_of(ident: str, options: Mapping[str, Any], place: str, notes: Notes) -> Provider | None:
    """One provider by its id, such as ``openai:chat:gpt-5-mini``."""
    raw = options.get("config")
    config: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    label = _scrubbed(str(options.get("label") or ident))
    prompts = options.get("prompts")
    only = frozenset(map(str, prompts)) if isinstance(prompts, list) else frozenset()
    for key in [each for each in options if each not in {"id", "label", "config", "prompts"}]:
        notes.left(f"{place}.{key}", "", "there is nothing of this kind for a target")
    if ident in ("http", "https") or ident.startswith(("http://", "https://")):
        url = config.get("url") or ident
        # An address may hold a password or a key, so that the host alone gives a name.
        own = _scrubbed(str(options.get("label") or _host(str(url)) or "HTTP"))
        return Provider(label=own, place=place, http={**config, "url": url}, only=only)
    if ident == "echo":
        return Provider(label=label, place=place, model="sim/echo", only=only)
    provider, _, rest = ident.partition(":")
    kind, _, name = rest.partition(":")
    if kind in _CHATS and name:
        model = name
        if kind == "responses":
            notes.changed(place, quoted(ident), "is asked through chat completions")
    elif kind in _OTHER_KINDS:
        notes.left(place, quoted(ident), "only models that answer a conversation with a text can be targets")
        return None
    else:
        model = rest
    return _model(provider, model, ident, label, config, place, only, notes)


def _model(
    provider: str,
    model: str,
    ident: str,
    label: str,
    config: Mapping[str, Any],
    place: str,
    only: frozenset[str],
    notes: Notes,
) -> Provider | None:
    address = config.get("apiBaseUrl") or _PORTS.get(provider)
    spec = spec_of(provider, model)
    endpoints: dict[str, Any] = {}
    if model and isinstance(address, str) and (provider in ("openai", "anthropic") or provider in _PORTS):
        name, endpoint = _endpoint(provider, address, config, place, notes)
        endpoints[name] = endpoint
        spec = f"{name}/{model}"
    elif spec is None:
        what = "code of one's own" if provider in ("python", "file", "exec", "javascript") else "no such provider here"
        notes.left(place, quoted(ident), f"{what}; a Python or HTTP target could take its place")
        return None
    else:
        _note_key(provider, config, place, notes)
        if needs_library(spec):
            notes.needed(place, quoted(ident), f"is called as {spec}, which needs the extra 'providers'")
    return Provider(
        label=label, place=place, model=spec, params=_params(config, place, notes), endpoints=endpoints, only=only
    )


def _endpoint(
    provider: str, address: str, config: Mapping[str, Any], place: str, notes: Notes
) -> tuple[str, dict[str, Any]]:
    """An address of one's own, under a name that tells it from the built-in provider."""
    url = hidden_in_url(address, f"{place}.config.apiBaseUrl", notes)
    host = _host(url)
    name = provider if provider in _PORTS else f"{provider}-{_NAME.sub('-', host.lower()).strip('-')}"
    endpoint: dict[str, Any] = {"base_url": url}
    if provider == "anthropic":
        endpoint = {"protocol": "anthropic", **endpoint}
    if isinstance(config.get("apiKeyEnvar"), str):
        endpoint["api_key_env"] = config["apiKeyEnvar"]
    elif config.get("apiKey"):
        endpoint["api_key_env"] = _key_variable(config["apiKey"], provider)
        _note_written_key(config["apiKey"], endpoint["api_key_env"], place, notes)
    elif provider not in _PORTS:
        endpoint["api_key_env"] = f"{provider.upper()}_API_KEY"
    return name, endpoint


def _host(url: str) -> str:
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]


def _key_variable(key: Any, provider: str) -> str:
    named = re.fullmatch(r"\$\{([A-Za-z_]\w*)\}", variables(str(key)), re.ASCII)
    return named[1] if named else f"{provider.upper()}_API_KEY"


def _note_key(provider: str, config: Mapping[str, Any], place: str, notes: Notes) -> None:
    variable = f"{provider.upper()}_API_KEY"
    if config.get("apiKey"):
        _note_written_key(config["apiKey"], variable, place, notes)
    named = config.get("apiKeyEnvar")
    if isinstance(named, str) and named != variable:
        notes.needed(f"{place}.config.apiKeyEnvar", "", f"the key is read from {variable}, not from {quoted(named)}")
    for key in ("apiHost", "organization"):
        if config.get(key):
            notes.left(f"{place}.config.{key}", "", "set it in the environment, as the provider's own library reads it")


def _note_written_key(key: Any, variable: str, place: str, notes: Notes) -> None:
    if "${" not in variables(str(key)):
        notes.needed(f"{place}.config.apiKey", "", f"the key was not written; set {variable} to it")
    else:
        notes.needed(f"{place}.config.apiKey", "", f"the key is read from {variable}")


def _params(config: Mapping[str, Any], place: str, notes: Notes) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, value in config.items():
        if name in _CONNECTION:
            continue
        if name in _PARAMS and not _names_file(value):
            params[name] = value
        else:
            reason = "its file is not read" if name in _PARAMS else "not a known parameter"
            notes.left(f"{place}.config.{name}", "", reason)
    return params


def _names_file(value: Any) -> bool:
    if isinstance(value, str):
        return value.startswith("file://")
    if isinstance(value, dict):
        return any(_names_file(inner) for inner in value.values())
    return isinstance(value, list) and any(_names_file(inner) for inner in value)
