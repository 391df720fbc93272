"""A web server that behaves like the OpenAI and Anthropic APIs.

``POST /v1/chat/completions`` and ``POST /v1/messages`` answer (without streaming), ``GET /v1/models`` lists,
``GET /_simulator/counters`` and ``/_simulator/contents`` tell what has been asked, and
``DELETE /_simulator/counters`` starts counting anew.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from lattice.core.errors import UsageError
from lattice.providers.simulated.anthropic_format import AnthropicFormat
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.ledger import Ledger
from lattice.providers.simulated.openai_format import OpenAIFormat
from lattice.providers.simulated.personas import NAMED
from lattice.providers.simulated.simulation import Outcome, Simulation
from lattice.providers.simulated.wire_format import InvalidRequest, Refusal, WireFormat

Clock = Callable[[], float]

LARGEST_BODY = 32 * 2**20
"""Bytes; what the Anthropic API accepts."""

_SHUTDOWN = 0.01
"""Seconds that requests in flight are given when the server stops; aiohttp reads 0 as forever."""

LEDGER = web.AppKey("ledger", Ledger)

_JSON = "application/json"


def build_app(behaviour: Behaviour, clock: Clock = time.time) -> web.Application:
    """The application; counters stand at ``app[LEDGER]``.

    Parameters
    ----------
    clock: seconds since 1970; for limits and the times in headers.
    """
    simulation = Simulation(behaviour, clock)
    ledger = simulation.ledger
    app = web.Application(client_max_size=LARGEST_BODY)
    app[LEDGER] = ledger
    openai, anthropic = OpenAIFormat(), AnthropicFormat()
    app.router.add_post("/v1/chat/completions", _Endpoint(simulation, openai, clock).handle)
    app.router.add_post("/v1/messages", _Endpoint(simulation, anthropic, clock).handle)
    app.router.add_get("/v1/models", partial(_models, openai, anthropic))
    app.router.add_get("/_simulator/counters", partial(_counters, ledger))
    app.router.add_delete("/_simulator/counters", partial(_clear, ledger))
    app.router.add_get("/_simulator/contents", partial(_contents, ledger))
    app.router.add_route("*", "/{path:.*}", _unknown)
    return app


class _Endpoint:
    """One wire format's way through: key, request, decision, latency, response."""

    def __init__(self, simulation: Simulation, wire: WireFormat, clock: Clock) -> None:
        self._simulation = simulation
        self._behaviour = simulation.behaviour
        self._ledger = simulation.ledger
        self._wire = wire
        self._clock = clock
        self._key = simulation.behaviour.key

    async def handle(self, request: web.Request) -> web.Response:
        ledger = self._ledger
        ledger.enter(request.path)
        request_id = f"req_{ledger.requests:024x}"
        try:
            return await self._respond(request, request_id)
        except InvalidRequest as error:
            ledger.invalid += 1
            return self._refuse(Refusal(fault=Fault.INVALID, invalid=error), request_id)
        except web.HTTPRequestEntityTooLarge:
            ledger.invalid += 1
            large = InvalidRequest(
                f"Request exceeds the maximum size of {LARGEST_BODY} bytes", code="request_too_large"
            )
            return self._refuse(Refusal(fault=Fault.INVALID, invalid=large), request_id, status=413)
        finally:
            ledger.leave()

    async def _respond(self, request: web.Request, request_id: str) -> web.Response:
        if self._key is not None and not self._accepts(request.headers):
            self._ledger.faults[Fault.AUTH] += 1
            return self._refuse(Refusal(fault=Fault.AUTH), request_id)
        question = self._wire.read(await request.read(), request.headers)
        outcome = self._simulation.decide(question)
        headers = self._headers(outcome, request_id)
        if outcome.latency:
            await asyncio.sleep(outcome.latency)
        if outcome.fault is Fault.HANG:
            # Until the client goes away: the handler is cancelled then, and when the server stops.
            await asyncio.Event().wait()
        if outcome.fault is Fault.CUT:
            return await _cut(request, outcome.content)
        if outcome.answer is None:
            return self._refuse(self._refusal(outcome, question.model), request_id, headers)
        body = self._wire.answered(question, outcome.answer, outcome.content)
        return web.Response(body=body, headers=headers, content_type=_JSON)

    def _accepts(self, headers: Mapping[str, str]) -> bool:
        given = self._wire.key(headers) or ""
        return hmac.compare_digest(given.encode(), (self._key or "").encode())

    def _headers(self, outcome: Outcome, request_id: str) -> dict[str, str]:
        headers = {self._wire.id_header: request_id}
        if outcome.limits is not None:
            headers.update(self._wire.told(outcome.limits, self._clock()))
        if outcome.retry_after is not None:
            headers.update(self._wire.retry_headers(outcome.retry_after))
        return headers

    def _refusal(self, outcome: Outcome, model: str) -> Refusal:
        assert outcome.fault is not None
        behaviour = self._behaviour
        per_minute = behaviour.requests_per_minute if outcome.exceeded == "requests" else behaviour.tokens_per_minute
        return Refusal(
            fault=outcome.fault,
            model=model,
            exceeded=outcome.exceeded,
            per_minute=per_minute,
            wait=outcome.retry_after,
        )

    def _refuse(
        self,
        refusal: Refusal,
        request_id: str,
        headers: dict[str, str] | None = None,
        status: int | None = None,
    ) -> web.Response:
        usual, body = self._wire.refused(refusal, request_id)
        return web.Response(
            body=body,
            status=status or usual,
            headers=headers or {self._wire.id_header: request_id},
            content_type=_JSON,
        )


async def _cut(request: web.Request, content: bytes) -> web.Response:
    """Break the connection off, before the response or in the middle of it."""
    if content[0] % 2:
        response = web.StreamResponse(headers={"content-type": _JSON, "content-length": "1000"})
        await response.prepare(request)
        await response.write(b'{"id":')
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("cut, as ordered")


async def _models(openai: OpenAIFormat, anthropic: AnthropicFormat, request: web.Request) -> web.Response:
    wire: WireFormat = anthropic if "anthropic-version" in request.headers else openai
    return web.Response(body=wire.models(tuple(NAMED)), content_type=_JSON)


async def _counters(ledger: Ledger, request: web.Request) -> web.Response:
    return _json(ledger.document())


async def _contents(ledger: Ledger, request: web.Request) -> web.Response:
    return _json(ledger.list_contents())


async def _clear(ledger: Ledger, request: web.Request) -> web.Response:
    ledger.clear()
    return _json(ledger.document())


async def _unknown(request: web.Request) -> web.Response:
    if "anthropic-version" in request.headers:
        error: dict[str, Any] = {
            "type": "error",
            "error": {"type": "not_found_error", "message": "Not found"},
        }
        return _json(error, 404)
    message = f"Invalid URL ({request.method} {request.path})"
    return _json({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}, 404)


def _json(data: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type=_JSON)


class SimulatorServer:
    """The simulator on a port, as an asynchronous context manager.

    Parameters
    ----------
    port: 0 takes a free one.
    clock: as in `build_app`.

    Attributes
    ----------
    url: where it listens, and the base URL for the Anthropic API.
    openai_url: the base URL for the OpenAI API.
    counters: what it has been asked and what it answered.

    Raises
    ------
    UsageError: when entered, if the address cannot be listened on.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = time.time,
    ) -> None:
        self._app = build_app(behaviour or Behaviour(), clock)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.counters = self._app[LEDGER]
        self.url = ""

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=4096).start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                f"cannot listen on {self._host}:{self._port}: {error.strerror or error}; choose another port"
            ) from error
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
