"""The official ``openai`` package talks to the server and understands it."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.openai_requests import PARAMETERS
from lattice.providers.simulated.server import SimulatorServer

T = TypeVar("T")
QUESTION: list[Any] = [{"role": "user", "content": "May a customer return a damaged lamp?"}]


class Verdict(pydantic.BaseModel):
    reasoning: str
    score: Literal[1, 2, 3, 4, 5]


def talk(behaviour: Behaviour, conversation: Callable[[openai.AsyncOpenAI], Awaitable[T]], *, key: str = "any") -> T:
    async def main() -> T:
        async with (
            SimulatorServer(behaviour) as server,
            openai.AsyncOpenAI(base_url=server.openai_url, api_key=key, max_retries=0) as client,
        ):
            return await conversation(client)

    return asyncio.run(main())


async def ask(client: openai.AsyncOpenAI, **settings: Any) -> ChatCompletion:
    arguments: dict[str, Any] = {"model": "gpt-4o-mini", "messages": QUESTION, **settings}
    completion: ChatCompletion = await client.chat.completions.create(**arguments)
    return completion


def failure(behaviour: Behaviour, **settings: Any) -> openai.APIError:
    async def conversation(client: openai.AsyncOpenAI) -> openai.APIError:
        with pytest.raises(openai.APIError) as caught:
            await ask(client, **settings)
        return caught.value

    return talk(behaviour, conversation)


def test_an_answer_with_its_usage() -> None:
    completion = talk(Behaviour(), ask)
    choice = completion.choices[0]
    assert completion.model == "gpt-4o-mini"
    assert "(simulated answer" in (choice.message.content or "")
    assert choice.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 13
    assert completion.usage.total_tokens == 13 + completion.usage.completion_tokens
    assert completion._request_id is not None


def test_parts_and_developer_messages_are_read() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}]},
    ]
    completion = talk(Behaviour(), lambda client: ask(client, model="echo", messages=messages))
    assert completion.choices[0].message.content == "Hello\nthere"


def test_structured_output_is_parsed_into_a_model() -> None:
    async def conversation(client: openai.AsyncOpenAI) -> Verdict | None:
        parsed = await client.chat.completions.parse(model="gpt-4o-mini", messages=QUESTION, response_format=Verdict)
        return parsed.choices[0].message.parsed

    verdict = talk(Behaviour(), conversation)
    assert verdict is not None
    assert verdict.reasoning.endswith("(simulated verdict)")


def test_a_forced_function_is_called() -> None:
    tool = {"type": "function", "function": {"name": "judge", "parameters": Verdict.model_json_schema()}}
    choice = {"type": "function", "function": {"name": "judge"}}
    completion = talk(Behaviour(), lambda client: ask(client, tools=[tool], tool_choice=choice))
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.name == "judge"
    assert Verdict.model_validate_json(calls[0].function.arguments).score in (1, 2, 3, 4, 5)


def test_an_answer_that_is_too_long_is_cut() -> None:
    completion = talk(Behaviour(), lambda client: ask(client, max_tokens=3))
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3


def test_models_are_listed() -> None:
    async def conversation(client: openai.AsyncOpenAI) -> list[str]:
        return [model.id async for model in client.models.list()]

    assert "judge-longer" in talk(Behaviour(), conversation)


def test_a_rate_limit_with_the_real_headers() -> None:
    async def conversation(client: openai.AsyncOpenAI) -> openai.RateLimitError:
        await ask(client)
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(client)
        return caught.value

    error = talk(Behaviour.from_options(rpm=30, tpm=6000), conversation)
    headers = error.response.headers
    assert (error.code, error.type) == ("rate_limit_exceeded", "requests")
    assert "on requests per min (RPM): Limit 30. Please try again in" in error.message
    assert headers["retry-after"] == "2"
    assert 0 < int(headers["retry-after-ms"]) <= 2000
    assert headers["x-ratelimit-limit-requests"] == "30"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    assert headers["x-ratelimit-limit-tokens"] == "6000"


def test_a_rate_limit_without_any_header() -> None:
    error = failure(Behaviour.from_options(faults=["429"], limit_headers=False))
    assert isinstance(error, openai.RateLimitError)
    assert not [name for name in error.response.headers if "retry" in name or "ratelimit" in name]


@pytest.mark.parametrize(
    ("fault", "kind", "status", "code"),
    [
        ("401", openai.AuthenticationError, 401, "invalid_api_key"),
        ("400", openai.BadRequestError, 400, "context_length_exceeded"),
        ("404", openai.NotFoundError, 404, "model_not_found"),
        ("quota", openai.RateLimitError, 429, "insufficient_quota"),
        ("500", openai.InternalServerError, 500, None),
        ("529", openai.InternalServerError, 529, None),
    ],
)
def test_each_fault_is_the_error_it_would_be(
    fault: str, kind: type[openai.APIStatusError], status: int, code: str | None
) -> None:
    error = failure(Behaviour.from_options(faults=[fault]))
    assert type(error) is kind
    assert (error.status_code, error.code) == (status, code)
    assert error.request_id is not None


def test_a_hanging_server_times_out() -> None:
    assert isinstance(failure(Behaviour.from_options(faults=["hang"]), timeout=0.05), openai.APITimeoutError)


def test_a_connection_is_cut() -> None:
    async def conversation(client: openai.AsyncOpenAI) -> None:
        for number in range(6):
            with pytest.raises(openai.APIConnectionError):
                await ask(client, messages=[{"role": "user", "content": f"Question {number}"}])

    talk(Behaviour.from_options(faults=["cut"]), conversation)


@pytest.mark.parametrize(
    ("settings", "param", "message"),
    [
        ({"model": ""}, None, "you must provide a model parameter"),
        ({"messages": []}, "messages", "Invalid 'messages': empty array"),
        ({"messages": [{"role": "judge", "content": "x"}]}, "messages[0].role", "Invalid value: 'judge'"),
        (
            {"messages": [{"role": "user", "content": None}]},
            "messages[0].content",
            "Invalid value for 'content'",
        ),
        ({"temperature": 3}, "temperature", "Invalid 'temperature'"),
        ({"max_tokens": 0}, "max_tokens", "Invalid 'max_tokens'"),
        ({"extra_body": {"max_token": 5}}, None, "Unrecognized request argument supplied: max_token"),
        ({"response_format": {"type": "json_object"}}, "messages", "'messages' must contain the word 'json'"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "Invalid value: 'yaml'"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "v"}}},
            "response_format.json_schema.schema",
            "Missing required parameter",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "v", "strict": True, "schema": {"type": "object"}},
                }
            },
            "response_format",
            "Invalid schema for 'v': In context=(), 'additionalProperties' is required",
        ),
        ({"tools": [], "tool_choice": "required"}, "tool_choice", "Invalid value for 'tool_choice'"),
    ],
)
def test_a_request_that_breaks_the_rules_is_told_which(
    settings: dict[str, Any], param: str | None, message: str
) -> None:
    error = failure(Behaviour(), **settings)
    assert isinstance(error, openai.BadRequestError)
    assert error.type == "invalid_request_error"
    assert error.param == param
    assert message in error.message


def test_a_key_can_be_expected() -> None:
    expecting = Behaviour(key="sk-right")
    assert talk(expecting, ask, key="sk-right").choices
    with pytest.raises(openai.AuthenticationError) as caught:
        talk(expecting, ask, key="sk-wrong")
    assert "sk-" not in str(caught.value)


def test_every_parameter_of_the_sdk_is_known() -> None:
    assert typing.get_type_hints(CompletionCreateParamsNonStreaming).keys() <= PARAMETERS
