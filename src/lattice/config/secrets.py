"""Keys and tokens that were typed into a configuration, where they would be stored and shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lattice.config.places import Findings, KeyPath
from lattice.wire.variables import names_in

_NAMES_OF_SECRETS = re.compile(
    r"authori[sz]ation|cookie|api[-_]?key|access[-_]?key|subscription[-_]?key|token|secret|password|passwd"
    r"|credential|signature|^key$|^sig$|^auth$|x[-_]auth",
    re.IGNORECASE,
)
# In parameters of a model, `max_tokens` and `logit_bias` by token are no secrets.
_NAMES_IN_PARAMS = re.compile(r"authori[sz]ation|api[-_]?key|access[-_]?token|secret|password", re.IGNORECASE)
_HARMLESS = re.compile(r"^\s*(?:\d+(?:\.\d+)?|true|false)?\s*$", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{[{%]")
_MESSAGE = "looks like a secret, which would be stored and shown"
_PARAMS_HINT = "a key belongs to the provider: name its variable in api_key_env under providers"
_HINT = "put it into an environment variable or the .env file and write ${NAME} here"


def check_secrets(data: Mapping[str, Any], findings: Findings) -> None:
    """Note every literal secret among headers, queries, URLs, bodies and parameters; its value is never repeated."""
    for path, name, value in _named_values(data):
        in_params = "params" in path[:-1]
        pattern = _NAMES_IN_PARAMS if in_params or "body" in path[:-1] else _NAMES_OF_SECRETS
        if pattern.search(name) and is_literal(value):
            findings.add(path, _MESSAGE, _PARAMS_HINT if in_params else _HINT)
    for path, url in _urls(data):
        if _has_secret(url):
            findings.add(path, _MESSAGE, _HINT)


def is_literal(value: str) -> bool:
    """Whether a value stands for itself, and not for a variable, a part of an input, a number or nothing."""
    return not names_in(value) and not _TEMPLATE.search(value) and not _HARMLESS.match(value)


def may_hold_secret(path: KeyPath) -> bool:
    """Whether what stands at `path` must not be repeated in a message."""
    return any(part in ("headers", "query", "params", "body", "base_url", "url") for part in path)


def _blocks(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Everything that is called over a network."""
    providers = data.get("providers")
    if isinstance(providers, Mapping):
        for name, block in providers.items():
            if isinstance(block, Mapping):
                yield ("providers", name), block
    targets = data.get("targets")
    for index, target in enumerate(targets if isinstance(targets, (list, tuple)) else ()):
        if isinstance(target, Mapping):
            yield ("targets", index), target
            if isinstance(target.get("http"), Mapping):
                yield ("targets", index, "http"), target["http"]
    scoring = data.get("scoring")
    judge = scoring.get("judge") if isinstance(scoring, Mapping) else None
    if isinstance(judge, Mapping):
        yield ("scoring", "judge"), judge


def _named_values(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str, str]]:
    for path, block in _blocks(data):
        for key in ("headers", "query", "params", "body"):
            yield from _texts((*path, key), block.get(key))


def _texts(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield (*path, name), str(name), inner
            else:
                yield from _texts((*path, name), inner)


def _urls(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for path, block in _blocks(data):
        for key in ("base_url", "url"):
            if isinstance(block.get(key), str):
                yield (*path, key), block[key]


def _has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.password and is_literal(parts.password):
        return True
    return any(_NAMES_OF_SECRETS.search(name) and is_literal(value) for name, value in parse_qsl(parts.query))
