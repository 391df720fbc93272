from __future__ import annotations

import json

import pytest
from tests.providers.conversation import HELLO, KEYS, Reply, anthropic_answer, ask, talk

from lattice.core.errors import CallError, ErrorKind
from lattice.core.models import AnswerSchema, Completion, Message, ModelRequest, ToolCall, Usage

SPEC = "anthropic/claude-sonnet-4-5"
SCHEMA = AnswerSchema(name="verdict", schema={"type": "object", "properties": {"score": {"type": "integer"}}})
JUDGED = ModelRequest(messages=HELLO.messages, answer=SCHEMA)
TEXT = {"type": "text", "text": "Hi"}


def completed(reply: Reply, request: ModelRequest = HELLO) -> Completion:
    found, _ = talk([reply], lambda models: ask(models.model(SPEC, {}), request))
    assert isinstance(found, Completion)
    return found


def refused(reply: Reply) -> CallError:
    with pytest.raises(CallError) as caught:
        completed(reply)
    return caught.value


def test_system_messages_move_and_max_tokens_is_always_sent() -> None:
    request = ModelRequest(messages=(Message(role="system", content="Be brief."), *HELLO.messages))
    _, seen = talk([Reply(body=anthropic_answer(TEXT))], lambda m: ask(m.model(SPEC, {"top_k": 3}), request))
    assert seen[0].path == "/v1/messages"
    assert seen[0].headers["x-api-key"] == KEYS["ANTHROPIC_API_KEY"]
    assert seen[0].headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in seen[0].headers
    assert seen[0].body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 4096,
        "top_k": 3,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
    }


def test_an_auth_token_is_sent_as_a_bearer() -> None:
    _, seen = talk(
        [Reply(body=anthropic_answer(TEXT))],
        lambda m: ask(m.model(SPEC, {})),
        environ={"ANTHROPIC_AUTH_TOKEN": "token-1234567890"},
    )
    assert seen[0].headers["Authorization"] == "Bearer token-1234567890"
    assert "x-api-key" not in seen[0].headers


def test_an_answer_is_read() -> None:
    found = completed(Reply(body=anthropic_answer({"type": "thinking", "thinking": "…"}, TEXT, TEXT)))
    assert found.text == "HiHi"
    assert found.model == "claude-sonnet-4-5-20250929"
    assert found.finish_reason == "end_turn"
    assert found.usage == Usage(input_tokens=12, output_tokens=3)
    assert found.cost_usd == pytest.approx((12 * 3 + 3 * 15) / 1e6)


def test_cached_tokens_are_part_of_the_input_and_have_their_own_price() -> None:
    answer = anthropic_answer(TEXT)
    answer["usage"] = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 1000,
        "output_tokens": 0,
    }
    found = completed(Reply(body=answer))
    assert found.usage == Usage(input_tokens=1110)
    assert found.cost_usd == pytest.approx((10 * 3 + 100 * 0.3 + 1000 * 3.75) / 1e6)


def test_a_schema_is_asked_for_by_a_forced_tool_whose_input_is_the_answer() -> None:
    tool = {"type": "tool_use", "id": "t", "name": "verdict", "input": {"score": 4}}
    found, seen = talk(
        [Reply(body=anthropic_answer(TEXT, tool, stop_reason="tool_use"))],
        lambda m: ask(m.model(SPEC, {}), JUDGED),
    )
    assert seen[0].body["tool_choice"] == {"type": "tool", "name": "verdict"}
    assert seen[0].body["tools"][0]["input_schema"] == SCHEMA.schema
    assert json.loads(found.text) == {"score": 4}
    assert found.tool_calls == ()


def test_a_model_that_answers_in_text_although_a_tool_was_forced_is_read_too() -> None:
    assert completed(Reply(body=anthropic_answer(TEXT)), JUDGED).text == "Hi"


def test_tools_of_ones_own_are_left_alone_and_their_calls_kept() -> None:
    own = [{"name": "find", "input_schema": {"type": "object"}}]
    tool = {"type": "tool_use", "id": "t", "name": "find", "input": {"q": "ü"}}
    found, seen = talk(
        [Reply(body=anthropic_answer(tool, stop_reason="tool_use"))],
        lambda m: ask(m.model(SPEC, {"tools": own}), JUDGED),
    )
    assert seen[0].body["tools"] == own
    assert "tool_choice" not in seen[0].body
    assert found.tool_calls == (ToolCall(name="find", arguments='{"q":"ü"}'),)


def test_a_refusal_is_invalid_input_that_was_paid_for() -> None:
    error = refused(Reply(body=anthropic_answer(stop_reason="refusal")))
    assert error.kind is ErrorKind.INVALID_INPUT
    assert error.usage == Usage(input_tokens=12, output_tokens=3)


def test_a_low_balance_is_a_quota() -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}
    assert refused(Reply(status=400, body=body)).kind is ErrorKind.QUOTA


def test_an_overloaded_provider_is_waited_for() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    error = refused(Reply(status=529, body=body, headers={"retry-after": "2"}))
    assert (error.kind, error.retry_after) == (ErrorKind.RATE_LIMIT, 2.0)


@pytest.mark.parametrize("body", [b"hello", {}, {"type": "message"}, {"content": "x"}, {"content": [1]}])
def test_an_answer_of_another_form_is_a_server_error(body: object) -> None:
    error = refused(Reply(body=body))
    assert error.kind is ErrorKind.SERVER_ERROR
    assert "is not the Anthropic API's JSON" in error.message
