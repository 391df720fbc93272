"""``litellm/PROVIDER/MODEL``: Bedrock, Vertex AI, Gemini, Mistral and many more through one library (extra
``providers``), under Lattice's own limits and retry policy.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from multidict import CIMultiDict

from lattice.core.errors import CallError, ErrorKind
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, ModelRequest
from lattice.providers.adapter import refuses_structure
from lattice.providers.dialect import Answer
from lattice.providers.litellm_library import PROVIDER, Access, load
from lattice.providers.openai import OpenAIDialect
from lattice.providers.prices import Price
from lattice.wire.headers import limit_hints
from lattice.wire.session import timed_out
from lattice.wire.status import Advice, call_error, error_body

_CLASS_NAMES = re.compile(r"^(?:[\w.]*(?:Error|Exception|Timeout)\s*[:-]\s*)+")
_ADVICE = re.compile(r"\.? Handle with `litellm\.\w+`\.?")
_HEADER_PREFIX = "llm_provider-"
_BROKE = frozenset({"APIConnectionError"})
_TIMED_OUT = frozenset({"Timeout", "APITimeoutError", "TimeoutError"})


class LibraryModel:
    """A model that the library calls, bound to its name and parameters.

    Each `complete` is one call: the library's retries are switched off. As with the other adapters, a
    provider that does not know structured output is asked again at once in plain text and within the same
    timeout, and that is remembered.

    Parameters
    ----------
    access: as whom.
    model: ``PROVIDER/MODEL``, as the library names it.
    params: passed as they are.
    price: of the model, None if it is unknown.
    clock: seconds since 1970, for headers that name a date.
    """

    __slots__ = ("_access", "_advice", "_clock", "_dialect", "_limit", "_model", "_params", "_price", "_structured")

    def __init__(
        self,
        access: Access,
        *,
        model: str,
        params: Mapping[str, Any],
        price: Price | None,
        clock: Callable[[], float],
    ) -> None:
        name = model.partition("/")[2]
        self._access = access
        self._model = model
        self._params = dict(params)
        self._price = price
        self._clock = clock
        self._dialect = OpenAIDialect()
        self._structured = self._dialect.can_structure(params)
        self._limit = LimitKey(provider=f"{PROVIDER}:{access.provider}", account=access.account, model=name)
        self._advice = Advice(
            auth=access.key_advice,
            quota=access.key_advice,
            not_found=f"asked {access.provider} for the model {name!r}",
        )

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self._model}"

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
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(request, timeout)
        except TimeoutError:
            raise timed_out(timeout) from None

    async def _ask(self, request: ModelRequest, timeout: float) -> Completion:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        form = self._dialect.structure(request.answer) if request.answer and self._structured else {}
        try:
            try:
                response = await self._call(messages, timeout, form)
            except Exception as error:
                if not form or not refuses_structure(_status(error), _body(error)):
                    raise
                self._structured = False
                response = await self._call(messages, timeout, {})
        except Exception as error:  # noqa: BLE001 - providers' SDKs raise what they like; all of it is said
            raise self._failure(error, timeout) from None
        return self._completion(response)

    async def _call(self, messages: list[dict[str, str]], timeout: float, form: Mapping[str, Any]) -> Any:
        fixed = {"num_retries": 0, "max_retries": 0, "timeout": timeout}
        arguments = {**self._access.arguments, **self._params, **form, **fixed}
        return await load().acompletion(model=self._model, messages=messages, **arguments)

    def _completion(self, response: Any) -> Completion:
        told = getattr(response, "_hidden_params", {}).get("additional_headers") or {}
        limits = limit_hints(_headers(told), self._clock())
        try:
            answer: Answer = self._dialect.read(response.model_dump(), None)
        except ValueError:
            raise CallError(
                ErrorKind.SERVER_ERROR, f"{self._access.provider} gave no readable answer", limits=limits
            ) from None
        cost = self._price(answer.usage, answer.cached, answer.written) if self._price else None
        if answer.refusal is not None:
            said = self._access.scrub.message(answer.refusal)
            raise CallError(
                ErrorKind.INVALID_INPUT, f"Content refused: {said}", limits=limits, usage=answer.usage, cost_usd=cost
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

    def _failure(self, error: Exception, timeout: float) -> CallError:
        kind = type(error).__name__
        if kind in _TIMED_OUT:
            return timed_out(timeout)
        said = _body(error)
        if kind in _BROKE:
            return CallError(
                ErrorKind.CONNECTION,
                f"Connection to {self._access.provider} failed: {self._access.scrub.message(said.decode())}",
            )
        if kind == "ContentPolicyViolationError":
            return CallError(ErrorKind.INVALID_INPUT, f"Content refused: {self._access.scrub.message(said.decode())}")
        return call_error(
            _status(error),
            said,
            _headers(getattr(error, "litellm_response_headers", None) or {}),
            now=self._clock(),
            scrub=self._access.scrub,
            advice=self._advice,
        )


def _status(error: Exception) -> int:
    """The status of a failure; one without is the library's own, and stands for a server's."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and 300 <= status < 600 else 500


def _body(error: Exception) -> bytes:
    """What the provider said: its JSON where the library quotes it, else the text without the library's class
    names.
    """
    text = str(getattr(error, "message", "") or error)
    quoted = text[text.find("{") : text.rfind("}") + 1].encode("utf-8", "replace")
    if error_body(quoted).message not in ("", quoted.decode()):
        return quoted
    return _CLASS_NAMES.sub("", _ADVICE.sub("", text)).strip().encode("utf-8", "replace")


def _headers(told: Mapping[str, Any]) -> CIMultiDict[str]:
    return CIMultiDict((str(name).removeprefix(_HEADER_PREFIX), str(value)) for name, value in dict(told).items())
