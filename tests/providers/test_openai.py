from __future__ import annotations

import pytest
from tests.providers.conversation import HELLO, KEYS, Reply, ask, openai_answer, talk

from lattice.core.errors import CallError, ErrorKind
from lattice.core.limits import Allowance, LimitHints
from lattice.core.models import AnswerSchema, Completion, Message, ModelRequest, ToolCall, Usage

SCHEMA = AnswerSchema(name="verdict", schema={"type": "object", "properties": {"score": {"type": "integer"}}})
JUDGED = ModelRequest(messages=HELLO.messages, answer=SCHEMA)


def completed(reply: Reply, request: ModelRequest = HELLO, **params: object) -> Completion:
    found, _ = talk([reply], lambda models: ask(models.model("openai/gpt-4o-mini", params), request))
    assert isinstance(found, Completion)
    return found


def refused(reply: Reply) -> CallError:
    with pytest.raises(CallError) as caught:
        completed(reply)
    return caught.value


def test_a_call_posts_the_model_the_messages_and_the_params_as_they_are_and_nothing_else() -> None:
    request = ModelRequest(messages=(Message(role="system", content="Be brief."), *HELLO.messages))
    params = {"max_tokens": 5, "metadata": {"a": [1, None]}}
    _, seen = talk([Reply(body=openai_answer())], lambda m: ask(m.model("openai/gpt-4o-mini", params), request))
    assert seen[0].path == "/v1/chat/completions"
    assert seen[0].headers["Authorization"] == f"Bearer {KEYS['OPENAI_API_KEY']}"
    assert seen[0].headers["Content-Type"] == "application/json"
    assert seen[0].body == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        **params,
    }


def test_organization_project_and_custom_headers_are_sent_as_the_sdk_sends_them() -> None:
    environ = {
        **KEYS,
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_PROJECT_ID": "proj-1",
        "OPENAI_CUSTOM_HEADERS": "X-Team: red\nno header",
    }
    _, seen = talk([Reply(body=openai_answer())], lambda m: ask(m.model("openai/gpt-4o-mini", {})), environ=environ)
    sent = [seen[0].headers.get(name) for name in ("OpenAI-Organization", "OpenAI-Project", "X-Team")]
    assert sent == ["org-1", "proj-1", "red"]


def test_an_answer_is_read_with_usage_cost_and_the_model_that_was_served() -> None:
    found = completed(Reply(body=openai_answer("Hi"), headers={"x-ratelimit-remaining-requests": "7"}))
    assert found.cost_usd == pytest.approx((12 * 0.15 + 3 * 0.6) / 1e6)
    assert found == Completion(
        text="Hi",
        model="gpt-4o-mini-2024-07-18",
        usage=Usage(input_tokens=12, output_tokens=3),
        cost_usd=found.cost_usd,
        finish_reason="stop",
        limits=LimitHints(requests=Allowance(remaining=7)),
    )


def test_cached_input_costs_less() -> None:
    answer = openai_answer()
    answer["usage"] = {
        "prompt_tokens": 1000,
        "completion_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 1000},
    }
    assert completed(Reply(body=answer)).cost_usd == pytest.approx(1000 * 0.075 / 1e6)


def test_an_empty_text_is_a_valid_answer() -> None:
    assert completed(Reply(body=openai_answer(""))).text == ""


def test_tool_calls_are_kept() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
    found = completed(Reply(body=openai_answer(None, "tool_calls", tool_calls=[call])))
    assert found.text == ""
    assert found.tool_calls == (ToolCall(name="find", arguments='{"q": 1}'),)


def test_content_in_parts_is_joined() -> None:
    answer = openai_answer()
    answer["choices"] = [
        {"message": {"content": [{"type": "thinking"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}
    ]
    assert completed(Reply(body=answer)).text == "ab"


def test_missing_usage_counts_as_none_spent() -> None:
    answer = openai_answer()
    del answer["usage"]
    assert completed(Reply(body=answer)).usage == Usage()


def test_lone_surrogates_travel_in_both_directions_without_harm() -> None:
    request = ModelRequest(messages=(Message(role="user", content="half \ud83d"),))
    found, seen = talk(
        [Reply(body=openai_answer("half \ud83d"))], lambda m: ask(m.model("openai/gpt-4o-mini", {}), request)
    )
    assert seen[0].body["messages"][0]["content"] == "half �"
    assert found.text == "half �"


def test_a_schema_is_asked_for_as_a_strict_response_format() -> None:
    _, seen = talk([Reply(body=openai_answer("{}"))], lambda m: ask(m.model("openai/gpt-4o-mini", {}), JUDGED))
    assert seen[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "verdict", "schema": dict(SCHEMA.schema), "strict": True},
    }


def test_a_response_format_of_ones_own_is_left_alone() -> None:
    own = {"type": "json_object"}
    _, seen = talk(
        [Reply(body=openai_answer("{}"))],
        lambda m: ask(m.model("openai/gpt-4o-mini", {"response_format": own}), JUDGED),
    )
    assert seen[0].body["response_format"] == own


def test_filtered_content_is_invalid_input_that_was_paid_for() -> None:
    error = refused(Reply(body=openai_answer("part", "content_filter")))
    assert error.kind is ErrorKind.INVALID_INPUT
    assert error.usage == Usage(input_tokens=12, output_tokens=3)
    assert error.cost_usd == pytest.approx(3.6e-6)


def test_a_refusal_is_invalid_input_and_says_why() -> None:
    error = refused(Reply(body=openai_answer(None, refusal="I can't\nhelp with that")))
    assert error.kind is ErrorKind.INVALID_INPUT
    assert error.message == "Content refused: I can't help with that"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>welcome</html>",
        b"",
        [],
        {},
        {"choices": []},
        {"choices": ["x"]},
        {"choices": [{"message": {"content": 5}}]},
        {"choices": [{"message": {"content": "x", "tool_calls": "y"}}]},
    ],
)
def test_an_answer_of_another_form_is_a_server_error(body: object) -> None:
    error = refused(Reply(body=body))
    assert error.kind is ErrorKind.SERVER_ERROR
    assert "is not the OpenAI API's JSON" in error.message


def test_an_error_within_a_success_is_classified_like_any_other() -> None:
    error = refused(Reply(body={"error": {"code": 429, "message": "slow down"}}))
    assert error.kind is ErrorKind.RATE_LIMIT


def test_a_refused_key_names_its_variable_and_not_the_key() -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {KEYS['OPENAI_API_KEY']}", "code": "invalid_api_key"}}
    error = refused(Reply(status=401, body=echo))
    assert error.kind is ErrorKind.AUTH
    assert "check OPENAI_API_KEY" in error.message
    assert "1234567890" not in error.message


def test_an_unknown_model_is_named_with_its_address() -> None:
    error = refused(Reply(status=404, body={"error": {"message": "no such model"}}))
    assert error.kind is ErrorKind.NOT_FOUND
    assert "'gpt-4o-mini' at http://127.0.0.1:" in error.message
    assert "/v1/chat/completions" in error.message
