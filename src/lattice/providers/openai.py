"""OpenAI's chat completions, as they are spoken by OpenAI, vLLM, Ollama, llama.cpp, Azure and most gateways.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.core.models import AnswerSchema, ModelRequest, ToolCall, Usage
from lattice.providers.dialect import Answer, count, mapping, text_or_none


class OpenAIDialect:
    """The wire format of ``POST {base}/chat/completions``.

    An answer's schema is asked for by ``response_format``, unless the parameters carry one of their own.
    """

    __slots__ = ()

    @property
    def api(self) -> str:
        return "OpenAI"

    def constant(self, model: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"model": model, **params}

    def can_structure(self, params: Mapping[str, Any]) -> bool:
        return "response_format" not in params

    def structure(self, answer: AnswerSchema) -> dict[str, Any]:
        schema = {"name": answer.name, "schema": answer.schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}

    def conversation(self, request: ModelRequest) -> dict[str, Any]:
        return {"messages": request.messages}

    def read(self, data: Any, asked: AnswerSchema | None) -> Answer:
        del asked
        choices = mapping(data).get("choices")
        if not isinstance(choices, list) or not choices:
            raise ValueError("no choices")
        choice = mapping(choices[0])
        message = mapping(choice.get("message"))
        usage = data.get("usage")
        tokens = usage if isinstance(usage, dict) else {}
        details = tokens.get("prompt_tokens_details")
        finish_reason = text_or_none(choice.get("finish_reason"))
        text = _text(message.get("content"))
        return Answer(
            text=text,
            model=text_or_none(data.get("model")),
            usage=Usage(
                input_tokens=count(tokens.get("prompt_tokens")),
                output_tokens=count(tokens.get("completion_tokens")),
            ),
            cached=count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
            finish_reason=finish_reason,
            tool_calls=_tool_calls(message.get("tool_calls")),
            refusal=_refusal(text, message.get("refusal"), finish_reason),
        )


def _text(content: Any) -> str:
    """The content: a text, nothing (a tool was called), or a list of parts of which the texts count."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    raise ValueError("content is no text")


def _tool_calls(calls: Any) -> tuple[ToolCall, ...]:
    if not calls:
        return ()
    if not isinstance(calls, list):
        raise ValueError("tool_calls is no list")
    functions = [mapping(mapping(call).get("function") or {}) for call in calls]
    return tuple(
        ToolCall(name=str(function.get("name", "")), arguments=str(function.get("arguments", "")))
        for function in functions
    )


def _refusal(text: str, refusal: Any, finish_reason: str | None) -> str | None:
    if finish_reason == "content_filter":
        return "the provider's content filter stopped the answer"
    return text_or_none(refusal) if not text else None
