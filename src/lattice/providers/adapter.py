"""One model behind an HTTP endpoint: builds a body, makes the call, reads the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.limits import LimitHints, LimitKey
from lattice.core.models import AnswerSchema, Completion, ModelRequest
from lattice.providers.dialect import Answer, Dialect
from lattice.providers.endpoint import Endpoint
from lattice.providers.prices import Price
from lattice.wire.headers import limit_hints
from lattice.wire.payload import decode, encode
from lattice.wire.session import Reply, exchange, timed_out
from lattice.wire.status import Advice, call_error, error_body

_STRUCTURE_WORDS = re.compile(
    r"response_format|json_schema|structured|tool_choice|\btools?\b|grammar|guided|requested parameters",
    re.IGNORECASE,
)
_LENGTH_WORDS = re.compile(r"context.?(length|size|window)|too long|maximum.{0,20}tokens", re.IGNORECASE)
_MAY_BE_STRUCTURE = frozenset({400, 404, 422, 501})


class Adapter:
    """A model at an endpoint, bound to its name and parameters.

    Each `complete` is one call, with one exception: a server that answers 400 because it does not know
    structured output is asked again at once, in plain text and within the same timeout; that is remembered,
    so that no later call asks for it. Such a refusal costs nothing.

    Parameters
    ----------
    session: shared by all calls of the event loop.
    endpoint: where to and as whom.
    dialect: the wire format.
    model: the name that is sent.
    params: sent as they are.
    price: of the model, None if it is unknown.
    clock: seconds since 1970, for headers that name a date.

    Raises
    ------
    UsageError: a parameter cannot be written as JSON.
    """

    __slots__ = (
        "_advice",
        "_clock",
        "_constant",
        "_dialect",
        "_endpoint",
        "_limit",
        "_name",
        "_price",
        "_session",
        "_structured",
        "_structures",
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        dialect: Dialect,
        *,
        model: str,
        params: Mapping[str, Any],
        price: Price | None,
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._dialect = dialect
        self._name = f"{endpoint.provider}/{model}"
        self._limit = LimitKey(provider=endpoint.provider, account=endpoint.account, model=model)
        self._price = price
        self._clock = clock
        self._structured = dialect.can_structure(params)
        self._structures: dict[int, tuple[AnswerSchema, bytes]] = {}
        self._advice = Advice(
            auth=endpoint.key_advice,
            quota=endpoint.key_advice,
            not_found=f"asked for the model {model!r} at {endpoint.place}",
        )
        try:
            self._constant = encode(dialect.constant(model, params))[:-1]
        except TypeError as error:
            raise UsageError(f"params of {self._name} cannot be sent as JSON: {error}") from None

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> LimitKey:
        return self._limit

    @property
    def priced(self) -> bool:
        return self._price is not None

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        """Make one call (see the class for the exception).

        Parameters
        ----------
        timeout: seconds for everything.

        Raises
        ------
        CallError: the call failed; its kind says how.
        """
        asked = request.answer if self._structured else None
        loop = asyncio.get_running_loop()
        started = loop.time()
        reply = await self._send(request, asked, timeout)
        if asked is not None and refuses_structure(reply.status, reply.body):
            self._structured = False
            asked = None
            reply = await self._send_again(request, timeout, left=timeout - (loop.time() - started))
        return self._completion(reply, asked)

    async def _send(self, request: ModelRequest, asked: AnswerSchema | None, timeout: float) -> Reply:
        return await exchange(
            self._session,
            "POST",
            self._endpoint.url,
            headers=self._endpoint.headers,
            body=self._body(request, asked),
            timeout=timeout,
        )

    async def _send_again(self, request: ModelRequest, timeout: float, *, left: float) -> Reply:
        try:
            return await self._send(request, None, left)
        except CallError as error:
            raise timed_out(timeout) if error.kind is ErrorKind.TIMEOUT else error from None

    def _body(self, request: ModelRequest, asked: AnswerSchema | None) -> bytes:
        own = encode(self._dialect.conversation(request))
        if asked is None:
            return b"%b,%b" % (self._constant, own[1:])
        return b"%b,%b,%b" % (self._constant, self._structure(asked), own[1:])

    def _structure(self, asked: AnswerSchema) -> bytes:
        """The schema's part of the body, without braces; written once per schema object, which is kept
        alive.
        """
        known = self._structures.get(id(asked))
        if known is None:
            known = (asked, encode(self._dialect.structure(asked))[1:-1])
            self._structures[id(asked)] = known
        return known[1]

    def _completion(self, reply: Reply, asked: AnswerSchema | None) -> Completion:
        now = self._clock()
        if not 200 <= reply.status < 300:
            raise self._failure(reply.status, reply)
        limits = limit_hints(reply.headers, now)
        answer = self._read(reply, asked, limits)
        cost = self._price(answer.usage, answer.cached, answer.written) if self._price else None
        if answer.refusal is not None:
            raise CallError(
                ErrorKind.INVALID_INPUT,
                f"Content refused: {self._endpoint.scrub.message(answer.refusal)}",
                limits=limits,
                usage=answer.usage,
                cost_usd=cost,
            )
        return Completion(
            text=answer.text,
            model=answer.model,
            usage=answer.usage,
            cost_usd=cost,
            finish_reason=answer.finish_reason,
            tool_calls=answer.tool_calls,
            limits=limits,
        )

    def _read(self, reply: Reply, asked: AnswerSchema | None, limits: LimitHints | None) -> Answer:
        try:
            data = decode(reply.body)
            if isinstance(data, dict) and isinstance(data.get("error"), dict):
                raise self._failure(_status_within(data["error"]), reply)
            return self._dialect.read(data, asked)
        except ValueError:
            raise CallError(
                ErrorKind.SERVER_ERROR,
                f"{self._endpoint.place} answered something that is not the {self._dialect.api} API's JSON",
                limits=limits,
            ) from None

    def _failure(self, status: int, reply: Reply) -> CallError:
        return call_error(
            status,
            reply.body,
            reply.headers,
            now=self._clock(),
            scrub=self._endpoint.scrub,
            advice=self._advice,
        )


def refuses_structure(status: int, body: bytes) -> bool:
    """Whether the server objects to the form that was asked for, rather than to the length of the
    conversation.
    """
    if status not in _MAY_BE_STRUCTURE:
        return False
    message = error_body(body).message
    return _STRUCTURE_WORDS.search(message) is not None and _LENGTH_WORDS.search(message) is None


def _status_within(error: Mapping[str, Any]) -> int:
    """The status of an error that came under a 200, as gateways send it."""
    code = error.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 500
