"""An HTTP endpoint's configuration, compiled, with everything that is wrong with it found at once."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yarl import URL

from lattice.core.errors import InvalidEvaluation, Problem, UsageError
from lattice.core.targets import HttpSettings
from lattice.targets.bodies import Fill, compiled_text, compiled_tree
from lattice.targets.picking import Pick, UsagePick
from lattice.wire.templates import Template, TemplateError
from lattice.wire.variables import expand, names_in

_ORIGIN = re.compile(r"https?://[^/?#{\s]+(?=[/?#]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint's configuration, compiled: nothing of it depends on an input any more.

    Parameters
    ----------
    body: gives the body for an input; None where nothing is sent.
    is_json: whether that body is a tree to be sent as JSON, or bytes of text.
    environ: the variables that the configuration names, and no others.
    """

    method: str
    url: Template
    origin: URL
    headers: Mapping[str, str]
    body: Fill | None
    is_json: bool
    output: Pick | None
    usage: UsagePick | None
    cost: Pick | None
    context: Pick | None
    error: Pick | None
    tls: ssl.SSLContext | bool
    environ: Mapping[str, str]


def compiled_endpoint(settings: HttpSettings, environ: Mapping[str, str], base: Path) -> Endpoint:
    """Compile an endpoint's configuration; needs no session, so that a file can be checked by it.

    Raises
    ------
    InvalidEvaluation: with every problem found, each with its key, such as ``http.url``.
    """
    found = _Findings()
    body = settings.body
    endpoint: dict[str, Any] = {
        "url": found.of("url", lambda: compiled_text(settings.url, environ)),
        "origin": found.of("url", lambda: _origin(settings.url, environ)),
        "headers": found.of("headers", lambda: _headers(settings, environ)),
        "body": found.of("body", lambda: None if body is None else compiled_tree(body, environ)),
        "output": found.of("output", lambda: _pick(settings.output)),
        "usage": found.of("usage", lambda: None if settings.usage is None else UsagePick(settings.usage)),
        "cost": found.of("cost", lambda: _pick(settings.cost)),
        "context": found.of("context", lambda: _pick(settings.context)),
        "error": found.of("error", lambda: _pick(settings.error)),
        "tls": found.of("verify", lambda: _tls(settings, base)),
    }
    found.raise_all()
    named = {name: environ[name] for name in _all_names(settings)}
    return Endpoint(
        method=settings.method.value,
        is_json=not isinstance(body, str),
        environ=named,
        **endpoint,
    )


class _Findings:
    """Collects what is wrong, so that all of it can be said at once."""

    def __init__(self) -> None:
        self._problems: dict[str, Problem] = {}

    def of(self, key: str, compile: Callable[[], Any]) -> Any:
        """What `compile` gives, or None with a problem noted under the key."""
        try:
            return compile()
        except (UsageError, TemplateError, ValueError, OSError) as error:
            problem = Problem(key=f"http.{key}", message=str(error))
            self._problems.setdefault(str(problem), problem)
            return None

    def raise_all(self) -> None:
        if self._problems:
            raise InvalidEvaluation(tuple(self._problems.values()))


def _origin(url: str, environ: Mapping[str, str]) -> URL:
    """Scheme, host and port: fixed by the configuration, so that no input chooses who is asked."""
    found = _ORIGIN.match(expand(url, environ))
    if found is None:
        raise ValueError("expected http://HOST/… or https://HOST/…, with no template in the host")
    return URL(found[0])


def _headers(settings: HttpSettings, environ: Mapping[str, str]) -> dict[str, str]:
    headers = {name: expand(value, environ) for name, value in settings.headers.items()}
    for name, value in headers.items():
        if re.search(r"[\r\n\0]", name + value):
            raise ValueError(f"the header {name!r} holds a line break")
    if settings.body is not None and not any(name.lower() == "content-type" for name in headers):
        is_text = isinstance(settings.body, str)
        headers["Content-Type"] = "text/plain; charset=utf-8" if is_text else "application/json"
    return headers


def _pick(path: str | None) -> Pick | None:
    return None if path is None else Pick(path)


def _tls(settings: HttpSettings, base: Path) -> ssl.SSLContext | bool:
    """True for the session's own certificates, False for no check of the server's."""
    if settings.cert is None and isinstance(settings.verify, bool):
        return settings.verify
    cafile = base / settings.verify if isinstance(settings.verify, str) else None
    context = ssl.create_default_context(cafile=_existing(cafile))
    if settings.verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.cert is not None:
        key = base / settings.key if settings.key is not None else None
        context.load_cert_chain(_existing(base / settings.cert) or "", _existing(key))
    return context


def _existing(path: Path | None) -> str | None:
    if path is not None and not path.is_file():
        raise ValueError(f"there is no file {path}")
    return None if path is None else str(path)


def _all_names(settings: HttpSettings) -> tuple[str, ...]:
    """Every variable that an endpoint's configuration names."""
    return tuple(name for text in (settings.url, *settings.headers.values()) for name in names_in(text)) + (
        _names_within(settings.body)
    )


def _names_within(tree: Any) -> tuple[str, ...]:
    if isinstance(tree, str):
        return names_in(tree)
    if isinstance(tree, Mapping):
        return tuple(name for value in tree.values() for name in _names_within(value))
    if isinstance(tree, (list, tuple)):
        return tuple(name for value in tree for name in _names_within(value))
    return ()
