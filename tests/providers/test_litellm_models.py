from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from tests.providers.conversation import HELLO, Reply, ask, openai_answer, talk
from yarl import URL

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.core.limits import LimitKey
from lattice.core.models import AnswerSchema, Completion, Model, ModelRequest, ToolCall, Usage
from lattice.providers import ModelFactory, check_model, is_priced, litellm_library
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.server import SimulatorServer
from lattice.wire.session import open_session

KEY = "sk-test-1234567890"
KEYS = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "HOSTED_VLLM_API_KEY": KEY, "MISTRAL_API_KEY": KEY}
SCHEMA = AnswerSchema(name="verdict", schema={"type": "object", "properties": {"score": {"type": "integer"}}})
JUDGED = ModelRequest(messages=HELLO.messages, answer=SCHEMA)
# The ways the library reaches servers: an SDK, and its own connections with two wire formats.
ROUTES = ("openai/gpt-4o-mini", "hosted_vllm/gpt-4o-mini", "anthropic/claude-sonnet-4-5")


def simulated(route: str, faults: Sequence[str] = (), *, timeout: float = 20.0) -> tuple[Completion | CallError, int]:
    """What one call through the library gives, and how many requests reached the simulator."""

    async def main() -> tuple[Completion | CallError, int]:
        async with SimulatorServer(Behaviour.from_options(faults=faults, limit_headers=True)) as server:
            base = server.url if route.startswith("anthropic") else server.openai_url
            async with open_session({}) as session, ModelFactory(session, {}, KEYS) as models:
                model = models.model(f"litellm/{route}", {"api_base": base})
                try:
                    return await ask(model, timeout=timeout), server.counters.requests
                except CallError as error:
                    return error, server.counters.requests

    return asyncio.run(main())


def completed(reply: Reply, *replies: Reply, request: ModelRequest = HELLO, **params: object) -> Completion:
    found, seen = told([reply, *replies], request, params)
    assert isinstance(found, Completion)
    assert len(seen) == 1 + len(replies)
    return found


def told(
    replies: Sequence[Reply], request: ModelRequest = HELLO, params: Mapping[str, object] | None = None
) -> tuple[object, list[Mapping[str, object]]]:
    """What a provider with these replies gives, or the failure, and the bodies it was sent."""
    bases: list[URL] = []

    def note(url: URL) -> Mapping[str, ProviderSettings]:
        bases.append(url)
        return {}

    async def use(models: ModelFactory) -> object:
        model = models.model("litellm/hosted_vllm/gpt-4o-mini", {"api_base": f"{bases[0]}/v1", **(params or {})})
        try:
            return await ask(model, request)
        except CallError as error:
            return error

    found, seen = talk(replies, use, environ=KEYS, providers=note)
    return found, [call.body for call in seen]


def model(spec: str, environ: Mapping[str, str] = KEYS) -> Model:
    async def main() -> Model:
        async with open_session({}) as session, ModelFactory(session, {}, environ) as models:
            return models.model(spec, {})

    return asyncio.run(main())


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_comes_with_usage_and_the_model_that_was_served(route: str) -> None:
    found, requests = simulated(route)
    assert isinstance(found, Completion)
    assert found.text
    assert found.model is not None
    assert route.partition("/")[2] in found.model
    assert found.usage.input_tokens > 0
    assert found.usage.output_tokens > 0
    assert found.finish_reason == "stop"
    assert requests == 1


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", ErrorKind.AUTH),
        ("404", ErrorKind.NOT_FOUND),
        ("400", ErrorKind.INVALID_INPUT),
        ("quota", ErrorKind.QUOTA),
        ("429", ErrorKind.RATE_LIMIT),
        ("500", ErrorKind.SERVER_ERROR),
    ],
)
def test_a_failure_has_its_kind_after_one_call_and_shows_no_key(route: str, fault: str, kind: ErrorKind) -> None:
    error, requests = simulated(route, [fault])
    assert isinstance(error, CallError)
    assert (error.kind, requests) == (kind, 1)
    assert KEY not in error.message
    assert "litellm." not in error.message


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_that_hangs_is_left_after_the_timeout(route: str) -> None:
    error, requests = simulated(route, ["hang"], timeout=0.3)
    assert isinstance(error, CallError)
    assert (error.kind, error.message, requests) == (ErrorKind.TIMEOUT, "Timeout after 0.3s", 1)


@pytest.mark.parametrize("route", ROUTES)
def test_a_call_whose_connection_is_cut_is_not_made_again_by_the_library(route: str) -> None:
    error, requests = simulated(route, ["cut"])
    assert isinstance(error, CallError)
    assert error.kind.is_transient
    assert requests == 1


def test_a_connection_that_closes_without_an_answer_is_not_made_again_by_the_library() -> None:
    made: list[int] = []

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(len(await reader.readuntil(b"\r\n\r\n")))
        writer.close()
        await writer.wait_closed()

    async def main() -> CallError:
        async with (
            await asyncio.start_server(close, "127.0.0.1", 0) as server,
            open_session({}) as session,
            ModelFactory(session, {}, KEYS) as models,
        ):
            base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            with pytest.raises(CallError) as caught:
                await ask(models.model("litellm/hosted_vllm/x", {"api_base": base}))
            return caught.value

    assert asyncio.run(main()).kind.is_transient
    assert len(made) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_a_provider_asks_for_is_passed_on(status: int) -> None:
    error, seen = told([Reply(status=status, body={"error": {"message": "slow down"}}, headers={"retry-after": "7"})])
    assert isinstance(error, CallError)
    assert error.retry_after == 7
    assert len(seen) == 1


def test_a_refused_key_names_the_variable_to_check() -> None:
    error, _ = told([Reply(status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}})])
    assert isinstance(error, CallError)
    assert "HOSTED_VLLM_API_KEY" in error.message
    assert KEY not in error.message


def test_a_connection_that_cannot_be_made_is_a_connection_failure() -> None:
    async def main() -> CallError:
        async with open_session({}) as session, ModelFactory(session, {}, KEYS) as models:
            with pytest.raises(CallError) as caught:
                await ask(models.model("litellm/openai/x", {"api_base": "http://127.0.0.1:9/v1"}))
            return caught.value

    assert asyncio.run(main()).kind in (ErrorKind.CONNECTION, ErrorKind.SERVER_ERROR)


def test_messages_and_params_are_passed_as_they_are() -> None:
    _, seen = told([Reply(body=openai_answer())], params={"max_tokens": 5, "temperature": 0.5})
    assert seen == [
        {
            "model": "gpt-4o-mini",
            "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 5,
            "temperature": 0.5,
        }
    ]


def test_usage_and_tool_calls_are_read() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
    found = completed(Reply(body=openai_answer(None, "tool_calls", tool_calls=[call])))
    assert found.tool_calls == (ToolCall(name="find", arguments='{"q": 1}'),)
    assert found.usage == Usage(input_tokens=12, output_tokens=3)
    assert found.finish_reason == "tool_calls"


def test_a_provider_without_structured_output_is_asked_once_more_in_plain_text() -> None:
    refusal = Reply(status=400, body={"error": {"message": "response_format is not supported"}})
    found, seen = told([refusal, Reply(body=openai_answer("{}"))], JUDGED)
    assert isinstance(found, Completion)
    assert ["response_format" in body for body in seen] == [True, False]


def test_a_filtered_answer_is_a_refusal_that_was_paid_for() -> None:
    error, _ = told([Reply(body=openai_answer("", "content_filter"))])
    assert isinstance(error, CallError)
    assert error.kind is ErrorKind.INVALID_INPUT
    assert error.usage == Usage(input_tokens=12, output_tokens=3)


def test_limits_are_kept_by_provider_account_and_model() -> None:
    found = model("litellm/mistral/mistral-small-latest")
    assert found.name == "litellm/mistral/mistral-small-latest"
    assert found.limit == LimitKey(
        provider="litellm:mistral", account=found.limit.account, model="mistral-small-latest"
    )
    assert found.limit.account
    assert KEY not in repr(found.limit)
    other = {**KEYS, "MISTRAL_API_KEY": "another-key-12345"}
    assert model("litellm/mistral/mistral-small-latest", other).limit.account != found.limit.account


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("litellm/gemini/gemini-2.5-flash", True),
        ("litellm/bedrock/anthropic.claude-3-haiku-20240307-v1:0", True),
        ("litellm/mistral/mistral-small-latest", True),
        ("litellm/hosted_vllm/nobody-knows-this", False),
    ],
)
def test_prices_come_from_a_list_or_are_unknown(spec: str, known: bool) -> None:
    assert is_priced(spec, {}) is known


def test_what_only_the_library_lists_costs_what_the_library_says() -> None:
    price = litellm_library.library_price("openai/gpt-4o-mini")
    assert price is not None
    assert price(Usage(input_tokens=1_000_000, output_tokens=1_000_000), 0, 0) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("litellm/gemini/gemini-2.5-flash", "GEMINI_API_KEY or GOOGLE_API_KEY is not set"),
        ("litellm/groq/x", "GROQ_API_KEY is not set"),
        ("litellm/mistrall/x", "did you mean 'mistral'?"),
        ("litellm/mistral", "litellm/PROVIDER/MODEL"),
        ("litellm/", "names no model"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_spent(spec: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    problems = [str(problem) for problem in check_model(spec, {}, {}, {})]
    assert len(problems) == 1
    assert words in problems[0]


@pytest.mark.parametrize("spec", ["litellm/bedrock/x", "litellm/vertex_ai/gemini-2.5-pro"])
def test_clouds_that_know_other_ways_to_sign_in_need_no_variable(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_library, "is_installed", lambda module: True)
    assert check_model(spec, {}, {}, {}) == []


def test_a_module_that_a_cloud_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_library, "is_installed", lambda module: module == "litellm")
    problem = str(check_model("litellm/bedrock/x", {}, {}, {})[0])
    assert "'boto3'" in problem
    assert "pip install 'lattice-evals[providers]'" in problem


@pytest.mark.parametrize("name", ["num_retries", "timeout", "fallbacks"])
def test_retries_timeouts_and_fallbacks_cannot_be_set_behind_lattice(name: str) -> None:
    assert f"params.{name} is set by Lattice" in str(check_model("litellm/mistral/x", {name: 3}, {}, KEYS)[0])


def test_without_the_extra_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_library, "is_available", lambda: False)
    litellm_library.load.cache_clear()
    problems = check_model("litellm/mistral/x", {}, {}, KEYS)
    assert "pip install 'lattice-evals[providers]'" in str(problems[0])
    with pytest.raises(UsageError):
        litellm_library.load()
