"""A model with its prompt as a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any, Protocol

from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Message, Model, ModelRequest
from lattice.core.targets import DEFAULT_PROMPT, Role, TargetSettings
from lattice.core.trials import Response
from lattice.targets.rendering import TARGET_VARIABLES, is_plain_input, template_values
from lattice.wire.templates import Template, TemplateError

_TAG = re.compile(r"\{[{%#]")
_SYSTEM, _USER = Role.SYSTEM.value, Role.USER.value


class ModelSource(Protocol):
    """Where models come from (`lattice.providers.ModelFactory`)."""

    def model(self, spec: str, params: Mapping[str, Any]) -> Model:
        """The model that ``provider/model`` names, bound to its parameters."""


class ModelTarget:
    """Renders the prompt for an input and asks the model once.

    A message of ``{{ input }}`` alone is the input itself, a conversation message by message. In any other
    template a conversation is one text.

    Parameters
    ----------
    settings: name, and either system message and prompt or a whole conversation.
    model: what is asked.
    clock: seconds that only grow, for the latency.

    Raises
    ------
    TemplateError: a message is no valid template.
    """

    __slots__ = ("_clock", "_model", "_name", "_parts", "_plain")

    def __init__(self, settings: TargetSettings, model: Model, clock: Callable[[], float] = perf_counter) -> None:
        self._name = settings.name
        self._model = model
        self._clock = clock
        self._parts = tuple(_part(role, text) for role, text in _messages(settings) if text or role != _SYSTEM)
        self._plain = not any(isinstance(part, _Rendered) for part in self._parts)

    @property
    def name(self) -> str:
        return self._name

    @property
    def model(self) -> Model:
        return self._model

    @property
    def limit(self) -> LimitKey:
        return self._model.limit

    def rendered(self, input: Input) -> ModelRequest:
        """The conversation that is sent for an input.

        Raises
        ------
        CallError: of kind ``invalid_input``; a template asks for something that this input does not have.
        """
        values = {} if self._plain else template_values(input)
        try:
            messages = tuple(message for part in self._parts for message in part.messages(input, values))
        except TemplateError as error:
            raise CallError(ErrorKind.INVALID_INPUT, f"The prompt does not fit this input: {error}") from None
        return ModelRequest(messages=messages)

    async def answer(self, input: Input, *, timeout: float) -> Response:
        """Ask the model exactly once.

        Parameters
        ----------
        timeout: seconds for the whole call.

        Raises
        ------
        CallError: the prompt does not fit the input, or the call failed.
        """
        request = self.rendered(input)
        started = self._clock()
        completion = await self._model.complete(request, timeout=timeout)
        return Response(
            text=completion.text,
            latency=self._clock() - started,
            usage=completion.usage,
            cost_usd=completion.cost_usd,
            model=completion.model,
            finish_reason=completion.finish_reason,
            tool_calls=completion.tool_calls,
            limits=completion.limits,
        )


class _Part(Protocol):
    """One message of the configuration; gives the messages that are sent."""

    def messages(self, input: Input, values: Mapping[str, Any]) -> tuple[Message, ...]: ...


class _Fixed:
    """The same for every input."""

    __slots__ = ("_messages",)

    def __init__(self, role: str, text: str) -> None:
        self._messages = (Message(role=role, content=text),)

    def messages(self, input: Input, values: Mapping[str, Any]) -> tuple[Message, ...]:
        return self._messages


class _Rendered:
    """A template."""

    __slots__ = ("_role", "_template")

    def __init__(self, role: str, text: str) -> None:
        self._role = role
        self._template = Template(text, variables=TARGET_VARIABLES)

    def messages(self, input: Input, values: Mapping[str, Any]) -> tuple[Message, ...]:
        return (Message(role=self._role, content=self._template.render(values)),)


class _Whole:
    """The input itself."""

    __slots__ = ()

    def messages(self, input: Input, values: Mapping[str, Any]) -> tuple[Message, ...]:
        if isinstance(input.input, str):
            return (Message(role=_USER, content=input.input),)
        return input.input


def _messages(settings: TargetSettings) -> Iterator[tuple[str, str]]:
    """Role and text of each message that is configured."""
    if settings.messages is not None:
        yield from ((message.role.value, message.content) for message in settings.messages)
        return
    yield _SYSTEM, settings.system or ""
    yield _USER, settings.prompt if settings.prompt is not None else DEFAULT_PROMPT


def _part(role: str, text: str) -> _Part:
    if role == _USER and is_plain_input(text):
        return _Whole()
    return _Rendered(role, text) if _TAG.search(text) else _Fixed(role, text.removesuffix("\n"))
