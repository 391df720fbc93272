"""Servers that tests talk to, each in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, Self, TypeVar

import orjson
from aiohttp import web

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.server import SimulatorServer

Server = TypeVar("Server")


class InThread(Generic[Server]):
    """An asynchronous context manager that is entered, and left again, in a thread of its own."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[Server]]) -> None:
        self._make = make
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._server: Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="test-server")

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with self._make() as self._server:
                self._ready.set()
                await self._end.wait()
        finally:
            self._ready.set()

    def __enter__(self) -> Server:
        self._thread.start()
        self._ready.wait()
        assert self._server is not None, "the server did not start"
        return self._server

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


def simulator(behaviour: Behaviour | None = None) -> InThread[SimulatorServer]:
    """The simulator; its counters may be read from the test's thread."""
    return InThread(lambda: SimulatorServer(behaviour or Behaviour()))


class Provider:
    """A provider in the OpenAI format that says what it is told to.

    Parameters
    ----------
    say: the answer's text, from the model's name and the last message.
    """

    def __init__(self, say: Callable[[str, str], str]) -> None:
        self._say = say
        self._runner: web.AppRunner | None = None
        self.calls = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        body = orjson.loads(await request.read())
        text = self._say(body["model"], body["messages"][-1]["content"])
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "@"}}
        answer = orjson.dumps(
            {
                "id": "answer",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [choice],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
        )
        # By hand, since a lone surrogate is what JSON can escape and UTF-8 cannot hold.
        return web.Response(body=answer.replace(b'"@"', json_text(text)), content_type="application/json")


def json_text(text: str) -> bytes:
    """A text of any kind as JSON in ASCII."""
    import json

    return json.dumps(text).encode()
