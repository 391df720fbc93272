from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, Message, ModelRequest, ToolCall, Usage
from lattice.core.targets import TargetSettings
from lattice.targets import Grounds, ModelTarget, build_target
from lattice.wire.templates import TemplateError

CONVERSATION = (
    Message(role="user", content="Hello"),
    Message(role="assistant", content="Hi"),
    Message(role="user", content="How are you?"),
)


class EchoModel:
    """Answers with what it was asked last."""

    name = "test/echo"
    limit = LimitKey(provider="test")
    priced = True

    def __init__(self) -> None:
        self.calls: list[tuple[ModelRequest, float]] = []

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        self.calls.append((request, timeout))
        return Completion(
            text=request.messages[-1].content,
            model="echo-1",
            usage=Usage(input_tokens=3, output_tokens=2),
            cost_usd=0.01,
            finish_reason="stop",
            tool_calls=(ToolCall(name="look", arguments="{}"),),
        )


class OneModel:
    """Gives the same model for every name, and remembers what was asked for."""

    def __init__(self) -> None:
        self.given = EchoModel()
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def model(self, spec: str, params: Mapping[str, Any]) -> EchoModel:
        self.asked.append((spec, params))
        return self.given


def grounds(models: OneModel) -> Grounds:
    """What a model target needs; it calls nothing but its model."""
    return Grounds(models=models, session=cast("aiohttp.ClientSession", None), environ={}, base=Path())


def target(**settings: Any) -> ModelTarget:
    built = build_target(TargetSettings(model="test/echo", **settings), grounds(OneModel()))
    assert isinstance(built, ModelTarget)
    return built


def one(text: str = "What is it?", **fields: Any) -> Input:
    return Input(position=1, id="1", input=text, **fields)


def sent(to: ModelTarget, input: Input) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in to.rendered(input).messages]


def test_the_default_prompt_sends_the_input_as_it_is() -> None:
    assert sent(target(), one("{{ metadata }} {% x\n")) == [("user", "{{ metadata }} {% x\n")]


@pytest.mark.parametrize("prompt", ["{{ input }}", "{{input}}\n", " {{- input -}} "])
def test_a_conversation_is_sent_message_by_message_when_the_prompt_is_the_input_alone(prompt: str) -> None:
    input = Input(position=1, id="1", input=CONVERSATION)
    assert target(prompt=prompt).rendered(input).messages == CONVERSATION
    assert sent(target(prompt=prompt, system="Be brief."), input)[0] == ("system", "Be brief.")
    assert sent(target(prompt=prompt, system="About {{ input }}"), input)[1:] == sent(target(), input)


def test_a_prompt_of_ones_own_gets_a_conversation_as_text() -> None:
    input = Input(position=1, id="1", input=CONVERSATION[:2])
    assert sent(target(prompt="Go on:\n{{ input }}"), input) == [
        ("user", "Go on:\nuser: Hello\n\nassistant: Hi"),
    ]


def test_context_and_metadata_are_filled_into_system_message_and_prompt() -> None:
    built = target(system="You know {{ metadata.product }}.", prompt="{{ context }}\n---\n{{ input }}")
    assert sent(built, one(context=("First.", "Second."), metadata={"product": "kettles"})) == [
        ("system", "You know kettles."),
        ("user", "First.\n\nSecond.\n---\nWhat is it?"),
    ]


def test_a_conversation_of_ones_own_shows_the_model_how() -> None:
    built = target(
        messages=[
            {"role": "system", "content": "You know {{ metadata.product }}."},
            {"role": "user", "content": "Is it {hot}?\n"},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": "{{ input }}"},
        ]
    )
    shown = [("system", "You know kettles."), ("user", "Is it {hot}?"), ("assistant", "Yes.")]
    assert sent(built, one(metadata={"product": "kettles"})) == [*shown, ("user", "What is it?")]
    conversation = Input(position=1, id="1", input=CONVERSATION, metadata={"product": "kettles"})
    assert sent(built, conversation) == [*shown, *((each.role, each.content) for each in CONVERSATION)]


def test_an_input_in_the_mouth_of_somebody_else_is_one_text() -> None:
    built = target(messages=[{"role": "user", "content": "Go on"}, {"role": "assistant", "content": "{{ input }}"}])
    assert sent(built, one("So"))[1] == ("assistant", "So")


def test_an_empty_system_message_is_not_sent() -> None:
    assert [role for role, _ in sent(target(system=""), one())] == ["user"]


def test_a_prompt_that_does_not_fit_an_input_is_invalid_input() -> None:
    with pytest.raises(CallError) as caught:
        target(prompt="{{ metadata.product }}").rendered(one())
    assert caught.value.kind is ErrorKind.INVALID_INPUT
    assert "product" in caught.value.message


@pytest.mark.parametrize("template", ["{{ reference }}", "{{ inptu }}", "{{ input", "{% include 'x' %}"])
def test_a_template_that_cannot_work_is_refused_before_any_call(template: str) -> None:
    with pytest.raises(TemplateError):
        target(prompt=template)
    with pytest.raises(TemplateError):
        target(system=template)


def test_the_answer_carries_everything_the_call_gave_and_its_latency() -> None:
    models = OneModel()
    clock: Iterator[float] = iter([10.0, 10.25])
    settings = TargetSettings(model="test/echo", params={"max_tokens": 5})
    built = build_target(settings, grounds(models), clock=lambda: next(clock))
    response = asyncio.run(built.answer(one(), timeout=7.0))
    assert (response.text, response.latency, response.cost_usd) == ("What is it?", 0.25, 0.01)
    assert (response.model, response.finish_reason, response.usage.total_tokens) == ("echo-1", "stop", 5)
    assert response.tool_calls[0].name == "look"
    assert models.asked == [("test/echo", {"max_tokens": 5})]
    assert [timeout for _, timeout in models.given.calls] == [7.0]
    assert (built.name, built.limit.provider) == ("echo", "test")


def test_a_failed_call_stays_the_failure_it_was() -> None:
    class Refusing(EchoModel):
        async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
            raise CallError(ErrorKind.QUOTA, "no money")

    with pytest.raises(CallError) as caught:
        asyncio.run(ModelTarget(TargetSettings(model="a/b"), Refusing()).answer(one(), timeout=1))
    assert caught.value.kind is ErrorKind.QUOTA
