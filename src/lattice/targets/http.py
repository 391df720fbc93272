"""An HTTP endpoint as a target: what it is sent, and how its answer is read."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Mapping
from email.message import Message as MimeHeaders
from pathlib import Path
from time import perf_counter, time
from typing import Any, cast

import aiohttp
from yarl import URL

from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Usage
from lattice.core.targets import HttpSettings
from lattice.core.trials import Response
from lattice.targets.bodies import values_of
from lattice.targets.endpoints import Endpoint, compiled_endpoint
from lattice.targets.picking import as_text
from lattice.wire.headers import limit_hints
from lattice.wire.messages import Scrubber
from lattice.wire.payload import decode, encode
from lattice.wire.session import Reply, exchange
from lattice.wire.status import Advice, call_error
from lattice.wire.templates import TemplateError


class HttpTarget:
    """Sends an input to an endpoint once and picks the answer out of what comes back.

    Parameters
    ----------
    name: shown everywhere.
    endpoint: what to send where.
    session: the event loop's HTTP session.
    clock: seconds that only grow, for the latency.
    now: seconds since 1970, for dates in headers.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        clock: Callable[[], float] = perf_counter,
        now: Callable[[], float] = time,
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._session = session if endpoint.tls is True else _with_tls(session, endpoint.tls)
        self._clock = clock
        self._now = now
        self._scrub = Scrubber(endpoint.environ.values())
        self._advice = Advice(
            auth="check the headers under http.headers and the variables they name",
            not_found="check http.url and http.method; redirects are not followed",
        )
        self._limit = LimitKey(provider=f"http:{_place(endpoint.origin)}", account=_account(endpoint.environ))

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> LimitKey:
        return self._limit

    async def answer(self, input: Input, *, timeout: float) -> Response:
        """Ask the endpoint exactly once.

        Raises
        ------
        CallError: a template does not fit the input (``invalid_input``), the call failed, or the answer is
            not what the configuration says (``target_response``).
        """
        url, body = self._rendered(input)
        started = self._clock()
        reply = await exchange(
            self._session,
            self._endpoint.method,
            url,
            headers=self._endpoint.headers,
            body=body,
            timeout=timeout,
        )
        latency = self._clock() - started
        if not 200 <= reply.status < 300:
            raise call_error(
                reply.status,
                reply.body,
                reply.headers,
                now=self._now(),
                scrub=self._scrub,
                advice=self._advice,
            )
        return self._response(reply, latency)

    def _rendered(self, input: Input) -> tuple[URL, bytes | None]:
        endpoint = self._endpoint
        values = values_of(input, endpoint.environ)
        try:
            url = URL(endpoint.url.render(values))
            content = endpoint.body(input, values) if endpoint.body is not None else None
        except (TemplateError, ValueError) as error:
            said = self._scrub.message(str(error))
            raise CallError(ErrorKind.INVALID_INPUT, f"The request does not fit this input: {said}") from None
        if content is None:
            return url, None
        return url, encode(content) if endpoint.is_json else as_text(content).encode("utf-8", "replace")

    def _response(self, reply: Reply, latency: float) -> Response:
        endpoint = self._endpoint
        picks = (endpoint.output, endpoint.usage, endpoint.cost, endpoint.context, endpoint.error)
        data = _json(reply) if any(pick is not None for pick in picks) else None
        if endpoint.error is not None and (told := endpoint.error.values(data)):
            said = self._scrub.message(as_text(told[0]))
            raise CallError(ErrorKind.TARGET_RESPONSE, f"The endpoint reports an error: {said}")
        return Response(
            text=endpoint.output.text(data) if endpoint.output is not None else _text(reply),
            latency=latency,
            usage=endpoint.usage.usage(data) if endpoint.usage is not None else Usage(),
            cost_usd=endpoint.cost.amount(data) if endpoint.cost is not None else None,
            context=endpoint.context.texts(data) if endpoint.context is not None else None,
            limits=limit_hints(reply.headers, self._now()),
        )


def build_http_target(
    name: str,
    settings: HttpSettings,
    *,
    session: aiohttp.ClientSession,
    environ: Mapping[str, str],
    base: Path,
    clock: Callable[[], float] = perf_counter,
    now: Callable[[], float] = time,
) -> HttpTarget:
    """An HTTP target, its templates and paths compiled and its ``${NAME}`` filled in.

    Parameters
    ----------
    session: for all calls of the event loop.
    environ: where ``${NAME}`` comes from.
    base: folder of the evaluation file; certificates are found from it.

    Raises
    ------
    InvalidEvaluation: a template, a path, a certificate or a variable is wrong; with every problem found.
    """
    return HttpTarget(name, compiled_endpoint(settings, environ, base), session, clock=clock, now=now)


def _place(origin: URL) -> str:
    return f"{origin.host}:{origin.port}"


def _account(environ: Mapping[str, str]) -> str:
    """A fingerprint of the secrets in use, which tells accounts apart without showing them."""
    if not environ:
        return ""
    joined = "\0".join(f"{name}={environ[name]}" for name in sorted(environ))
    return hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _json(reply: Reply) -> Any:
    try:
        return decode(reply.body)
    except ValueError:
        what = "is not JSON" if reply.body.strip() else "is empty"
        raise CallError(ErrorKind.TARGET_RESPONSE, f"The answer (status {reply.status}) {what}") from None


def _text(reply: Reply) -> str:
    """The body as text in the charset that the answer names, UTF-8 where it names none that exists."""
    header = MimeHeaders()
    header["Content-Type"] = reply.headers.get("Content-Type", "")
    try:
        return reply.body.decode(header.get_content_charset("utf-8"), "replace")
    except LookupError:
        return reply.body.decode("utf-8", "replace")


class _TlsSession:
    """A session whose calls use certificates of their own; connections are pooled by them."""

    def __init__(self, session: aiohttp.ClientSession, tls: ssl.SSLContext | bool) -> None:
        self._session = session
        self._tls = tls

    def request(self, method: str, url: URL, **options: Any) -> Any:
        return self._session.request(method, url, ssl=self._tls, **options)


def _with_tls(session: aiohttp.ClientSession, tls: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    return cast("aiohttp.ClientSession", _TlsSession(session, tls))
