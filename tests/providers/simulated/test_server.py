"""The server itself: bodies on the wire, counters, connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import orjson
import pytest

from lattice.core.errors import UsageError
from lattice.core.models import Message, ModelRequest
from lattice.providers.simulated import SimulatedModel
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.openai_format import duration
from lattice.providers.simulated.server import LARGEST_BODY, SimulatorServer

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
VERSION = {"anthropic-version": "2023-06-01"}


def chat(text: str, model: str = "assistant") -> bytes:
    return orjson.dumps({"model": model, "messages": [{"role": "user", "content": text}]})


def message(text: str, model: str = "assistant") -> bytes:
    return orjson.dumps({"model": model, "max_tokens": 500, "messages": [{"role": "user", "content": text}]})


def converse(
    behaviour: Behaviour, conversation: Callable[[SimulatorServer, aiohttp.ClientSession], Awaitable[None]]
) -> None:
    async def main() -> None:
        async with SimulatorServer(behaviour) as server, aiohttp.ClientSession(server.url) as session:
            await conversation(server, session)

    asyncio.run(main())


async def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


async def post(
    session: aiohttp.ClientSession, path: str, body: bytes | BytesIO, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    async with session.post(path, data=body, headers=headers) as response:
        assert response.content_type == "application/json"
        return response.status, orjson.loads(await response.read())


def test_both_faces_and_the_model_in_process_give_the_same_answer() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        question = "May a customer return a damaged lamp?"
        _, openai = await post(session, CHAT, chat(question))
        _, anthropic = await post(session, MESSAGES, message(question), VERSION)
        model = SimulatedModel("sim/assistant", {"seed": 7})
        request = ModelRequest(messages=(Message(role="user", content=question),))
        completion = await model.complete(request, timeout=1.0)
        assert openai["choices"][0]["message"]["content"] == completion.text
        assert anthropic["content"][0]["text"] == completion.text
        assert anthropic["usage"]["input_tokens"] == completion.usage.input_tokens

    converse(Behaviour(seed=7), conversation)


def test_the_same_request_gets_the_same_bytes() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        assert await post(session, CHAT, chat("Why?")) == await post(session, CHAT, chat("Why?"))

    converse(Behaviour(), conversation)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"text"'])
def test_a_body_that_is_no_json_object_is_refused_in_the_shape_of_the_api(body: bytes) -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, openai = await post(session, CHAT, body)
        assert status == 400
        assert openai["error"].keys() == {"message", "type", "param", "code"}
        status, anthropic = await post(session, MESSAGES, body, VERSION)
        assert status == 400
        assert anthropic["type"] == "error"
        assert anthropic["error"].keys() == {"type", "message"}
        assert server.counters.invalid == 2

    converse(Behaviour(), conversation)


def test_a_body_that_is_too_large_is_refused() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, body = await post(session, CHAT, BytesIO(b" " * (LARGEST_BODY + 1)))
        assert (status, body["error"]["code"]) == (413, "request_too_large")
        status, body = await post(session, MESSAGES, BytesIO(b" " * (LARGEST_BODY + 1)), VERSION)
        assert (status, body["error"]["type"]) == (413, "request_too_large")

    converse(Behaviour(), conversation)


def test_a_megabyte_is_not_too_large() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, body = await post(session, CHAT, BytesIO(chat("x" * 2**20, model="echo")))
        assert status == 200
        assert len(body["choices"][0]["message"]["content"]) == 2**20

    converse(Behaviour(), conversation)


def test_messages_without_a_version_are_refused() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, body = await post(session, MESSAGES, message("Why?"))
        assert (status, body["error"]["message"]) == (400, "anthropic-version: header is required")

    converse(Behaviour(), conversation)


@pytest.mark.parametrize("name", ["model", "max_tokens", "messages"])
def test_messages_need_their_fields(name: str) -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        body = {key: value for key, value in orjson.loads(message("Why?")).items() if key != name}
        status, answer = await post(session, MESSAGES, orjson.dumps(body), VERSION)
        assert (status, answer["error"]["message"]) == (400, f"{name}: Field required")

    converse(Behaviour(), conversation)


def test_chat_completions_need_their_fields() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, answer = await post(session, CHAT, b'{"model": "echo"}')
        assert (status, answer["error"]["param"]) == (400, "messages")
        status, answer = await post(session, CHAT, b'{"messages": []}')
        assert (status, answer["error"]["message"]) == (400, "you must provide a model parameter")

    converse(Behaviour(), conversation)


def test_an_unknown_address_is_not_found() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        status, body = await post(session, "/v1/embeddings", b"{}")
        assert (status, body["error"]["message"]) == (404, "Invalid URL (POST /v1/embeddings)")
        status, body = await post(session, "/v1/complete", b"{}", VERSION)
        assert (status, body["error"]["type"]) == (404, "not_found_error")

    converse(Behaviour(), conversation)


def test_counters_are_served_and_can_be_cleared() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        for text in ("one", "two", "two"):
            await post(session, CHAT, chat(text))
        async with session.get("/_simulator/counters") as response:
            counters = await response.json()
        assert counters == server.counters.document()
        assert counters["by_path"] == {CHAT: 3}
        assert counters["answered"] == {"target": 3, "judge": 0}
        assert (counters["contents"], counters["paid_again"], counters["in_flight"]) == (2, 1, 0)
        async with session.get("/_simulator/contents") as response:
            contents = await response.json()
        assert [(entry["text"], entry["paid"]) for entry in contents] == [("one", 1), ("two", 2)]
        async with session.delete("/_simulator/counters") as response:
            assert (await response.json())["requests"] == 0

    converse(Behaviour(), conversation)


def test_the_most_requests_at_once_are_counted() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        hanging = [asyncio.create_task(post(session, CHAT, chat(f"question {n}"))) for n in range(8)]
        await eventually(lambda: server.counters.in_flight == 8)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await eventually(lambda: server.counters.in_flight == 0)
        assert server.counters.max_in_flight == 8

    converse(Behaviour.from_options(faults=["hang"]), conversation)


def test_a_cut_comes_before_the_response_or_within_it() -> None:
    async def conversation(server: SimulatorServer, session: aiohttp.ClientSession) -> None:
        seen: set[type[Exception]] = set()
        for number in range(16):
            with pytest.raises(aiohttp.ClientError) as caught:
                await post(session, CHAT, chat(f"question {number}"))
            seen.add(type(caught.value))
        assert aiohttp.ClientPayloadError in seen
        assert len(seen) >= 2

    converse(Behaviour.from_options(faults=["cut"]), conversation)


def test_requests_that_hang_do_not_keep_the_server_from_stopping() -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            async with SimulatorServer(Behaviour.from_options(faults=["hang"])) as server:
                hanging = asyncio.create_task(session.post(server.url + CHAT, data=chat("Why?")))
                await eventually(lambda: server.counters.in_flight == 1)
            with pytest.raises(aiohttp.ClientError):
                await hanging

    asyncio.run(asyncio.wait_for(main(), 20))


def test_an_address_that_is_taken_is_said() -> None:
    async def main() -> None:
        async with SimulatorServer() as first:
            port = int(first.url.rpartition(":")[2])
            with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
                await SimulatorServer(port=port).__aenter__()

    asyncio.run(main())


def test_limits_follow_the_clock_that_is_given() -> None:
    now = 1_800_000_000.0

    async def main() -> None:
        nonlocal now
        async with (
            SimulatorServer(Behaviour.from_options(rpm=60), clock=lambda: now) as server,
            aiohttp.ClientSession(server.url) as session,
        ):
            assert (await post(session, CHAT, chat("one")))[0] == 200
            assert (await post(session, CHAT, chat("two")))[0] == 429
            now += 1.0
            assert (await post(session, CHAT, chat("two")))[0] == 200
            assert server.counters.refused == 1
            now += 1.0
            async with session.post(MESSAGES, data=message("three"), headers=VERSION) as response:
                assert response.headers["anthropic-ratelimit-requests-reset"] == "2027-01-15T08:00:03Z"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.012, "12ms"),
        (1.0, "1s"),
        (1.5, "1.5s"),
        (72.5, "1m12.5s"),
        (360.0, "6m0s"),
        (3661, "1h1m1s"),
    ],
)
def test_durations_are_written_as_the_api_writes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
