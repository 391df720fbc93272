"""Requests to the chat completions API of OpenAI, and what is wrong with them."""

from __future__ import annotations

import re
from typing import Any

from lattice.core.models import Message
from lattice.providers.simulated.forms import Form, Forms
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.wire_format import InvalidRequest, mapping_of, positive, text_of

PARAMETERS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_UNREADABLE = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
    "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
)


class OpenAIRequests:
    """Reads requests; keeps the schemas it has understood."""

    def __init__(self) -> None:
        self._forms = Forms()

    def read(self, body: bytes) -> Question:
        """Understand a request; as `WireFormat.read`."""
        data = mapping_of(body, _UNREADABLE)
        if stray := data.keys() - PARAMETERS:
            raise InvalidRequest(f"Unrecognized request argument supplied: {min(stray)}")
        model = data.get("model")
        if not isinstance(model, str) or not model:
            raise InvalidRequest("you must provide a model parameter")
        messages = _messages(data.get("messages"))
        _check_settings(data)
        form, tool = self._wanted(data, messages)
        limit = data.get("max_completion_tokens") or data.get("max_tokens")
        return Question(model=model, messages=messages, form=form, tool=tool, max_tokens=limit)

    def _wanted(self, data: dict[str, Any], messages: tuple[Message, ...]) -> tuple[Form | None, str | None]:
        function = _forced(data)
        if function is not None:
            parameters = function.get("parameters")
            return self._form(parameters if isinstance(parameters, dict) else {}, function), function["name"]
        wanted = data.get("response_format")
        if wanted is None:
            return None, None
        kind = wanted.get("type") if isinstance(wanted, dict) else None
        if kind == "text":
            return None, None
        if kind == "json_object":
            if not any("json" in message.content.lower() for message in messages):
                raise InvalidRequest(
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                    "'json_object'.",
                    param="messages",
                )
            return self._forms.of({}), None
        if kind != "json_schema":
            raise InvalidRequest(
                f"Invalid value: {kind!r}. Supported values are: 'json_object', 'json_schema', and 'text'.",
                param="response_format.type",
                code="invalid_value",
            )
        return self._schema(wanted.get("json_schema")), None

    def _schema(self, wanted: object) -> Form:
        if not isinstance(wanted, dict) or not isinstance(wanted.get("schema"), dict):
            raise _missing("response_format.json_schema.schema")
        if not isinstance(wanted.get("name"), str):
            raise _missing("response_format.json_schema.name")
        return self._form(wanted["schema"], wanted)

    def _form(self, schema: dict[str, Any], named: dict[str, Any]) -> Form:
        if not _NAME.fullmatch(named["name"]):
            raise InvalidRequest(f"Invalid name {named['name']!r}: it must match '^[a-zA-Z0-9_-]{{1,64}}$'.")
        form = self._forms.of(schema)
        if named.get("strict") and form.loose:
            raise InvalidRequest(
                f"Invalid schema for {named['name']!r}: {form.loose}",
                param="response_format",
                code="invalid_json_schema",
            )
        return form


def _missing(param: str) -> InvalidRequest:
    return InvalidRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def _messages(given: object) -> tuple[Message, ...]:
    if given is None:
        raise _missing("messages")
    if not isinstance(given, list):
        raise InvalidRequest(
            "Invalid type for 'messages': expected an array of objects.",
            param="messages",
            code="invalid_type",
        )
    if not given:
        raise InvalidRequest(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    return tuple(_message(place, message) for place, message in enumerate(given))


def _message(place: int, given: object) -> Message:
    where = f"messages[{place}]"
    if not isinstance(given, dict):
        raise InvalidRequest(f"Invalid type for '{where}': expected an object.", param=where, code="invalid_type")
    role = given.get("role")
    if role not in _ROLES:
        raise InvalidRequest(
            f"Invalid value: {role!r}. Supported values are: 'system', 'assistant', 'user', 'function', "
            "'tool', and 'developer'.",
            param=f"{where}.role",
            code="invalid_value",
        )
    content = given.get("content")
    text = "" if content is None and role == "assistant" else text_of(content)
    if text is None:
        raise InvalidRequest(
            "Invalid value for 'content': expected a string or a list of parts.",
            param=f"{where}.content",
        )
    return Message(role="system" if role == "developer" else role, content=text)


def _check_settings(data: dict[str, Any]) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        if data.get(name) is not None and not positive(data[name]):
            raise InvalidRequest(
                f"Invalid '{name}': expected a value >= 1.", param=name, code="integer_below_min_value"
            )
    temperature = data.get("temperature")
    if temperature is not None and not (isinstance(temperature, (int, float)) and 0 <= temperature <= 2):
        raise InvalidRequest(
            "Invalid 'temperature': expected a value between 0 and 2.",
            param="temperature",
            code="invalid_value",
        )
    if data.get("stream"):
        raise InvalidRequest("The simulator does not stream.", param="stream", code="unsupported_value")
    if data.get("n") not in (None, 1):
        raise InvalidRequest("The simulator gives one choice.", param="n", code="unsupported_value")


def _forced(data: dict[str, Any]) -> dict[str, Any] | None:
    """The function that has to be called; None where none has to."""
    choice = data.get("tool_choice")
    if choice in (None, "auto", "none"):
        return None
    tools = data.get("tools")
    functions = [tool.get("function") for tool in tools or () if isinstance(tool, dict)]
    named = [function for function in functions if isinstance(function, dict) and isinstance(function.get("name"), str)]
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        wanted = choice["function"].get("name")
        named = [function for function in named if function["name"] == wanted]
    if not named:
        raise InvalidRequest("Invalid value for 'tool_choice': no such function among 'tools'.", param="tool_choice")
    return named[0]
