"""``sim/NAME``: a simulated model in process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import NoReturn

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, ModelRequest
from lattice.providers.simulated.answers import Answer
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.forms import Forms
from lattice.providers.simulated.ledger import Ledger
from lattice.providers.simulated.personas import NAMED, persona_of
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.simulation import Outcome, Simulation

PROVIDER = "sim"

SAMPLING = frozenset({"temperature", "top_p", "top_k", "stop"})
"""Parameters of real models that a simulated one takes and has no use for."""

_FAILURES = {
    Fault.AUTH: (ErrorKind.AUTH, "Authentication failed: the simulator was told to refuse every key"),
    Fault.NOT_FOUND: (ErrorKind.NOT_FOUND, "The simulator was told not to know this model"),
    Fault.QUOTA: (ErrorKind.QUOTA, "Quota exhausted, as the simulator was told"),
    Fault.INVALID: (ErrorKind.INVALID_INPUT, "Invalid input: the simulator was told to refuse it"),
    Fault.RATE_LIMIT: (ErrorKind.RATE_LIMIT, "Rate limit exceeded"),
    Fault.OVERLOADED: (ErrorKind.RATE_LIMIT, "The provider is overloaded"),
    Fault.SERVER_ERROR: (ErrorKind.SERVER_ERROR, "Server error 500"),
    Fault.CUT: (ErrorKind.CONNECTION, "Connection lost"),
}


class SimulatedModel:
    """A model that needs no network and no key; it costs nothing and says in its answers what it is.

    Parameters
    ----------
    spec: ``sim/NAME``; NAME is one of `lattice.providers.simulated.personas.NAMED`, or ``assistant-Q`` with a
        quality Q in [0, 1].
    params: how it behaves (`Behaviour.from_params`), and ``max_tokens``; sampling parameters are taken
        and not used.
    clock: seconds, from any fixed point; for its rate limits.
    sleep: waits so many seconds; for its latency.

    Raises
    ------
    UsageError: an unknown name, or a parameter that cannot be understood.
    """

    def __init__(
        self,
        spec: str,
        params: Mapping[str, object],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        provider, _, self._model = spec.partition("/")
        if provider != PROVIDER:
            raise UsageError(f"{spec!r} is no simulated model; they are called {PROVIDER}/NAME")
        _check_name(self._model)
        self._max_tokens = _max_tokens(params)
        own = {name: value for name, value in params.items() if name not in SAMPLING | {"max_tokens"}}
        self._simulation = Simulation(_behaviour(self._model, own), clock)
        self._sleep = sleep
        self._forms = Forms()

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self._model}"

    @property
    def limit(self) -> LimitKey:
        return LimitKey(provider=PROVIDER, model=self._model)

    @property
    def priced(self) -> bool:
        return True

    @property
    def ledger(self) -> Ledger:
        """What it has been asked and what it answered."""
        return self._simulation.ledger

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        """Answer, or fail as it was told to; see `lattice.core.models.Model.complete`."""
        ledger = self.ledger
        ledger.enter(self.name)
        try:
            return await self._complete(request, timeout)
        finally:
            ledger.leave()

    async def _complete(self, request: ModelRequest, timeout: float) -> Completion:
        form = self._forms.of(request.answer.schema) if request.answer is not None else None
        outcome = self._simulation.decide(
            Question(model=self._model, messages=request.messages, form=form, max_tokens=self._max_tokens)
        )
        if outcome.fault is Fault.HANG or outcome.latency >= timeout:
            await self._sleep(timeout)
            raise CallError(ErrorKind.TIMEOUT, f"Timeout after {timeout:g}s", limits=outcome.limits)
        # Also for no time at all: other tasks get their turn, as they would with a real call.
        await self._sleep(outcome.latency)
        if outcome.answer is None:
            _fail(outcome)
        return _completion(outcome.answer, outcome, self._model)


def _completion(answer: Answer, outcome: Outcome, model: str) -> Completion:
    return Completion(
        text=answer.text,
        model=model,
        usage=answer.usage,
        cost_usd=0.0,
        finish_reason="length" if answer.cut_short else "stop",
        limits=outcome.limits,
    )


def _fail(outcome: Outcome) -> NoReturn:
    assert outcome.fault is not None
    kind, message = _FAILURES[outcome.fault]
    raise CallError(kind, message, retry_after=outcome.retry_after, limits=outcome.limits)


def _check_name(model: str) -> None:
    if persona_of(model) is not None:
        return
    near = get_close_matches(model, NAMED, n=1)
    hint = f"; did you mean {PROVIDER}/{near[0]}?" if near else ""
    names = ", ".join(f"{PROVIDER}/{name}" for name in NAMED)
    raise UsageError(
        f"there is no simulated model {PROVIDER}/{model}{hint} (there are {names}, {PROVIDER}/assistant-0.8)"
    )


def _max_tokens(params: Mapping[str, object]) -> int | None:
    value = params.get("max_tokens")
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise UsageError(f"max_tokens must be a whole number above 0, not {value!r}")


def _behaviour(model: str, params: Mapping[str, object]) -> Behaviour:
    persona = persona_of(model)
    if "quality" in params and persona is not None and persona.quality is not None:
        raise UsageError(
            f"{PROVIDER}/{model} has a quality of its own ({persona.quality:g}); leave `quality` out, "
            f"or use {PROVIDER}/assistant"
        )
    return Behaviour.from_params(params)
