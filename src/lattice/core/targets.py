"""Targets that are not models: HTTP endpoints, and Python functions with what they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from lattice.core.models import ToolCall, Usage
from lattice.core.settings import Settings

JsonPath = Annotated[str, Field(pattern=r"^\$", description="a JSONPath (RFC 9535), such as $.answer")]

PythonReference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$",
        description="module:name of a def or async def, found from the file's folder",
    ),
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

    input_tokens: JsonPath | None = None
    output_tokens: JsonPath | None = None


class HttpSettings(Settings):
    """An HTTP endpoint as a target. ``${NAME}`` in url, headers and body comes from the environment."""

    url: str = Field(description="http:// or https://; its path and query may be a Jinja2 template", min_length=8)
    method: HttpMethod = HttpMethod.POST
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = Field(
        default=None,
        description="sent as JSON, every text in it a Jinja2 template; or one text, sent as it is",
    )
    output: JsonPath | None = Field(default=None, description="where the answer stands; the whole text if absent")
    usage: JsonPath | UsagePaths | None = Field(
        default=None, description="an object with input_tokens and output_tokens, or a path for each"
    )
    context: JsonPath | None = Field(default=None, description="passages the endpoint retrieved")
    error: JsonPath | None = Field(default=None, description="an error told in an answer with status 200")
    verify: bool | str = Field(default=True, description="false, or the path of a file with certificates to trust")
    cert: str | None = Field(default=None, description="path of the client certificate, for mutual TLS")
    key: str | None = Field(default=None, description="path of its key, if it is in a file of its own")

    @model_validator(mode="after")
    def _key_with_certificate(self) -> Self:
        if self.key is not None and self.cert is None:
            raise ValueError("key needs cert: the certificate that it belongs to")
        if self.body is not None and self.method is HttpMethod.GET:
            raise ValueError("GET has no body; put the input into the url, such as ?q={{ input | urlencode }}")
        return self


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
