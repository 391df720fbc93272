"""What an evaluation evaluates: a model with its prompt, an HTTP endpoint, or a Python function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from lattice.core.functions import REFERENCE, FunctionReference, reference_of
from lattice.core.models import ToolCall, Usage
from lattice.core.settings import JsonData, JsonMapping, Settings, TextOrFile, exactly_one, raise_found, the_one_given

DEFAULT_PROMPT = "{{ input }}"

JsonPath = Annotated[str, Field(pattern=r"^\$", description="a JSONPath (RFC 9535), such as $.answer")]


def _function_or_its_name(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """In code a function may be given itself; what a file says is a text."""
    if isinstance(value, FunctionReference):
        return value
    return FunctionReference(value) if callable(value) else handler(value)


PythonReference = Annotated[
    str,
    Field(
        pattern=REFERENCE,
        description="module:name of a def or async def, found from the file's folder",
    ),
    WrapValidator(_function_or_its_name),
]


class HttpMethod(StrEnum):
    """How an endpoint is asked."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class UsagePaths(Settings):
    """Where an endpoint's answer tells its tokens, when they have names of their own."""

    input_tokens: JsonPath | None = Field(default=None, description="a JSONPath, such as $.meta.prompt_tokens")
    output_tokens: JsonPath | None = Field(default=None, description="a JSONPath, such as $.meta.answer_tokens")


# The tags keep a mistake in one form from being reported against the other as well.
UsageChoice = Annotated[
    Annotated[JsonPath, Tag("<path>")] | Annotated[UsagePaths, Tag("<paths>")],
    Discriminator(lambda value: "<paths>" if isinstance(value, (dict, UsagePaths)) else "<path>"),
]
Verification = Annotated[
    Annotated[bool, Tag("<flag>")] | Annotated[str, Tag("<path>")],
    Discriminator(lambda value: "<flag>" if isinstance(value, bool) else "<path>"),
]


class HttpSettings(Settings):
    """An HTTP endpoint as a target. ``${NAME}`` in url, headers and body comes from the environment."""

    url: str = Field(description="http:// or https://; its path and query may be a Jinja2 template", min_length=8)
    method: HttpMethod = Field(default=HttpMethod.POST, description="how the endpoint is asked")
    headers: dict[str, str] = Field(
        default_factory=dict, description="sent with each call; secrets as ${NAME} from the environment"
    )
    body: JsonData = Field(
        default=None,
        description="sent as JSON, every text in it a Jinja2 template; or one text, sent as it is",
    )
    output: JsonPath | None = Field(default=None, description="where the answer stands; the whole text if absent")
    usage: UsageChoice | None = Field(
        default=None, description="where an object with input_tokens and output_tokens stands, or a path for each"
    )
    cost: JsonPath | None = Field(default=None, description="where the answer tells what it cost, in USD")
    context: JsonPath | None = Field(default=None, description="passages the endpoint retrieved")
    error: JsonPath | None = Field(default=None, description="an error told in an answer with status 200")
    verify: Verification = Field(default=True, description="false, or the path of a file with certificates to trust")
    cert: str | None = Field(default=None, description="path of the client certificate, for mutual TLS")
    key: str | None = Field(default=None, description="path of its key, if it is in a file of its own")

    @model_validator(mode="after")
    def _key_with_certificate(self) -> Self:
        if self.key is not None and self.cert is None:
            raise_found([(("key",), "needs cert: the certificate that it belongs to")])
        if self.body is not None and self.method is HttpMethod.GET:
            message = "GET has no body; put the input into the url, such as ?q={{ input | urlencode }}"
            raise_found([(("body",), message)])
        return self

    @property
    def place(self) -> str:
        """Host, and port if there is one, as the url names them; for people."""
        found = _HOST.match(self.url)
        return found[1] if found else "HTTP"


class Role(StrEnum):
    """Who says a message of a conversation."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class MessageSettings(Settings):
    """One message of a prompt."""

    role: Role = Field(description="who says it: system, user or assistant")
    content: TextOrFile = Field(description="a Jinja2 template; {{ input }} alone is the input itself")


TARGET_KINDS = ("model", "http", "python")
_OF_MODELS = ("system", "prompt", "messages", "params")


class TargetSettings(Settings):
    """What is evaluated: exactly one of a model with its prompt, an HTTP endpoint, and a Python function."""

    name: str = Field(default="", max_length=200, description="shown everywhere; the model's name if absent")
    model: str | None = Field(default=None, description="provider/model", min_length=3)
    http: HttpSettings | None = Field(default=None, description="an HTTP endpoint, such as a whole RAG stack")
    python: PythonReference | None = Field(
        default=None, description="module:name of a def or async def, found from the file's folder"
    )
    system: TextOrFile | None = Field(default=None, description="system message, a Jinja2 template")
    prompt: TextOrFile | None = Field(
        default=None, description="user message, a Jinja2 template; {{ input }} if absent"
    )
    messages: tuple[MessageSettings, ...] | None = Field(
        default=None,
        min_length=1,
        description="a conversation in place of system and prompt: few-shot, multi-turn",
    )
    params: JsonMapping = Field(default_factory=dict, description="sent to the provider as they are")

    model_config = exactly_one(TARGET_KINDS)

    @property
    def source(self) -> str:
        """What is called, as prices name it: ``provider/model``, or the target's name where it is no model."""
        return self.model or self.name

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if not data.get("name") and (name := _name_of(data)):
            data["name"] = name
        if data.get("model") is not None and data.get("messages") is None and data.get("prompt") is None:
            data["prompt"] = DEFAULT_PROMPT
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kind = the_one_given(self, TARGET_KINDS)
        if self.model is None:
            stray = [key for key in _OF_MODELS if getattr(self, key)]
            raise_found([((key,), f"belongs to a model, and this target is {kind}") for key in stray])
        elif self.messages is not None:
            stray = [key for key in ("system", "prompt") if getattr(self, key) is not None]
            raise_found([((key,), "stands beside messages, which hold the whole conversation") for key in stray])
        return self


_HOST = re.compile(r"https?://([^/?#]+)")


def _name_of(data: dict[str, Any]) -> str | None:
    """What a target is called that has no name: the model, the endpoint's host, the function."""
    model, http, function = (data.get(kind) for kind in TARGET_KINDS)
    if isinstance(model, str):
        return model.partition("/")[2] or model
    if isinstance(http, HttpSettings):
        return http.place
    if isinstance(http, dict) and isinstance(http.get("url"), str):
        found = _HOST.match(http["url"])
        return found[1] if found else "HTTP"
    if callable(function):
        return reference_of(function)
    return function if isinstance(function, str) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Python target may return instead of a text alone.

    Parameters
    ----------
    text: the answer.
    usage: tokens it took, if it counts them.
    context: passages that it retrieved, which the judge is shown.
    cost_usd: what it cost, None where that is unknown.
    model: the model it used, if that is worth recording.
    finish_reason: why it ended.
    tool_calls: the tools it asked for.
    """

    text: str
    usage: Usage | None = field(default=None, kw_only=True)
    context: Sequence[str] | None = field(default=None, kw_only=True)
    cost_usd: float | None = field(default=None, kw_only=True)
    model: str | None = field(default=None, kw_only=True)
    finish_reason: str | None = field(default=None, kw_only=True)
    tool_calls: Sequence[ToolCall] = field(default=(), kw_only=True)
