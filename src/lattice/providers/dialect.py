"""What differs between the wire formats, as pure functions of requests and answers.

`lattice.providers.openai` and `lattice.providers.anthropic` are the two; `lattice.providers.adapter` does the
rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lattice.core.models import AnswerSchema, ModelRequest, ToolCall, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a successful response says, before prices.

    Parameters
    ----------
    usage: tokens, cached ones included.
    cached, written: input tokens that were read from, and written to, the provider's prompt cache.
    refusal: why the provider or the model gave no answer, None if it did.
    """

    text: str
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    cached: int = 0
    written: int = 0
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None


class Dialect(Protocol):
    """One wire format. Pieces of a body are given as JSON text, so that constant ones are written only
    once.
    """

    @property
    def api(self) -> str:
        """The API's name, for messages."""

    def constant(self, model: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the body that is the same for every call."""

    def can_structure(self, params: Mapping[str, Any]) -> bool:
        """Whether these parameters leave room to ask for structured output."""

    def structure(self, answer: AnswerSchema) -> dict[str, Any]:
        """The part of the body that asks for an answer of this schema."""

    def conversation(self, request: ModelRequest) -> dict[str, Any]:
        """The part of the body that is the request's own."""

    def read(self, data: Any, asked: AnswerSchema | None) -> Answer:
        """Read a response.

        Parameters
        ----------
        data: the decoded body.
        asked: the schema if `structure` was part of the request.

        Raises
        ------
        ValueError: it is not a response of this API.
        """


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is a JSON object.

    Raises
    ------
    ValueError: it is something else.
    """
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def count(value: Any) -> int:
    """A number of tokens; what is missing or no count is 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
