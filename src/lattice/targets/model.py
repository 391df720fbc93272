"""A model with its prompt as a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Protocol

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import TargetSettings
from lattice.core.inputs import Input
from lattice.core.limits import LimitKey
from lattice.core.models import Message, Model, ModelRequest
from lattice.core.trials import Response
from lattice.targets.rendering import TARGET_VARIABLES, is_plain_input, template_values
from lattice.wire.templates import Template, TemplateError

_TAG = re.compile(r"\{[{%#]")


class ModelSource(Protocol):
    """Where models come from (`lattice.providers.ModelFactory`)."""

    def model(self, spec: str, params: Mapping[str, Any]) -> Model:
        """The model that ``provider/model`` names, bound to its parameters."""


class ModelTarget:
    """Renders the prompt for an input and asks the model once.

    A prompt of ``{{ input }}`` alone sends the input itself, a conversation message by message. In any other
    prompt a conversation is one text.

    Parameters
    ----------
    settings: name, system message and prompt.
    model: what is asked.
    clock: seconds that only grow, for the latency.

    Raises
    ------
    TemplateError: the system message or the prompt is no valid template.
    """

    __slots__ = ("_clock", "_fixed_system", "_model", "_name", "_prompt", "_system")

    def __init__(self, settings: TargetSettings, model: Model, clock: Callable[[], float] = perf_counter) -> None:
        self._name = settings.name
        self._model = model
        self._clock = clock
        self._prompt = None if is_plain_input(settings.prompt) else _compiled(settings.prompt)
        system = settings.system or ""
        self._system = _compiled(system) if _TAG.search(system) else None
        constant = "" if self._system else system.removesuffix("\n")
        self._fixed_system = (Message(role="system", content=constant),) if constant else ()

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
        if self._prompt is None and self._system is None:
            return ModelRequest(messages=self._fixed_system + _as_messages(input))
        values = template_values(input)
        try:
            system = self._system_messages(values)
            if self._prompt is None:
                return ModelRequest(messages=system + _as_messages(input))
            content = self._prompt.render(values)
        except TemplateError as error:
            raise CallError(ErrorKind.INVALID_INPUT, f"The prompt does not fit this input: {error}") from None
        return ModelRequest(messages=(*system, Message(role="user", content=content)))

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

    def _system_messages(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        if self._system is None:
            return self._fixed_system
        return (Message(role="system", content=self._system.render(values)),)


def _compiled(text: str) -> Template:
    return Template(text, variables=TARGET_VARIABLES)


def _as_messages(input: Input) -> tuple[Message, ...]:
    if isinstance(input.input, str):
        return (Message(role="user", content=input.input),)
    return input.input
