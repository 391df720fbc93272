"""The official ``anthropic`` package talks to the server and understands it."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

import anthropic
import pydantic
import pytest
from anthropic.types import Message
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

from lattice.providers.simulated.anthropic_format import PARAMETERS
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.server import SimulatorServer

T = TypeVar("T")
QUESTION: list[Any] = [{"role": "user", "content": "May a customer return a damaged lamp?"}]


class Verdict(pydantic.BaseModel):
    reasoning: str
    score: Literal[1, 2, 3, 4, 5]


def talk(
    behaviour: Behaviour,
    conversation: Callable[[anthropic.AsyncAnthropic], Awaitable[T]],
    *,
    key: str = "any",
) -> T:
    async def main() -> T:
        async with (
            SimulatorServer(behaviour) as server,
            anthropic.AsyncAnthropic(base_url=server.url, api_key=key, max_retries=0) as client,
        ):
            return await conversation(client)

    return asyncio.run(main())


async def ask(client: anthropic.AsyncAnthropic, **settings: Any) -> Message:
    arguments: dict[str, Any] = {
        "model": "claude-simulated",
        "max_tokens": 200,
        "messages": QUESTION,
        **settings,
    }
    message: Message = await client.messages.create(**arguments)
    return message


def failure(behaviour: Behaviour, **settings: Any) -> anthropic.APIError:
    async def conversation(client: anthropic.AsyncAnthropic) -> anthropic.APIError:
        with pytest.raises(anthropic.APIError) as caught:
            await ask(client, **settings)
        return caught.value

    return talk(behaviour, conversation)


def text_of(message: Message) -> str:
    block = message.content[0]
    assert block.type == "text"
    return block.text


def test_an_answer_with_its_usage() -> None:
    message = talk(Behaviour(), ask)
    assert message.model == "claude-simulated"
    assert "(simulated answer" in text_of(message)
    assert (message.role, message.stop_reason) == ("assistant", "end_turn")
    assert message.usage.input_tokens == 13
    assert message.usage.output_tokens > 10
    assert message._request_id is not None


def test_a_system_prompt_and_blocks_are_read() -> None:
    blocks = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    message = talk(Behaviour(), lambda client: ask(client, model="echo", system="Be brief.", messages=blocks))
    assert text_of(message) == "Hello"
    assert message.usage.input_tokens == 10


def test_a_forced_tool_is_used() -> None:
    tool = {"name": "judge", "input_schema": Verdict.model_json_schema()}
    choice = {"type": "tool", "name": "judge"}
    message = talk(Behaviour(), lambda client: ask(client, tools=[tool], tool_choice=choice))
    block = message.content[0]
    assert block.type == "tool_use"
    assert (block.name, message.stop_reason) == ("judge", "tool_use")
    assert Verdict.model_validate(block.input).score in (1, 2, 3, 4, 5)


def test_a_malformed_verdict_comes_as_text_instead_of_the_tool() -> None:
    tool = {"name": "judge", "input_schema": Verdict.model_json_schema()}
    behaviour = Behaviour.from_options(faults=["malformed"])
    message = talk(behaviour, lambda client: ask(client, tools=[tool], tool_choice={"type": "any"}))
    assert (message.content[0].type, message.stop_reason) == ("text", "end_turn")


def test_structured_output_is_parsed_into_a_model() -> None:
    async def conversation(client: anthropic.AsyncAnthropic) -> Verdict | None:
        parsed = await client.messages.parse(
            model="claude-simulated", max_tokens=200, messages=QUESTION, output_format=Verdict
        )
        return parsed.parsed_output

    assert talk(Behaviour(), conversation) is not None


def test_an_answer_that_is_too_long_is_cut() -> None:
    message = talk(Behaviour(), lambda client: ask(client, max_tokens=3))
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 3)


def test_models_are_listed() -> None:
    async def conversation(client: anthropic.AsyncAnthropic) -> list[str]:
        return [model.id async for model in client.models.list()]

    assert "judge-longer" in talk(Behaviour(), conversation)


def test_a_rate_limit_with_the_real_headers() -> None:
    async def conversation(client: anthropic.AsyncAnthropic) -> anthropic.RateLimitError:
        await ask(client)
        with pytest.raises(anthropic.RateLimitError) as caught:
            await ask(client)
        return caught.value

    error = talk(Behaviour.from_options(rpm=30, tpm=6000), conversation)
    headers = error.response.headers
    assert error.type == "rate_limit_error"
    assert "30 requests per minute" in error.message
    assert headers["retry-after"] == "2"
    assert headers["anthropic-ratelimit-requests-limit"] == "30"
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"]).tzinfo is not None
    assert headers["anthropic-ratelimit-tokens-limit"] == "6000"


def test_a_rate_limit_without_any_header() -> None:
    error = failure(Behaviour.from_options(faults=["429"], limit_headers=False))
    assert isinstance(error, anthropic.RateLimitError)
    assert not [name for name in error.response.headers if "retry" in name or "ratelimit" in name]


@pytest.mark.parametrize(
    ("fault", "kind", "status", "name"),
    [
        ("401", anthropic.AuthenticationError, 401, "authentication_error"),
        ("400", anthropic.BadRequestError, 400, "invalid_request_error"),
        ("404", anthropic.NotFoundError, 404, "not_found_error"),
        ("quota", anthropic.BadRequestError, 400, "invalid_request_error"),
        ("500", anthropic.InternalServerError, 500, "api_error"),
        ("529", anthropic.InternalServerError, 529, "overloaded_error"),
    ],
)
def test_each_fault_is_the_error_it_would_be(
    fault: str, kind: type[anthropic.APIStatusError], status: int, name: str
) -> None:
    error = failure(Behaviour.from_options(faults=[fault]))
    assert isinstance(error, kind)
    assert (error.status_code, error.type) == (status, name)
    assert isinstance(error.body, dict)
    assert error.body["request_id"] == error.request_id


def test_a_hanging_server_times_out() -> None:
    error = failure(Behaviour.from_options(faults=["hang"]), timeout=0.05)
    assert isinstance(error, anthropic.APITimeoutError)


def test_a_connection_is_cut() -> None:
    async def conversation(client: anthropic.AsyncAnthropic) -> None:
        for number in range(6):
            with pytest.raises(anthropic.APIConnectionError):
                await ask(client, messages=[{"role": "user", "content": f"Question {number}"}])

    talk(Behaviour.from_options(faults=["cut"]), conversation)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": ""}, "model: String should have at least 1 character"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "system", "content": "x"}]}, 'messages: Unexpected role "system"'),
        ({"messages": [{"role": "judge", "content": "x"}]}, 'messages: Unexpected role "judge"'),
        (
            {"messages": [{"role": "user", "content": ""}]},
            "messages.0: all messages must have non-empty content",
        ),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"extra_body": {"temperature": 1.5}}, "temperature: range: 0..1"),
        ({"extra_body": {"max_token": 5}}, "max_token: Extra inputs are not permitted"),
        ({"tools": [{"name": "judge"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found in provided tools"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            "'additionalProperties' must be explicitly set to false",
        ),
    ],
)
def test_a_request_that_breaks_the_rules_is_told_which(settings: dict[str, Any], message: str) -> None:
    error = failure(Behaviour(), **settings)
    assert isinstance(error, anthropic.BadRequestError)
    assert error.type == "invalid_request_error"
    assert message in error.message


def test_a_key_can_be_expected() -> None:
    expecting = Behaviour(key="sk-right")
    assert talk(expecting, ask, key="sk-right").content
    with pytest.raises(anthropic.AuthenticationError):
        talk(expecting, ask, key="sk-wrong")


def test_every_parameter_of_the_sdk_is_known() -> None:
    assert typing.get_type_hints(MessageCreateParamsNonStreaming).keys() <= PARAMETERS
