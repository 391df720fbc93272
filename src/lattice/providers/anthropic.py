"""Anthropic's messages API.

Reference: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.core.models import AnswerSchema, ModelRequest, ToolCall, Usage
from lattice.providers.dialect import Answer, count, mapping, text_or_none
from lattice.wire.payload import encode

VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
"""The API requires ``max_tokens``; this is sent where the parameters do not set it."""

_OWN_STRUCTURE = frozenset({"tools", "tool_choice", "thinking"})


class AnthropicDialect:
    """The wire format of ``POST {base}/v1/messages``.

    System messages go into ``system``. An answer's schema is asked for by a tool that the model is forced to
    call; its input is the answer. Parameters with tools or thinking of their own leave no room for that,
    since the API refuses the combination.
    """

    __slots__ = ()

    @property
    def api(self) -> str:
        return "Anthropic"

    def constant(self, model: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": model, "max_tokens": DEFAULT_MAX_TOKENS, **params}

    def can_structure(self, params: Mapping[str, Any]) -> bool:
        return not _OWN_STRUCTURE & params.keys()

    def structure(self, answer: AnswerSchema) -> dict[str, Any]:
        tool = {
            "name": answer.name,
            "description": "Gives the answer in the form that is asked for.",
            "input_schema": answer.schema,
        }
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": answer.name}}

    def conversation(self, request: ModelRequest) -> dict[str, Any]:
        system = "\n\n".join(message.content for message in request.messages if message.role == "system")
        messages = [message for message in request.messages if message.role != "system"]
        return {"system": system, "messages": messages} if system else {"messages": messages}

    def read(self, data: Any, asked: AnswerSchema | None) -> Answer:
        content = mapping(data).get("content")
        if not isinstance(content, list) or data.get("type", "message") != "message":
            raise ValueError("no message")
        blocks = [mapping(block) for block in content]
        calls = [_tool_call(block) for block in blocks if block.get("type") == "tool_use"]
        forced = next((call for call in calls if asked is not None and call.name == asked.name), None)
        texts = (block.get("text") for block in blocks if block.get("type") == "text")
        text = forced.arguments if forced else "".join(text for text in texts if isinstance(text, str))
        usage = data.get("usage")
        tokens = usage if isinstance(usage, dict) else {}
        cached = count(tokens.get("cache_read_input_tokens"))
        written = count(tokens.get("cache_creation_input_tokens"))
        finish_reason = text_or_none(data.get("stop_reason"))
        return Answer(
            text=text,
            model=text_or_none(data.get("model")),
            usage=Usage(
                input_tokens=count(tokens.get("input_tokens")) + cached + written,
                output_tokens=count(tokens.get("output_tokens")),
            ),
            cached=cached,
            written=written,
            finish_reason=finish_reason,
            tool_calls=tuple(call for call in calls if call is not forced),
            refusal="the model refused to answer" if finish_reason == "refusal" else None,
        )


def _tool_call(block: Mapping[str, Any]) -> ToolCall:
    return ToolCall(name=str(block.get("name", "")), arguments=encode(block.get("input", {})).decode())
