"""The messages API of Anthropic, without streaming."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from lattice.core.limits import LimitHints
from lattice.core.models import Message
from lattice.providers.simulated.answers import Answer
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.forms import Form, Forms
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.wire_format import InvalidRequest, Refusal, mapping_of, positive, text_of

PARAMETERS = frozenset(
    {
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user_profile_id",
        "workspace_id",
    }
)
_ERRORS = {
    Fault.AUTH: (401, "authentication_error", "invalid x-api-key"),
    Fault.QUOTA: (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    Fault.INVALID: (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
    Fault.RATE_LIMIT: (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    Fault.SERVER_ERROR: (500, "api_error", "Internal server error"),
    Fault.OVERLOADED: (529, "overloaded_error", "Overloaded"),
}


class AnthropicFormat:
    """Reads and writes messages."""

    id_header = "request-id"

    def __init__(self) -> None:
        self._forms = Forms()

    def read(self, body: bytes, headers: Mapping[str, str]) -> Question:
        """Understand a request; as `WireFormat.read`."""
        if "anthropic-version" not in headers:
            raise InvalidRequest("anthropic-version: header is required")
        data = mapping_of(body, "The request body is not valid JSON")
        for name in ("model", "max_tokens", "messages"):
            if data.get(name) is None:
                raise InvalidRequest(f"{name}: Field required")
        if stray := data.keys() - PARAMETERS:
            raise InvalidRequest(f"{min(stray)}: Extra inputs are not permitted")
        if not isinstance(data["model"], str) or not data["model"]:
            raise InvalidRequest("model: String should have at least 1 character")
        _check_settings(data)
        messages = _system(data.get("system")) + _messages(data["messages"])
        form, tool = self._wanted(data)
        return Question(model=data["model"], messages=messages, form=form, tool=tool, max_tokens=data["max_tokens"])

    def _wanted(self, data: dict[str, Any]) -> tuple[Form | None, str | None]:
        tool = _forced(data)
        if tool is not None:
            return self._forms.of(tool["input_schema"]), tool["name"]
        output = data.get("output_config")
        wanted = output.get("format") if isinstance(output, dict) else None
        if wanted is None:
            return None, None
        if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
            raise InvalidRequest("output_config.format.type: Input should be 'json_schema'")
        if not isinstance(wanted.get("schema"), dict):
            raise InvalidRequest("output_config.format.schema: Field required")
        form = self._forms.of(wanted["schema"])
        if form.loose and "additionalProperties" in form.loose:
            raise InvalidRequest(
                "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
        return form, None

    def key(self, headers: Mapping[str, str]) -> str | None:
        """``x-api-key``, or a bearer token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return headers.get("x-api-key") or (token if scheme.lower() == "bearer" else None)

    def answered(self, question: Question, answer: Answer, content: bytes) -> bytes:
        """A ``message``."""
        name = content.hex()
        block: dict[str, Any] = {"type": "text", "text": answer.text}
        reason = "end_turn"
        if question.tool is not None and (answer.value is not None or answer.cut_short):
            block = {
                "type": "tool_use",
                "id": f"toolu_{name[:24]}",
                "name": question.tool,
                "input": answer.value or {},
            }
            reason = "tool_use"
        return orjson.dumps(
            {
                "id": f"msg_{name}",
                "type": "message",
                "role": "assistant",
                "model": question.model,
                "content": [block],
                "stop_reason": "max_tokens" if answer.cut_short else reason,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": answer.usage.input_tokens,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "output_tokens": answer.usage.output_tokens,
                    "service_tier": "standard",
                },
            }
        )

    def refused(self, refusal: Refusal, request_id: str) -> tuple[int, bytes]:
        """An ``error`` object with the request's id."""
        if refusal.invalid is not None:
            status, text = 400, refusal.invalid.message
            kind = refusal.invalid.code or "invalid_request_error"
        elif refusal.fault is Fault.NOT_FOUND:
            status, kind, text = 404, "not_found_error", f"model: {refusal.model}"
        else:
            status, kind, text = _ERRORS[refusal.fault]
        if refusal.exceeded is not None:
            text = (
                f"This request would exceed your organization's rate limit of {refusal.per_minute:,} "
                f"{refusal.exceeded} per minute."
            )
        return status, orjson.dumps(
            {"type": "error", "error": {"type": kind, "message": text}, "request_id": request_id}
        )

    def told(self, hints: LimitHints, now: float) -> dict[str, str]:
        """``anthropic-ratelimit-*``; resets are times in RFC 3339."""
        headers: dict[str, str] = {}
        for name, allowance in (("requests", hints.requests), ("tokens", hints.tokens)):
            if allowance is not None:
                reset = datetime.fromtimestamp(math.ceil(now + (allowance.reset or 0.0)), UTC)
                headers[f"anthropic-ratelimit-{name}-limit"] = str(allowance.limit)
                headers[f"anthropic-ratelimit-{name}-remaining"] = str(allowance.remaining)
                headers[f"anthropic-ratelimit-{name}-reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
        return headers

    def retry_headers(self, seconds: float) -> dict[str, str]:
        """``retry-after`` in whole seconds."""
        return {"retry-after": str(max(1, math.ceil(seconds)))}

    def models(self, names: Sequence[str]) -> bytes:
        """One page of models."""
        entries = [
            {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": "2026-01-01T00:00:00Z",
                "lifecycle": "active",
            }
            for name in names
        ]
        return orjson.dumps({"data": entries, "has_more": False, "first_id": names[0], "last_id": names[-1]})


def _system(given: object) -> tuple[Message, ...]:
    if given is None:
        return ()
    text = text_of(given)
    if text is None:
        raise InvalidRequest("system: Input should be a valid string or a list of text blocks")
    return (Message(role="system", content=text),) if text else ()


def _messages(given: object) -> tuple[Message, ...]:
    if not isinstance(given, list):
        raise InvalidRequest("messages: Input should be a valid list")
    if not given:
        raise InvalidRequest("messages: at least one message is required")
    return tuple(_message(place, message, len(given)) for place, message in enumerate(given))


def _message(place: int, given: object, count: int) -> Message:
    if not isinstance(given, dict):
        raise InvalidRequest(f"messages.{place}: Input should be a valid dictionary")
    role = given.get("role")
    if role == "system" and place == 0:
        raise InvalidRequest(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
            'not "system" as an input message role.'
        )
    if role not in ("user", "assistant", "system"):
        raise InvalidRequest(f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant".')
    if "content" not in given:
        raise InvalidRequest(f"messages.{place}.content: Field required")
    text = text_of(given["content"])
    if text is None:
        raise InvalidRequest(f"messages.{place}.content: Input should be a valid string or list of blocks")
    if not text and isinstance(given["content"], str) and (role == "user" or place < count - 1):
        raise InvalidRequest(
            f"messages.{place}: all messages must have non-empty content except for the "
            "optional final assistant message"
        )
    return Message(role=role, content=text)


def _check_settings(data: dict[str, Any]) -> None:
    if not positive(data["max_tokens"]):
        raise InvalidRequest("max_tokens: Input should be greater than or equal to 1")
    temperature = data.get("temperature")
    if temperature is not None and not (isinstance(temperature, (int, float)) and 0 <= temperature <= 1):
        raise InvalidRequest("temperature: range: 0..1")
    if data.get("stream"):
        raise InvalidRequest("stream: the simulator does not stream")


def _forced(data: dict[str, Any]) -> dict[str, Any] | None:
    """The tool that has to be used; None where none has to."""
    tools = data.get("tools") or []
    for place, tool in enumerate(tools):
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise InvalidRequest(f"tools.{place}.name: Field required")
        if "type" not in tool and not isinstance(tool.get("input_schema"), dict):
            raise InvalidRequest(f"tools.{place}.custom.input_schema: Field required")
    choice = data.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind in (None, "auto", "none"):
        return None
    usable: list[dict[str, Any]] = [tool for tool in tools if isinstance(tool.get("input_schema"), dict)]
    if kind == "tool" and isinstance(choice, dict):
        usable = [tool for tool in usable if tool["name"] == choice.get("name")]
        if not usable:
            raise InvalidRequest(f"Tool '{choice.get('name')}' not found in provided tools")
    if not usable:
        raise InvalidRequest("tool_choice: may only be specified while providing tools")
    return usable[0]
