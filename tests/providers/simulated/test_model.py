"""``sim/NAME`` in process: the same simulator, with Lattice's own errors."""

from __future__ import annotations

import asyncio

import pytest

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.limits import LimitKey
from lattice.core.models import AnswerSchema, Completion, Message, Model, ModelRequest
from lattice.providers.simulated import SimulatedModel

QUESTION = ModelRequest(messages=(Message(role="user", content="May a customer return a damaged lamp?"),))
JUDGING = ModelRequest(
    messages=QUESTION.messages,
    answer=AnswerSchema(
        name="verdict",
        schema={"type": "object", "properties": {"reasoning": {"type": "string"}, "score": {"enum": [1, 2]}}},
    ),
)


class Time:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def model(name: str, time: Time | None = None, **params: object) -> SimulatedModel:
    time = time or Time()
    return SimulatedModel(f"sim/{name}", params, clock=time.clock, sleep=time.sleep)


def complete(model: Model, request: ModelRequest = QUESTION, timeout: float = 60.0) -> Completion:
    return asyncio.run(model.complete(request, timeout=timeout))


def failure(model: Model, timeout: float = 60.0) -> CallError:
    with pytest.raises(CallError) as caught:
        complete(model, timeout=timeout)
    return caught.value


def test_it_answers_for_nothing_and_says_what_it_used() -> None:
    completion = complete(model("assistant"))
    assert "(simulated answer" in completion.text
    assert (completion.model, completion.cost_usd, completion.finish_reason) == ("assistant", 0.0, "stop")
    assert completion.usage.input_tokens == 13
    assert completion.usage.output_tokens > 10


def test_it_fits_the_contract_of_a_model() -> None:
    simulated: Model = model("judge")
    assert simulated.name == "sim/judge"
    assert simulated.limit == LimitKey(provider="sim", model="judge")
    assert simulated.priced


def test_it_judges_as_the_schema_asks() -> None:
    assert '"score":' in complete(model("judge"), JUDGING).text


def test_an_answer_takes_the_latency_and_never_longer_than_the_timeout() -> None:
    time = Time()
    complete(model("assistant", time, latency=0.25))
    assert time.now == 0.25
    error = failure(model("assistant", time, latency=10), timeout=2.0)
    assert (error.kind, error.message, time.now) == (ErrorKind.TIMEOUT, "Timeout after 2s", 2.25)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("429", ErrorKind.RATE_LIMIT),
        ("529", ErrorKind.RATE_LIMIT),
        ("500", ErrorKind.SERVER_ERROR),
        ("hang", ErrorKind.TIMEOUT),
        ("cut", ErrorKind.CONNECTION),
        ("401", ErrorKind.AUTH),
        ("404", ErrorKind.NOT_FOUND),
        ("quota", ErrorKind.QUOTA),
        ("400", ErrorKind.INVALID_INPUT),
    ],
)
def test_each_fault_is_an_error_of_its_kind(fault: str, kind: ErrorKind) -> None:
    assert failure(model("assistant", faults={fault: 1})).kind is kind


def test_a_limit_tells_how_long_to_wait_and_what_is_left() -> None:
    time = Time()
    limited = model("assistant", time, requests_per_minute=60)
    complete(limited)
    error = failure(limited)
    assert (error.kind, error.retry_after) == (ErrorKind.RATE_LIMIT, 1.0)
    assert error.limits is not None
    assert error.limits.requests is not None
    assert (error.limits.requests.limit, error.limits.requests.remaining) == (60, 0)
    time.now += 1.0
    assert complete(limited).limits is not None


def test_max_tokens_is_honoured_and_sampling_parameters_are_taken() -> None:
    completion = complete(model("echo", max_tokens=2, temperature=0.7, top_p=1))
    assert (completion.text, completion.finish_reason) == ("May a cu", "length")


def test_the_ledger_counts() -> None:
    counted = model("assistant")
    complete(counted)
    complete(counted)
    assert (counted.ledger.requests, counted.ledger.paid_again, counted.ledger.in_flight) == (2, 1, 0)


@pytest.mark.parametrize(
    ("spec", "params", "message"),
    [
        ("sim/asistant", {}, "there is no simulated model sim/asistant; did you mean sim/assistant?"),
        ("sim/gpt-4o", {}, "there is no simulated model sim/gpt-4o (there are sim/echo"),
        ("openai/gpt-4o", {}, "'openai/gpt-4o' is no simulated model"),
        ("sim/assistant-weak", {"quality": 0.8}, "sim/assistant-weak has a quality of its own (0.45)"),
        ("sim/assistant", {"max_tokens": 0}, "max_tokens must be a whole number above 0, not 0"),
        ("sim/assistant", {"lantency": 1}, "unknown parameter 'lantency' of a simulated model"),
    ],
)
def test_what_cannot_be_simulated_is_said(spec: str, params: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        SimulatedModel(spec, params)
    assert str(caught.value).startswith(message)
