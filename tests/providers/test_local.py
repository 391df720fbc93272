"""The real model. Needs its weights: ``lattice models pull smollm2``."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from lattice.core.errors import CallError, ErrorKind
from lattice.core.models import AnswerSchema, Completion, Message, ModelRequest
from lattice.providers import ModelFactory, local, weights
from lattice.wire.session import open_session

T = TypeVar("T")

needs_weights = pytest.mark.skipif(
    not weights.installed("smollm2") or not local.is_available(),
    reason="the local model is not here; run: lattice models pull smollm2 (and install the extra 'local')",
)
VERDICT = AnswerSchema(
    name="verdict",
    schema={
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "score": {"type": "integer", "enum": [1, 2, 3, 4, 5]}},
        "required": ["reasoning", "score"],
        "additionalProperties": False,
    },
)


def asking(text: str, answer: AnswerSchema | None = None) -> ModelRequest:
    return ModelRequest(messages=(Message(role="user", content=text),), answer=answer)


def with_models(use: Callable[[ModelFactory], Awaitable[T]]) -> T:
    async def main() -> T:
        proxies = {**os.environ, "HTTP_PROXY": "http://127.0.0.1:1"}  # which a local call must not go through
        async with open_session(proxies) as session, ModelFactory(session, {}, proxies) as models:
            return await use(models)

    return asyncio.run(main())


@needs_weights
def test_the_local_model_answers_judges_and_keeps_its_limits() -> None:
    async def use(models: ModelFactory) -> None:
        target = models.model("local/smollm2", {"max_tokens": 12, "temperature": 0})
        judge = models.model("local/smollm2", {"temperature": 0})
        answer = await target.complete(asking("What is the capital of France?"), timeout=60)
        assert answer.text
        assert answer.model == "smollm2"
        assert answer.finish_reason == "length"
        assert (answer.usage.output_tokens, answer.cost_usd) == (12, 0.0)
        await _two_at_once_always_parse(judge)
        with pytest.raises(CallError, match="context size") as too_long:
            await target.complete(asking("word " * 9000), timeout=60)
        assert too_long.value.kind is ErrorKind.INVALID_INPUT
        endless = models.model("local/smollm2", {"max_tokens": 3500, "ignore_eos": True})
        with pytest.raises(CallError) as late:
            await endless.complete(asking("Tell a long story."), timeout=0.2)
        assert late.value.kind is ErrorKind.TIMEOUT

    with_models(use)


async def _two_at_once_always_parse(judge: object) -> None:
    assert isinstance(judge, local.LocalModel)
    questions = ("Score this answer: Paris.", "Repeat the letter a forever.")
    verdicts: list[Completion] = await asyncio.gather(
        *(judge.complete(asking(question, VERDICT), timeout=60) for question in questions)
    )
    for verdict in verdicts:
        read = json.loads(verdict.text)
        assert read.keys() == {"reasoning", "score"}
        assert read["score"] in (1, 2, 3, 4, 5)


@needs_weights
def test_the_wait_policy_of_the_process_stays_as_it_was() -> None:
    before = os.environ.get("OMP_WAIT_POLICY")
    local.LocalServer("smollm2", os.environ)
    assert os.environ.get("OMP_WAIT_POLICY") == before


def test_free_texts_and_lists_of_a_schema_are_bounded() -> None:
    schema = {
        "type": "object",
        "properties": {
            "free": {"type": "string"},
            "short": {"type": "string", "maxLength": 5},
            "one": {"type": "string", "enum": ["a", "b"]},
            "many": {"type": "array", "items": {"type": "string"}},
        },
    }
    bounded = local.bounded(schema)["properties"]
    assert bounded["free"]["maxLength"] == local.LONGEST_TEXT
    assert bounded["short"]["maxLength"] == 5
    assert "maxLength" not in bounded["one"]
    assert bounded["many"]["maxItems"] == local.MOST_ITEMS
    assert bounded["many"]["items"]["maxLength"] == local.LONGEST_TEXT


@pytest.mark.skipif(not local.is_available(), reason="needs the extra 'local'")
def test_weights_that_cannot_be_loaded_are_said_without_their_path(tmp_path: object) -> None:
    async def main() -> None:
        environ = {"LATTICE_CACHE": str(tmp_path)}
        async with open_session({}) as session, ModelFactory(session, {}, environ) as models:
            with pytest.raises(CallError, match="lattice models pull smollm2") as caught:
                await models.model("local/smollm2", {}).complete(asking("hi"), timeout=5)
            assert caught.value.kind is ErrorKind.NOT_FOUND
            assert str(tmp_path) not in caught.value.message

    asyncio.run(main())
