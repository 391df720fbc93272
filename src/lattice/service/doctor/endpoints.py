"""Keys and endpoints: whether they are there, and whether the clock agrees with theirs. No key is sent or shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial

import aiohttp
from yarl import URL

from lattice.core.errors import CallError, UsageError
from lattice.core.evaluation import Evaluation
from lattice.providers.endpoint import Endpoint, Protocol, builtin_endpoint, configured_endpoint, key_variable
from lattice.service.doctor.findings import Finding, broken, doubtful, fine
from lattice.wire.session import Reply, exchange, open_session
from lattice.wire.variables import expand

PATIENCE = 5.0
"""Seconds for one endpoint."""
MOST_SKEW = 30.0

_BUILT_IN: Mapping[str, Protocol] = {"openai": "openai", "anthropic": "anthropic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider that models are asked from, and where it is, or why that cannot be told."""

    name: str
    origin: URL | None
    problem: str | None = None


def providers_of(evaluation: Evaluation | None, environ: Mapping[str, str]) -> list[Provider]:
    """Those that an evaluation needs; without one the built-in ones, whether they have a key or not."""
    if evaluation is None:
        return [_provider(name, partial(builtin_endpoint, protocol, environ)) for name, protocol in _BUILT_IN.items()]
    specs = [target.model for target in evaluation.targets if target.model is not None]
    names = dict.fromkeys(spec.partition("/")[0] for spec in (*specs, *(each.model for each in evaluation.judges)))
    found = [_configured(name, evaluation, environ) for name in names]
    return [each for each in found if each is not None]


def _configured(name: str, evaluation: Evaluation, environ: Mapping[str, str]) -> Provider | None:
    settings = evaluation.providers.get(name)
    if settings is not None:
        return _provider(name, lambda: configured_endpoint(name, settings, environ))
    if name in _BUILT_IN:
        return _provider(name, lambda: builtin_endpoint(_BUILT_IN[name], environ))
    return None


def _provider(name: str, resolve: Callable[[], Endpoint]) -> Provider:
    try:
        return Provider(name=name, origin=resolve().url.origin())
    except UsageError as error:
        return Provider(name=name, origin=None, problem=str(error))


def key_check(evaluation: Evaluation | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the providers have what they need; what no file asks for is not missed."""
    for provider in providers_of(evaluation, environ):
        if provider.problem is None:
            yield fine("keys", f"{provider.name}: {_what_is_there(provider.name, evaluation, environ)}")
        elif evaluation is None:
            yield fine("keys", f"{provider.name}: {provider.problem.partition(';')[0]}, which only its models need")
        else:
            said, _, advice = provider.problem.partition("; ")
            yield broken("keys", f"{provider.name}: {said}", advice or None)


def _what_is_there(name: str, evaluation: Evaluation | None, environ: Mapping[str, str]) -> str:
    settings = None if evaluation is None else evaluation.providers.get(name)
    if settings is not None:
        return f"{settings.api_key_env} is set" if settings.api_key_env else "configured without a key"
    return f"{key_variable(_BUILT_IN[name], environ)} is set"


def endpoint_check(
    evaluation: Evaluation | None, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Iterator[Finding]:
    """Whether each endpoint answers at all, and whether the clock agrees with the first that tells the time."""
    places = _places(evaluation, environ)
    if not places:
        yield fine("endpoints", "none is needed, or none has a key")
        return
    skews: list[float] = []
    for (name, origin), (outcome, asked) in zip(places, asyncio.run(_asked(places, environ, clock)), strict=True):
        if isinstance(outcome, CallError):
            yield broken("endpoints", f"{name} ({origin}): {outcome.message}", _ADVICE)
            continue
        yield fine("endpoints", f"{name} ({origin}) answers", status=outcome.status)
        if (told := _date_of(outcome)) is not None:
            skews.append((asked - told).total_seconds())
    if skews:
        yield _clock(min(skews, key=abs))


_ADVICE = "check the network, the base URL, HTTPS_PROXY and NO_PROXY; --offline leaves this out"


def _places(evaluation: Evaluation | None, environ: Mapping[str, str]) -> list[tuple[str, URL]]:
    places = {each.origin: each.name for each in providers_of(evaluation, environ) if each.origin is not None}
    for target in evaluation.targets if evaluation is not None else ():
        if target.http is not None and (origin := _origin(target.http.url, environ)) is not None:
            places.setdefault(origin, target.name)
    return [(name, origin) for origin, name in places.items()]


def _origin(url: str, environ: Mapping[str, str]) -> URL | None:
    """Scheme and host of an endpoint; a host that is a template has none before there is an input."""
    try:
        return URL(expand(url, environ).partition("{")[0]).origin()
    except (UsageError, ValueError, KeyError):
        return None


async def _asked(
    places: Sequence[tuple[str, URL]], environ: Mapping[str, str], clock: Callable[[], datetime]
) -> list[tuple[Reply | CallError, datetime]]:
    async with open_session(environ) as session:
        return await asyncio.gather(*(_answer(session, origin, clock) for _, origin in places))


async def _answer(
    session: aiohttp.ClientSession, origin: URL, clock: Callable[[], datetime]
) -> tuple[Reply | CallError, datetime]:
    try:
        return await exchange(session, "HEAD", origin, headers={}, body=None, timeout=PATIENCE), clock()
    except CallError as error:
        return error, clock()


def _date_of(reply: Reply) -> datetime | None:
    try:
        told = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def _clock(skew: float) -> Finding:
    """A clock that is off makes schedules late, and heartbeats of other machines old."""
    if abs(skew) <= MOST_SKEW:
        return fine("clock", "agrees with the endpoints'", skew_seconds=round(skew, 1))
    off = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the endpoints'"
    return doubtful("clock", off, "let the machine set its clock by NTP", skew_seconds=round(skew, 1))
