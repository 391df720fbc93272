"""A provider that answers what a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from tests.wire.serving import serving
from yarl import URL

from lattice.core.evaluation import ProviderSettings
from lattice.core.models import Completion, Message, Model, ModelRequest
from lattice.providers import ModelFactory
from lattice.wire.session import open_session

T = TypeVar("T")
KEYS = {"OPENAI_API_KEY": "sk-test-1234567890", "ANTHROPIC_API_KEY": "sk-ant-test-1234567890"}
HELLO = ModelRequest(messages=(Message(role="user", content="Hello"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the provider answers."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the provider was sent."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


def openai_answer(text: str | None = "Hi", finish_reason: str = "stop", **message: object) -> dict[str, object]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


def anthropic_answer(*blocks: Mapping[str, object], stop_reason: str = "end_turn") -> dict[str, object]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": list(blocks),
        "stop_reason": stop_reason,
        "usage": {"input_tokens": 12, "output_tokens": 3},
    }


def talk(
    replies: Sequence[Reply],
    use: Callable[[ModelFactory], Any],
    *,
    environ: Mapping[str, str] = KEYS,
    providers: Callable[[URL], Mapping[str, ProviderSettings]] = lambda url: {},
) -> tuple[Any, list[Seen]]:
    """Give `use` a factory whose built-in providers, and those of `providers`, are one server with these replies."""
    seen: list[Seen] = []
    waiting = iter(replies)

    async def answer(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        seen.append(Seen(path=request.path, query=dict(request.query), headers=request.headers.copy(), body=body))
        reply = next(waiting)
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        return web.Response(status=reply.status, body=content, headers=dict(reply.headers))

    async def main() -> Any:
        async with serving(answer) as url:
            known = {"OPENAI_BASE_URL": f"{url}/v1", "ANTHROPIC_BASE_URL": str(url), **environ}
            async with open_session({}) as session, ModelFactory(session, providers(url), known) as models:
                return await use(models)

    return asyncio.run(main()), seen


async def ask(model: Model, request: ModelRequest = HELLO, timeout: float = 5.0) -> Completion:
    return await model.complete(request, timeout=timeout)
