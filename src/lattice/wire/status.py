"""What an HTTP failure means.

======================================  ================================================================
status                                  kind
======================================  ================================================================
429, 529                                ``rate_limit``; ``quota`` where the body says that money is out
402                                     ``quota``
401, 403                                ``auth``
404, 405, 410, redirects                ``not_found``: an unknown model or a wrong URL
400, 413, 422 and other 4xx             ``invalid_input``, unless the body blames model, key or bill
408                                     ``timeout``
407                                     ``connection``: the proxy wants credentials
409, 425, 5xx                           ``server_error``
======================================  ================================================================

Compatible servers disagree about status codes more than about words, so words are read as well: a 400 with
``model_not_found`` is an unknown model, one with a low credit balance is a quota.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lattice.core.errors import CallError, ErrorKind
from lattice.wire.headers import limit_hints, retry_after
from lattice.wire.messages import Scrubber
from lattice.wire.payload import decode

_BY_STATUS = {
    400: ErrorKind.INVALID_INPUT,
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.NOT_FOUND,
    407: ErrorKind.CONNECTION,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.SERVER_ERROR,
    410: ErrorKind.NOT_FOUND,
    425: ErrorKind.SERVER_ERROR,
    429: ErrorKind.RATE_LIMIT,
    529: ErrorKind.RATE_LIMIT,
}
_SAID = {
    ErrorKind.RATE_LIMIT: "Rate limit exceeded",
    ErrorKind.TIMEOUT: "The server gave up waiting",
    ErrorKind.SERVER_ERROR: "Server error",
    ErrorKind.CONNECTION: "The proxy refused the connection",
    ErrorKind.INVALID_INPUT: "Invalid request",
    ErrorKind.AUTH: "Not authorised",
    ErrorKind.NOT_FOUND: "Not found",
    ErrorKind.QUOTA: "Quota exhausted",
}

_QUOTA_CODES = frozenset({"insufficient_quota", "billing_error", "billing_not_active", "insufficient_balance"})
_RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "resource_exhausted"})
_MODEL_CODES = frozenset({"model_not_found", "model_not_available", "model_decommissioned", "unknown_model"})
_KEY_CODES = frozenset({"invalid_api_key", "api_key_invalid", "authentication_error", "unauthenticated"})

_QUOTA_WORDS = re.compile(
    r"insufficient[_ ](quota|balance|credit|funds)|billing|credit balance|exceeded your current quota"
    r"|out of credits|payment required",
    re.IGNORECASE,
)
_MODEL_WORDS = re.compile(
    r"\bmodel\b.{0,120}?(does not exist|not found)|\bunknown model\b|no such model|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
_KEY_WORDS = re.compile(
    r"api[ _-]?key.{0,40}?(invalid|incorrect|not valid)|(invalid|incorrect).{0,20}?api[ _-]?key",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_READ = 4_000
_TELLING = 500
"""Characters of a message that are searched for words; servers quote the prompt further behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to tell the user about failures that only a change of the configuration mends.

    Parameters
    ----------
    auth: what to check when the key is refused, such as ``check OPENAI_API_KEY``.
    not_found: what was asked for and where, such as ``there is no model 'x' at https://…``.
    quota: what to check when the money is out.
    """

    auth: str = ""
    not_found: str = ""
    quota: str = ""

    def about(self, kind: ErrorKind) -> str:
        match kind:
            case ErrorKind.AUTH:
                return self.auth
            case ErrorKind.NOT_FOUND:
                return self.not_found
            case ErrorKind.QUOTA:
                return self.quota
            case _:
                return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What the body of a failed answer says, in one form for all servers.

    Parameters
    ----------
    message: as the server wrote it, not yet fit to be shown.
    codes: its ``code``, ``type`` and ``status``, in lower case.
    """

    message: str
    codes: frozenset[str] = frozenset()


def call_error(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: float,
    scrub: Scrubber | None = None,
    advice: Advice | None = None,
) -> CallError:
    """The failure that an answer with this status stands for.

    Parameters
    ----------
    status: of an answer that is no success.
    body: JSON of any known form, HTML or plain text.
    headers: a mapping that ignores case.
    now: the current time in seconds since 1970.
    scrub: takes the call's secrets out of what the server said.
    advice: what to change.
    """
    said = error_body(body)
    kind = classify(status, said)
    text = (scrub or Scrubber()).message(said.message)
    told = (advice or Advice()).about(kind)
    parts = [_headline(kind, status), text]
    return CallError(
        kind,
        ": ".join(part for part in parts if part) + (f" ({told})" if told else ""),
        retry_after=retry_after(headers, now),
        limits=limit_hints(headers, now),
    )


def classify(status: int, said: ErrorBody) -> ErrorKind:
    """The kind of failure, from the status and what the server said; structured codes win over words."""
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = _by_range(status)
    if kind is ErrorKind.RATE_LIMIT:
        return ErrorKind.QUOTA if status == 429 and _is_quota(said) else kind
    if kind in (ErrorKind.INVALID_INPUT, ErrorKind.AUTH):
        if _is_quota(said):
            return ErrorKind.QUOTA
        if said.codes & _MODEL_CODES:
            return ErrorKind.NOT_FOUND
    if kind is ErrorKind.INVALID_INPUT and status == 400:
        if said.codes & _KEY_CODES or _KEY_WORDS.search(said.message, 0, _TELLING):
            return ErrorKind.AUTH
        if _MODEL_WORDS.search(said.message, 0, _TELLING):
            return ErrorKind.NOT_FOUND
    return kind


def error_body(body: bytes) -> ErrorBody:
    """Read the error in a body: OpenAI's, Anthropic's, Google's, FastAPI's or Ollama's JSON, HTML, or
    text.
    """
    try:
        data = decode(body)
    except ValueError:
        text = body[:_READ].decode("utf-8", "replace")
        return ErrorBody(message=_MARKUP.sub(" ", text))
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return ErrorBody(message=data if isinstance(data, str) else "")
    inner = data.get("error")
    if isinstance(inner, str):
        return ErrorBody(message=inner, codes=_codes(data))
    source: dict[str, Any] = inner if isinstance(inner, dict) else data
    message = next((source[key] for key in ("message", "detail", "msg") if source.get(key)), "")
    if not isinstance(message, str):
        message = str(message)
    return ErrorBody(message=message[:_READ], codes=_codes(source))


def _codes(source: Mapping[str, Any]) -> frozenset[str]:
    values = (source.get(key) for key in ("code", "type", "status"))
    return frozenset(value.lower() for value in values if isinstance(value, str))


def _is_quota(said: ErrorBody) -> bool:
    """Whether the money is out; a rate limit that also mentions the bill ("add a payment method") is none."""
    if said.codes & _QUOTA_CODES:
        return True
    return not said.codes & _RATE_CODES and _QUOTA_WORDS.search(said.message, 0, _TELLING) is not None


def _by_range(status: int) -> ErrorKind:
    if status >= 500:
        return ErrorKind.SERVER_ERROR
    return ErrorKind.INVALID_INPUT if status >= 400 else ErrorKind.NOT_FOUND


def _headline(kind: ErrorKind, status: int) -> str:
    if status == 529:
        return "Provider overloaded"
    if kind in (ErrorKind.RATE_LIMIT, ErrorKind.QUOTA):
        return _SAID[kind]
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = f"status {status}"
    return f"{_SAID[kind]} ({phrase})"
