"""One input, result, response or failed call as a line of JSON: how it is written, and what is read of it.

A result is `lattice.reporting.rows.result_json` with more::

    "seq":             its place in the order in which results were stored, from 1
    "failed_attempts": its calls that failed: step, number, allowed, kind, message, wait_seconds, at
    "call":            latency_seconds, input_tokens, output_tokens and cost_usd of the call that gave the response
    "annotation":      with "at"
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.models import Message, ToolCall, Usage
from lattice.core.trials import Attempt, Failure, Metric, Response, Step, TrialKey
from lattice.reporting.rows import result_json
from lattice.store.records import Annotation, AttemptRow, ResultRow, ResultStatus

Count = Annotated[int, Field(ge=0, le=2**53)]
Place = Annotated[int, Field(ge=1, le=2**31 - 1)]
Moment = Annotated[datetime, Field(strict=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=1)]


# -- writing


def input_line(given: Input) -> dict[str, Any]:
    """An input with all that belongs to it."""
    messages = given.input
    return {
        "position": given.position,
        "id": given.id,
        "input": messages if isinstance(messages, str) else [{"role": m.role, "content": m.content} for m in messages],
        "reference": given.reference,
        "context": list(given.context),
        "metadata": dict(given.metadata),
        "cluster": given.cluster,
    }


def result_line(row: ResultRow, attempts: Iterable[AttemptRow] = ()) -> dict[str, Any]:
    """A result with everything that is known of it."""
    line = result_json(row)
    annotation = row.annotation
    line["annotation"] = None if annotation is None else _annotation(annotation)
    line["seq"] = row.seq
    line["failed_attempts"] = [_attempt(each.attempt) for each in attempts]
    line["call"] = None if row.response is None else _call(row.response)
    return line


def response_line(key: TrialKey, target: str, response: Response) -> dict[str, Any]:
    """A response that has no result of its own, under the names that it has in a result."""
    return {
        **_trial(key, target),
        "response": response.text,
        "model": response.model,
        "finish_reason": response.finish_reason,
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in response.tool_calls],
        "retrieved": None if response.context is None else list(response.context),
        "call": _call(response),
    }


def attempt_line(row: AttemptRow) -> dict[str, Any]:
    """A failed call with the trial that it belongs to."""
    return {**_trial(row.attempt.key, row.target), "id": row.input_id, **_attempt(row.attempt)}


def result_lines(rows: Iterable[ResultRow], attempts: Iterable[AttemptRow]) -> Iterator[dict[str, Any]]:
    """Results with their failed calls, both in the order of their trials; calls of other trials are passed over."""
    calls = iter(attempts)
    held = next(calls, None)
    for row in rows:
        own = []
        while held is not None and held.attempt.key <= row.key:
            if held.attempt.key == row.key:
                own.append(held)
            held = next(calls, None)
        yield result_line(row, own)


def _trial(key: TrialKey, target: str) -> dict[str, Any]:
    return {"position": key.position, "target": target, "repeat": key.repeat + 1}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "step": attempt.step.value,
        "number": attempt.number,
        "allowed": attempt.allowed,
        "kind": attempt.kind.value,
        "message": attempt.message,
        "wait_seconds": attempt.wait,
        "at": attempt.at.isoformat(),
    }


def _call(response: Response) -> dict[str, Any]:
    return {
        "latency_seconds": response.latency,
        "input_tokens": response.usage.input_tokens,
        "output_tokens": response.usage.output_tokens,
        "cost_usd": response.cost_usd,
    }


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {"score": annotation.score, "note": annotation.note, "at": annotation.at.isoformat()}


# -- reading


class Line(BaseModel):
    """What is read of a line; keys that it does not name are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Message(Line):
    role: str
    content: str


class InputLine(Line):
    """An input."""

    position: Place
    id: str
    input: str | list[_Message]
    reference: str | None = None
    context: list[str] = []
    metadata: dict[str, Any] = {}
    cluster: str | None = None

    def record(self) -> Input:
        text = self.input
        return Input(
            position=self.position,
            id=self.id,
            input=text if isinstance(text, str) else tuple(Message(role=m.role, content=m.content) for m in text),
            reference=self.reference,
            context=tuple(self.context),
            metadata=self.metadata,
            cluster=self.cluster,
        )


class _Call(Line):
    latency_seconds: Number
    input_tokens: Count
    output_tokens: Count
    cost_usd: Number | None = None


class _ToolCall(Line):
    name: str
    arguments: str


class _Trial(Line):
    position: Place
    target: str
    repeat: Place

    def key(self, targets: Sequence[str]) -> TrialKey:
        """The trial's key.

        Raises
        ------
        ValueError: the configuration has no such target.
        """
        if self.target not in targets:
            raise ValueError(f"no target of the configuration is called {self.target!r}")
        return TrialKey(self.position, targets.index(self.target), self.repeat - 1)


class _Answered(_Trial):
    response: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    tool_calls: list[_ToolCall] = []
    retrieved: list[str] | None = None
    call: _Call | None = None

    def answer(self) -> Response | None:
        call = self.call
        if self.response is None or call is None:
            return None
        return Response(
            text=self.response,
            latency=call.latency_seconds,
            usage=Usage(input_tokens=call.input_tokens, output_tokens=call.output_tokens),
            cost_usd=call.cost_usd,
            model=self.model,
            finish_reason=self.finish_reason,
            tool_calls=tuple(ToolCall(name=each.name, arguments=each.arguments) for each in self.tool_calls),
            context=None if self.retrieved is None else tuple(self.retrieved),
        )


class ResponseLine(_Answered):
    """A response without a result."""

    def record(self, targets: Sequence[str]) -> tuple[TrialKey, Response]:
        found = self.answer()
        if found is None:
            raise ValueError("'response' or 'call' is missing")
        return self.key(targets), found


class AttemptLine(_Trial):
    """A failed call."""

    step: Annotated[Step, Field(strict=False)]
    number: Count
    allowed: Count
    kind: Annotated[ErrorKind, Field(strict=False)]
    message: str
    wait_seconds: Number | None = None
    at: Moment

    def record(self, targets: Sequence[str]) -> Attempt:
        return Attempt(
            key=self.key(targets),
            step=self.step,
            number=self.number,
            allowed=self.allowed,
            kind=self.kind,
            message=self.message,
            wait=self.wait_seconds,
            at=self.at,
        )


class ErrorLine(Line):
    """An entry of a document's ``errors``."""

    input: Place
    id: str
    target: str
    step: str
    kind: str
    message: str
    attempts: Count


class _Metric(Line):
    score: Score
    native: Number | None = None


class _Error(Line):
    step: Annotated[Step, Field(strict=False)]
    kind: Annotated[ErrorKind, Field(strict=False)]
    message: str


class _Tokens(Line):
    input_tokens: Count
    output_tokens: Count

    def usage(self) -> Usage:
        return Usage(input_tokens=self.input_tokens, output_tokens=self.output_tokens)


class _Roles(Line):
    target: _Tokens
    judge: _Tokens


class _Costs(Line):
    target: Number | None = None
    judge: Number | None = None
    total: Number | None = None


class _Annotation(Line):
    score: Number | None = None
    note: str = ""
    at: Moment


class ResultLine(_Answered):
    """A result."""

    id: str
    seq: Place
    status: Annotated[ResultStatus, Field(strict=False)]
    metrics: dict[str, _Metric]
    reasoning: str
    judge_answer: str | None = None
    error: _Error | None = None
    attempts: Count
    latency_seconds: Number | None = None
    judge_latency_seconds: Number | None = None
    duration_seconds: Number
    usage: _Roles
    cost_usd: _Costs
    annotation: _Annotation | None = None
    cluster: str | None = None

    def record(self, targets: Sequence[str]) -> ResultRow:
        """The result as a store gives it out, but for its input, of which there is no more than id and cluster.

        Raises
        ------
        ValueError: it is of no target of the configuration, or is neither scored nor failed.
        """
        key, error = self.key(targets), self.error
        if (self.status is ResultStatus.FAILED) != (error is not None):
            raise ValueError(f"the status is {self.status.value!r}, which does not agree with 'error'")
        return ResultRow(
            seq=self.seq,
            key=key,
            status=self.status,
            target=self.target,
            input=Input(position=self.position, id=self.id, input="", cluster=self.cluster),
            response=self.answer(),
            metrics={name: Metric(score=each.score, native=each.native) for name, each in self.metrics.items()},
            reasoning=self.reasoning,
            raw=self.judge_answer or "",
            failure=None if error is None else Failure(step=error.step, kind=error.kind, message=error.message),
            attempts=self.attempts,
            target_usage=self.usage.target.usage(),
            judge_usage=self.usage.judge.usage(),
            target_cost=self.cost_usd.target,
            judge_cost=self.cost_usd.judge,
            cost=self.cost_usd.total,
            latency=self.latency_seconds,
            judge_latency=self.judge_latency_seconds,
            duration=self.duration_seconds,
            annotation=self._annotation(key),
        )

    def _annotation(self, key: TrialKey) -> Annotation | None:
        said = self.annotation
        return None if said is None else Annotation(key=key, score=said.score, note=said.note, at=said.at)
