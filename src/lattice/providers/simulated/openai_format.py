"""The chat completions API of OpenAI, without streaming."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lattice.core.limits import Allowance, LimitHints
from lattice.providers.simulated.answers import Answer
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.openai_requests import OpenAIRequests
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.wire_format import Refusal

_USAGE_DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
_ERRORS = {
    Fault.AUTH: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    Fault.QUOTA: (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    Fault.RATE_LIMIT: (429, "requests", "rate_limit_exceeded", "Rate limit reached."),
    Fault.SERVER_ERROR: (
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    Fault.OVERLOADED: (
        529,
        "server_error",
        None,
        "The engine is currently overloaded, please try again later.",
    ),
}


class OpenAIFormat:
    """Reads and writes chat completions.

    Parameters
    ----------
    created: seconds since 1970, told as the time of every answer, so that the same question gives the same
        bytes.
    """

    id_header = "x-request-id"

    def __init__(self, created: int = 1_767_225_600) -> None:
        self._requests = OpenAIRequests()
        self._created = created

    def read(self, body: bytes, headers: Mapping[str, str]) -> Question:
        """Understand a request; as `WireFormat.read`."""
        return self._requests.read(body)

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The bearer token, or Azure's ``api-key``."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else headers.get("api-key")

    def answered(self, question: Question, answer: Answer, content: bytes) -> bytes:
        """A ``chat.completion``."""
        name = content.hex()
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text,
            "refusal": None,
            "annotations": [],
        }
        if question.tool is not None:
            call = {"name": question.tool, "arguments": answer.text}
            message["content"] = None
            message["tool_calls"] = [{"id": f"call_{name[:24]}", "type": "function", "function": call}]
        return orjson.dumps(
            {
                "id": f"chatcmpl-{name}",
                "object": "chat.completion",
                "created": self._created,
                "model": question.model,
                "choices": [
                    {
                        "index": 0,
                        "message": message,
                        "logprobs": None,
                        "finish_reason": "length" if answer.cut_short else "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": answer.usage.input_tokens,
                    "completion_tokens": answer.usage.output_tokens,
                    "total_tokens": answer.usage.total_tokens,
                    **_USAGE_DETAILS,
                },
                "service_tier": "default",
                "system_fingerprint": "fp_simulated",
            }
        )

    def refused(self, refusal: Refusal, request_id: str) -> tuple[int, bytes]:
        """An ``error`` object."""
        param = None
        if refusal.invalid is not None:
            invalid = refusal.invalid
            status, kind, code, text = 400, "invalid_request_error", invalid.code, invalid.message
            param = invalid.param
        elif refusal.fault is Fault.INVALID:
            status, kind, code, param = 400, "invalid_request_error", "context_length_exceeded", "messages"
            text = "This model's maximum context length is 8192 tokens. Please shorten the messages."
        elif refusal.fault is Fault.NOT_FOUND:
            status, kind, code = 404, "invalid_request_error", "model_not_found"
            text = f"The model `{refusal.model}` does not exist or you do not have access to it."
        else:
            status, kind, code, text = _ERRORS[refusal.fault]
        if refusal.exceeded is not None:
            kind, text = refusal.exceeded, _exceeded(refusal)
        return status, orjson.dumps({"error": {"message": text, "type": kind, "param": param, "code": code}})

    def told(self, hints: LimitHints, now: float) -> dict[str, str]:
        """``x-ratelimit-*``; resets are durations such as ``12ms`` and ``6m0s``."""
        headers: dict[str, str] = {}
        for name, allowance in (("requests", hints.requests), ("tokens", hints.tokens)):
            if allowance is not None:
                headers.update(_allowance(name, allowance))
        return headers

    def retry_headers(self, seconds: float) -> dict[str, str]:
        """``retry-after-ms``, and ``retry-after`` in whole seconds."""
        return {
            "retry-after-ms": str(math.ceil(seconds * 1000)),
            "retry-after": str(max(1, math.ceil(seconds))),
        }

    def models(self, names: Sequence[str]) -> bytes:
        """A ``list`` of models."""
        entries = [
            {"id": name, "object": "model", "created": self._created, "owned_by": "lattice-simulator"} for name in names
        ]
        return orjson.dumps({"object": "list", "data": entries})


def duration(seconds: float) -> str:
    """A duration as Go prints it: ``12ms``, ``1.5s``, ``6m0s``, ``1h2m3s``."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _allowance(name: str, allowance: Allowance) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{name}": str(allowance.limit),
        f"x-ratelimit-remaining-{name}": str(allowance.remaining),
        f"x-ratelimit-reset-{name}": duration(allowance.reset or 0.0),
    }


def _exceeded(refusal: Refusal) -> str:
    short = "RPM" if refusal.exceeded == "requests" else "TPM"
    text = (
        f"Rate limit reached for {refusal.model} in organization org-simulated on {refusal.exceeded} per min "
        f"({short}): Limit {refusal.per_minute}."
    )
    return text if refusal.wait is None else f"{text} Please try again in {duration(refusal.wait)}."
