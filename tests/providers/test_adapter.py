from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from aiohttp import web
from tests.providers.conversation import HELLO, KEYS, Reply, ask, openai_answer, talk
from tests.wire.serving import serving
from yarl import URL

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import PriceSettings, ProviderSettings
from lattice.core.models import AnswerSchema, Completion, ModelRequest
from lattice.providers import ModelFactory
from lattice.wire.session import open_session

JUDGED = ModelRequest(messages=HELLO.messages, answer=AnswerSchema(name="verdict", schema={"type": "object"}))
NO_FORMAT = Reply(status=400, body={"error": {"message": "response_format is not supported", "code": None}})
OK = Reply(body=openai_answer("{}"))


def mine(url: URL) -> Mapping[str, ProviderSettings]:
    return {"mine": ProviderSettings(base_url=f"{url}/api/", prices={"m/1": PriceSettings(input=2, output=10)})}


def test_a_server_without_structured_output_is_asked_in_plain_text_and_that_is_remembered() -> None:
    async def use(models: ModelFactory) -> list[str]:
        model = models.model("mine/m/1", {})
        return [(await ask(model, JUDGED)).text for _ in range(2)]

    texts, seen = talk([NO_FORMAT, OK, OK], use, providers=mine)
    assert texts == ["{}", "{}"]
    assert ["response_format" in call.body for call in seen] == [True, False, False]


def test_another_refusal_is_not_asked_again() -> None:
    too_long = Reply(
        status=400, body={"error": {"message": "maximum context length is 10 (8 in messages, 4 in tools)"}}
    )
    with pytest.raises(CallError) as caught:
        talk([too_long], lambda m: ask(m.model("mine/m/1", {}), JUDGED), providers=mine)
    assert caught.value.kind is ErrorKind.INVALID_INPUT


def test_a_request_without_a_schema_is_never_sent_twice() -> None:
    with pytest.raises(CallError):
        talk([NO_FORMAT], lambda m: ask(m.model("mine/m/1", {})), providers=mine)


@pytest.mark.parametrize("status", [429, 500, 503, 401, 404, 400])
def test_nothing_is_retried(status: int) -> None:
    seen: list[int] = []

    def use(models: ModelFactory) -> object:
        seen.append(1)
        return ask(models.model("mine/m/1", {}), JUDGED)

    with pytest.raises(CallError):
        talk([Reply(status=status, body={})], use, providers=mine)
    assert seen == [1]


def test_a_configured_provider_has_no_key_unless_one_is_named_and_its_own_prices() -> None:
    found, seen = talk([OK], lambda m: ask(m.model("mine/m/1", {})), providers=mine)
    assert isinstance(found, Completion)
    assert seen[0].path == "/api/chat/completions"
    assert "Authorization" not in seen[0].headers
    assert seen[0].body["model"] == "m/1"
    assert found.cost_usd == pytest.approx((12 * 2 + 3 * 10) / 1e6)


def test_headers_and_query_of_a_configured_provider_are_filled_in_from_the_environment() -> None:
    def azure(url: URL) -> Mapping[str, ProviderSettings]:
        return {
            "azure": ProviderSettings(
                base_url=f"{url}/deployments/x?tier=1",
                headers={"api-key": "${AZURE_KEY}"},
                query={"api-version": "2024-10-21"},
            )
        }

    def use(models: ModelFactory) -> object:
        model = models.model("azure/gpt", {})
        assert not model.priced
        return ask(model)

    found, seen = talk([OK], use, environ={"AZURE_KEY": "azure-key-123456"}, providers=azure)
    assert seen[0].headers["api-key"] == "azure-key-123456"
    assert seen[0].query == {"api-version": "2024-10-21", "tier": "1"}
    assert found.cost_usd is None


def test_an_anthropic_server_of_ones_own() -> None:
    def own(url: URL) -> Mapping[str, ProviderSettings]:
        return {"own": ProviderSettings(protocol="anthropic", base_url=str(url), api_key_env="OWN_KEY")}

    body = {"type": "message", "content": [{"type": "text", "text": "Hi"}]}
    found, seen = talk(
        [Reply(body=body)], lambda m: ask(m.model("own/x", {})), environ={"OWN_KEY": "own-key"}, providers=own
    )
    assert found.text == "Hi"
    assert (seen[0].path, seen[0].headers["x-api-key"]) == ("/v1/messages", "own-key")


def test_a_secret_header_that_the_server_echoes_is_masked() -> None:
    def own(url: URL) -> Mapping[str, ProviderSettings]:
        return {"own": ProviderSettings(base_url=str(url), headers={"X-Token": "${TOKEN}"})}

    echo = Reply(status=403, body={"detail": "token hunter2hunter2 has no access"})
    with pytest.raises(CallError) as caught:
        talk([echo], lambda m: ask(m.model("own/x", {})), environ={"TOKEN": "hunter2hunter2"}, providers=own)
    assert "hunter2hunter2" not in caught.value.message
    assert "providers.own.api_key_env" in caught.value.message


def test_the_fallback_shares_the_timeout_of_its_call() -> None:
    async def main() -> None:
        calls = 0

        async def answer(request: web.Request) -> web.Response:
            nonlocal calls
            calls += 1
            if calls > 1:
                await asyncio.Event().wait()
            return web.json_response({"error": "json_schema is unknown"}, status=400)

        async with (
            serving(answer) as url,
            open_session({}) as session,
            ModelFactory(session, mine(url), KEYS) as models,
        ):
            with pytest.raises(CallError, match=r"^Timeout after 0.2s$"):
                await ask(models.model("mine/m/1", {}), JUDGED, timeout=0.2)
        assert calls == 2

    asyncio.run(main())


def test_many_calls_at_once_share_one_model() -> None:
    async def use(models: ModelFactory) -> list[Completion]:
        model = models.model("openai/gpt-4o-mini", {})
        return await asyncio.gather(*(ask(model) for _ in range(50)))

    found, seen = talk([OK] * 50, use)
    assert len(found) == len(seen) == 50
