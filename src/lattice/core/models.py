"""What a language model is asked and what it gives: the contract between judges, targets and providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lattice.core.limits import LimitHints, LimitKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One chat message; `role` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call or of many. Cached tokens are part of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        if not other.total_tokens:
            return self
        if not self.total_tokens:
            return other
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool the model asked for; `arguments` is the JSON text as the model wrote it."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSchema:
    """A JSON schema that the answer should follow, asked for by structured output or a forced tool."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call to a model.

    Parameters
    ----------
    messages: the conversation, system message first if there is one.
    answer: the schema of the answer, where one is wanted.
    """

    messages: tuple[Message, ...]
    answer: AnswerSchema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What one successful call gave.

    Parameters
    ----------
    text: the answer ("" when the model only called tools).
    model: the model that the provider says it served.
    usage: tokens as the provider counted them.
    cost_usd: price of the call, None where the price is unknown.
    finish_reason: the provider's word, such as ``stop``, ``length``, ``end_turn``, ``max_tokens``.
    limits: what the headers told about rate limits.
    """

    text: str
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    limits: LimitHints | None = None


class Model(Protocol):
    """A model that can be called: an adapter for one wire format, bound to a model name and its parameters."""

    @property
    def name(self) -> str:
        """``provider/model`` as configured."""

    @property
    def limit(self) -> LimitKey:
        """The rate limit its calls count against."""

    @property
    def priced(self) -> bool:
        """Whether the price list knows this model (free local models are priced, at 0)."""

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        """Make exactly one call, without any retry.

        Parameters
        ----------
        timeout: seconds for the whole call.

        Raises
        ------
        CallError: the call failed; its kind says how.
        """
