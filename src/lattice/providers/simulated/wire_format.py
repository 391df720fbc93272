"""What the two wire formats have in common: how a request is read, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from lattice.core.limits import LimitHints
from lattice.providers.simulated.answers import Answer
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.questions import Question


class InvalidRequest(Exception):
    """The request breaks the rules of the API.

    Parameters
    ----------
    message: as the API would say it.
    param: the parameter it is about.
    code: the API's own code for it.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no answer.

    Parameters
    ----------
    model: the model that was asked for ("" where it never came to that).
    exceeded: ``requests`` or ``tokens`` where a limit refused it.
    per_minute: that limit.
    wait: seconds until it may work.
    invalid: what broke the rules, for `Fault.INVALID`.
    """

    fault: Fault
    model: str = ""
    exceeded: str | None = None
    per_minute: int | None = None
    wait: float | None = None
    invalid: InvalidRequest | None = None


class WireFormat(Protocol):
    """One API, as far as the server needs it."""

    @property
    def id_header(self) -> str:
        """Name of the header that carries a request's id."""

    def read(self, body: bytes, headers: Mapping[str, str]) -> Question:
        """Understand a request.

        Raises
        ------
        InvalidRequest: it breaks the rules of the API.
        """

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The key a request came with."""

    def answered(self, question: Question, answer: Answer, content: bytes) -> bytes:
        """The body of a successful response."""

    def refused(self, refusal: Refusal, request_id: str) -> tuple[int, bytes]:
        """Status and body of an error."""

    def told(self, hints: LimitHints, now: float) -> dict[str, str]:
        """Headers about rate limits; `now` is in seconds since 1970."""

    def retry_headers(self, seconds: float) -> dict[str, str]:
        """Headers that ask to wait."""

    def models(self, names: Sequence[str]) -> bytes:
        """The list of models."""


def mapping_of(body: bytes, otherwise: str) -> dict[str, Any]:
    """The JSON object in a body.

    Raises
    ------
    InvalidRequest: it holds none; with `otherwise` as its message.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest(otherwise) from None
    if not isinstance(data, dict):
        raise InvalidRequest(otherwise)
    return data


def text_of(content: object) -> str | None:
    """The text of a message's content: a text, or the text blocks of a list; None if it is neither."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts: list[str] = []
    for block in content:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            return None
        if block["type"] == "text":
            if not isinstance(block.get("text"), str):
                return None
            texts.append(block["text"])
        elif isinstance(block.get("content"), (str, list)):
            texts.append(text_of(block["content"]) or "")
    return "\n".join(texts)


def positive(value: object) -> bool:
    """Whether a value is a whole number above zero."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
