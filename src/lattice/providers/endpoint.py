"""Where a provider is and as whom it is called: base URL, headers, key. Resolved once from the
environment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from multidict import CIMultiDict
from yarl import URL

from lattice.core.errors import UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.providers.anthropic import VERSION
from lattice.wire.messages import Scrubber
from lattice.wire.variables import expand

Protocol = Literal["openai", "anthropic"]

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"

_PATHS: dict[Protocol, str] = {"openai": "chat/completions", "anthropic": "v1/messages"}
_OTHER_KEYS = {"ANTHROPIC_API_KEY": ("ANTHROPIC_AUTH_TOKEN",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One provider as this process calls it.

    Parameters
    ----------
    url: that is posted to.
    headers: key included; never shown.
    account: fingerprint of key and base URL, for `LimitKey`.
    key_advice: what to check when the key is refused.
    place: the URL without query and credentials, for messages.
    """

    provider: str
    protocol: Protocol
    url: URL = field(repr=False)
    headers: CIMultiDict[str] = field(repr=False)
    account: str
    key_advice: str
    place: str
    scrub: Scrubber


def builtin_endpoint(protocol: Protocol, environ: Mapping[str, str]) -> Endpoint:
    """OpenAI or Anthropic, from the variables that their official SDKs read.

    ``OPENAI_API_KEY``, ``OPENAI_BASE_URL``, ``OPENAI_ORG_ID``, ``OPENAI_PROJECT_ID``,
    ``OPENAI_CUSTOM_HEADERS``; ``ANTHROPIC_API_KEY`` or else ``ANTHROPIC_AUTH_TOKEN``, ``ANTHROPIC_BASE_URL``,
    ``ANTHROPIC_CUSTOM_HEADERS``.

    Raises
    ------
    UsageError: the key's variable is not set, or the base URL is none.
    """
    name = protocol.upper()
    variable = key_variable(protocol, environ)
    key = environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"{variable} is not set; put the key there or into a .env file beside the evaluation")
    base = environ.get(f"{name}_BASE_URL", "").strip()
    headers = _custom_headers(environ.get(f"{name}_CUSTOM_HEADERS", ""))
    for header, source in (("OpenAI-Organization", "OPENAI_ORG_ID"), ("OpenAI-Project", "OPENAI_PROJECT_ID")):
        if protocol == "openai" and (value := environ.get(source, "").strip()):
            headers[header] = value
    if variable == "ANTHROPIC_AUTH_TOKEN":
        headers["Authorization"] = f"Bearer {key}"
        key = ""
    return _endpoint(
        protocol,
        protocol,
        base=base or (OPENAI_URL if protocol == "openai" else ANTHROPIC_URL),
        key=key,
        key_advice=f"check {variable}",
        headers=headers,
        secrets=(environ.get(variable, ""), *headers.values()),
    )


def key_variable(protocol: Protocol, environ: Mapping[str, str]) -> str:
    """The variable that holds the built-in provider's key: the first that is set, else the usual one."""
    usual = f"{protocol.upper()}_API_KEY"
    candidates = (usual, *_OTHER_KEYS.get(usual, ()))
    return next((name for name in candidates if environ.get(name, "").strip()), usual)


def configured_endpoint(name: str, settings: ProviderSettings, environ: Mapping[str, str]) -> Endpoint:
    """An endpoint of the ``providers`` block.

    Raises
    ------
    UsageError: a variable that it names is not set, or the base URL is none.
    """
    key = ""
    if settings.api_key_env:
        key = environ.get(settings.api_key_env, "").strip()
        if not key:
            raise UsageError(f"{settings.api_key_env} is not set; the provider {name!r} takes its key from there")
    headers = CIMultiDict((header, expand(text, environ)) for header, text in settings.headers.items())
    query = {parameter: expand(text, environ) for parameter, text in settings.query.items()}
    return _endpoint(
        name,
        settings.protocol,
        base=expand(settings.base_url, environ),
        key=key,
        key_advice=_key_advice(name, settings),
        headers=headers,
        secrets=(key, *headers.values(), *query.values()),
        query=query,
    )


def _key_advice(name: str, settings: ProviderSettings) -> str:
    if settings.api_key_env:
        return f"check {settings.api_key_env}"
    return f"{name!r} is configured without a key; name its variable in providers.{name}.api_key_env"


def _endpoint(
    provider: str,
    protocol: Protocol,
    *,
    base: str,
    key: str,
    key_advice: str,
    headers: CIMultiDict[str],
    secrets: tuple[str, ...],
    query: Mapping[str, str] | None = None,
) -> Endpoint:
    url = _url(provider, base, _PATHS[protocol])
    url = url.update_query(query) if query else url
    for header, value in _headers(protocol, key).items():
        headers.setdefault(header, value)
    _check_headers(provider, headers)
    password = (url.password,) if url.password else ()
    return Endpoint(
        provider=provider,
        protocol=protocol,
        url=url,
        headers=headers,
        account=_fingerprint(key or headers.get("Authorization", ""), base),
        key_advice=key_advice,
        place=str(url.with_user(None).with_query(None)),
        scrub=Scrubber((*secrets, *password)),
    )


def _url(provider: str, base: str, path: str) -> URL:
    """The base URL with the API's path behind its own, as the SDKs join them."""
    try:
        url = URL(base)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"the base URL of {provider!r} is not one; expected such as http://localhost:8000/v1")
    return url.with_path(f"{url.path.rstrip('/')}/{path}", keep_query=True)


def _headers(protocol: Protocol, key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if protocol == "anthropic":
        headers["anthropic-version"] = VERSION
    if key:
        name, value = ("x-api-key", key) if protocol == "anthropic" else ("Authorization", f"Bearer {key}")
        headers[name] = value
    return headers


def _check_headers(provider: str, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not value.isprintable() or not name.isprintable():
            raise UsageError(f"the header {name!r} of {provider!r} has a line break or control character in it")


def _custom_headers(text: str) -> CIMultiDict[str]:
    """``Name: value`` lines, as the SDKs read them."""
    pairs = (line.partition(":") for line in text.split("\n"))
    return CIMultiDict((name.strip(), value.strip()) for name, colon, value in pairs if colon and name.strip())


def _fingerprint(key: str, base: str) -> str:
    return hashlib.sha256(f"{key}\n{base.rstrip('/')}".encode()).hexdigest()[:12]
