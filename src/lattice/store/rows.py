"""Rows of results, responses and attempts as records, and records as rows: one place that knows their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, null

from lattice.core.errors import ErrorKind
from lattice.core.models import ToolCall, Usage
from lattice.core.trials import Attempt, Failure, Metric, Response, Result, Step, TrialKey
from lattice.store.inputs import read_input
from lattice.store.records import Annotation, AttemptRow, ResultRow, ResultStatus, ScoreRow
from lattice.store.schema import inputs, responses, result_annotations, result_texts, results
from lattice.store.text import (
    decode_json,
    decode_optional,
    decode_text,
    encode_json,
    encode_optional,
    encode_text,
)
from lattice.store.times import read_time

Values = tuple[Any, ...]

_SCORE = "score"
_TRIAL = ("run_key", *TrialKey._fields)

RESPONSE_COLUMNS = tuple(each for each in responses.c if each.name not in _TRIAL)
_TEXT_COLUMNS = tuple(each for each in result_texts.c if each.name not in _TRIAL)
_ANNOTATION_COLUMNS = tuple(each for each in result_annotations.c if each.name not in _TRIAL)
_RESULT_COLUMNS = tuple(results.c)[1:]
_INPUT_COLUMNS = tuple(inputs.c)[1:]

_WHOLE = (_RESULT_COLUMNS, _TEXT_COLUMNS, _INPUT_COLUMNS, RESPONSE_COLUMNS, _ANNOTATION_COLUMNS)
WHOLE_COLUMNS = tuple(each for columns in _WHOLE for each in columns)
_ENDS = tuple(accumulate(len(columns) for columns in _WHOLE))
_PARTS = tuple(slice(end - len(columns), end) for end, columns in zip(_ENDS, _WHOLE, strict=True))

_LONG_CHAT = 100_000


def brief_columns(letters: int) -> tuple[ColumnElement[Any], ...]:
    """`WHOLE_COLUMNS` with no more than the beginning of every long text.

    A conversation comes whole, one that is very long as the beginning of its JSON.
    """
    chat = inputs.c.is_chat & (func.length(inputs.c.input) <= _LONG_CHAT)
    begun: dict[Any, ColumnElement[Any]] = {each: func.substr(each, 1, letters) for each in _LONG_TEXTS}
    begun[inputs.c.input] = case((chat, inputs.c.input), else_=begun[inputs.c.input])
    absent = dict.fromkeys((*_ASIDE, result_texts.c.raw), null())
    instead = {**begun, **absent, inputs.c.is_chat: chat}
    return tuple(instead.get(each, each) for each in WHOLE_COLUMNS)


_LONG_TEXTS = (
    inputs.c.input,
    inputs.c.reference,
    responses.c.text,
    result_texts.c.reasoning,
    result_texts.c.error_message,
    result_annotations.c.note,
)
_ASIDE = (inputs.c.context, inputs.c.metadata, responses.c.tool_calls, responses.c.context)

SCORE_COLUMNS = (
    *(each for each in _RESULT_COLUMNS if each.name not in ("seq", "native", "score", "attempts", "cost")),
    inputs.c.cluster,
)


def result_status(result: Result) -> ResultStatus:
    """How the trial ended."""
    return ResultStatus.SCORED if result.failure is None else ResultStatus.FAILED


def response_values(run_key: int, key: TrialKey, response: Response) -> Values:
    """A row of ``responses``."""
    usage, calls, context = response.usage, response.tool_calls, response.context
    return (
        run_key,
        *key,
        response.latency,
        usage.input_tokens,
        usage.output_tokens,
        response.cost_usd,
        encode_optional(response.model),
        encode_optional(response.finish_reason),
        encode_json([(call.name, call.arguments) for call in calls]) if calls else None,
        None if context is None else encode_json(context),
        encode_text(response.text),
    )


def result_values(run_key: int, result: Result, response: Response | None, seq: int) -> Values:
    """A row of ``results``; what the target took stands here too, so that a page of results reads one table."""
    verdict, failure, usage = result.verdict, result.failure, result.usage
    score = verdict.metrics.get(_SCORE) if verdict else None
    target_usage = response.usage + result.wasted_usage if response else result.wasted_usage
    target_cost = _target_cost(result, response)
    return (
        run_key,
        *result.key,
        seq,
        _SCORED if failure is None else _FAILED,
        None if score is None else score.score if score.native is None else score.native,
        None if score is None else score.score,
        result.attempts,
        failure.step.value if failure else None,
        failure.kind.value if failure else None,
        response.latency if response else None,
        result.judge_latency,
        result.duration,
        _total_cost(result, target_cost, asked=response is not None or bool(result.wasted_usage.total_tokens)),
        target_cost,
        result.cost_usd,
        target_usage.input_tokens,
        target_usage.output_tokens,
        usage.input_tokens,
        usage.output_tokens,
        _write_metrics(verdict.metrics) if verdict else None,
    )


def text_values(run_key: int, result: Result) -> Values:
    """A row of ``result_texts``."""
    verdict, failure = result.verdict, result.failure
    return (
        run_key,
        *result.key,
        encode_text(verdict.reasoning) if verdict else "",
        encode_text(verdict.raw) if verdict else "",
        encode_text(failure.message) if failure else None,
    )


def kept_values(run_key: int, row: ResultRow) -> Values:
    """A row of ``results`` that says again what one said that was read."""
    failure, score = row.failure, row.metrics.get(_SCORE)
    return (
        run_key,
        *row.key,
        row.seq,
        row.status.value,
        None if score is None else score.score if score.native is None else score.native,
        None if score is None else score.score,
        row.attempts,
        failure.step.value if failure else None,
        failure.kind.value if failure else None,
        row.latency,
        row.judge_latency,
        row.duration,
        row.cost,
        row.target_cost,
        row.judge_cost,
        row.target_usage.input_tokens,
        row.target_usage.output_tokens,
        row.judge_usage.input_tokens,
        row.judge_usage.output_tokens,
        _write_metrics(row.metrics) if failure is None else None,
    )


def kept_text_values(run_key: int, row: ResultRow) -> Values:
    """A row of ``result_texts``, likewise."""
    message = encode_text(row.failure.message) if row.failure else None
    return (run_key, *row.key, encode_text(row.reasoning), encode_text(row.raw), message)


def annotation_values(run_key: int, annotation: Annotation) -> Values:
    """A row of ``annotations``."""
    return (run_key, *annotation.key, annotation.score, encode_text(annotation.note), annotation.at.timestamp())


def attempt_values(run_key: int, attempt: Attempt) -> Values:
    """A row of ``attempts`` without its key."""
    return (
        run_key,
        *attempt.key,
        attempt.step.value,
        attempt.number,
        attempt.allowed,
        attempt.kind.value,
        attempt.wait,
        attempt.at.timestamp(),
        encode_text(attempt.message),
    )


def read_response(values: Sequence[Any]) -> Response:
    """`RESPONSE_COLUMNS` as a record."""
    latency, input_tokens, output_tokens, cost, model, finish_reason, calls, context, text = values
    return Response(
        text=decode_text(text),
        latency=latency,
        usage=Usage(input_tokens=input_tokens, output_tokens=output_tokens),
        cost_usd=cost,
        model=decode_optional(model),
        finish_reason=decode_optional(finish_reason),
        tool_calls=tuple(ToolCall(name=name, arguments=text) for name, text in decode_json(calls)) if calls else (),
        context=None if context is None else tuple(decode_json(context)),
    )


def read_metrics(stored: str | None) -> Mapping[str, tuple[float, float | None]]:
    """Metrics as (score, native) by name."""
    return {name: (score, native) for name, (score, native) in decode_json(stored).items()} if stored else {}


def read_score(row: Sequence[Any]) -> ScoreRow:
    """`SCORE_COLUMNS` as a record."""
    position, target, repeat, status, step, kind, latency, judge_latency, duration, *rest = row
    target_cost, judge_cost, target_in, target_out, judge_in, judge_out, metrics, cluster = rest
    return ScoreRow(
        position,
        target,
        repeat,
        _FAILURE if status == _FAILED else _SUCCESS,
        decode_optional(cluster),
        read_metrics(metrics),
        kind,
        latency,
        judge_latency,
        duration,
        target_cost,
        judge_cost,
        Usage(input_tokens=target_in, output_tokens=target_out),
        Usage(input_tokens=judge_in, output_tokens=judge_out),
        None if step is None else Step(step),
    )


def read_result(row: Sequence[Any], targets: Sequence[str]) -> ResultRow:
    """`WHOLE_COLUMNS` as a record."""
    numbers, texts, its_input, response, annotation = (row[part] for part in _PARTS)
    position, target, repeat, seq, status, _native, _score, attempts, step, kind, *numbers = numbers
    latency, judge_latency, duration, cost, target_cost, judge_cost, *numbers = numbers
    target_in, target_out, judge_in, judge_out, metrics = numbers
    reasoning, raw, message = texts
    key = TrialKey(position, target, repeat)
    return ResultRow(
        seq=seq,
        key=key,
        status=ResultStatus(status),
        target=_name(targets, target),
        input=read_input(its_input),
        response=None if response[0] is None else read_response(response),
        metrics={name: Metric(score=score, native=native) for name, (score, native) in read_metrics(metrics).items()},
        reasoning=decode_text(reasoning or ""),
        raw=decode_text(raw or ""),
        failure=_read_failure(step, kind, message),
        attempts=attempts,
        target_usage=Usage(input_tokens=target_in, output_tokens=target_out),
        judge_usage=Usage(input_tokens=judge_in, output_tokens=judge_out),
        target_cost=target_cost,
        judge_cost=judge_cost,
        cost=cost,
        latency=latency,
        judge_latency=judge_latency,
        duration=duration,
        annotation=None if annotation[1] is None else read_annotation(key, annotation),
    )


def read_annotation(key: TrialKey, values: Sequence[Any]) -> Annotation:
    """An annotation out of its score, note and time."""
    score, note, at = values
    return Annotation(key=key, score=score, note=decode_text(note), at=read_time(at))


def read_attempt(row: Row[Any], targets: Sequence[str]) -> AttemptRow:
    """An attempt with its input's id and the state of its result."""
    attempt = Attempt(
        key=TrialKey(row.position, row.target, row.repeat),
        step=Step(row.step),
        number=row.number,
        allowed=row.allowed,
        kind=ErrorKind(row.kind),
        message=decode_text(row.message),
        wait=row.wait,
        at=read_time(row.at),
    )
    return AttemptRow(
        id=row.key,
        attempt=attempt,
        input_id=decode_text(row.id),
        target=_name(targets, row.target),
        ended=None if row.status is None else ResultStatus(row.status),
    )


_SUCCESS, _FAILURE = ResultStatus.SCORED, ResultStatus.FAILED
_SCORED, _FAILED = ResultStatus.SCORED.value, ResultStatus.FAILED.value


def _write_metrics(metrics: Mapping[str, Metric]) -> str:
    return encode_json({name: (metric.score, metric.native) for name, metric in metrics.items()})


def _target_cost(result: Result, response: Response | None) -> float | None:
    """Of the response and of calls that were paid for and gave none; None when the price of either is unknown."""
    wasted = _known_cost(result.wasted_usage, result.wasted_cost_usd)
    if response is None:
        return result.wasted_cost_usd
    return None if response.cost_usd is None or wasted is None else response.cost_usd + wasted


def _total_cost(result: Result, target_cost: float | None, *, asked: bool) -> float | None:
    """Of target and judge; None when either made a call whose price is unknown, or neither made one."""
    judged = _known_cost(result.usage, result.cost_usd)
    if judged is None or (asked and target_cost is None):
        return None
    if target_cost is None:
        return result.cost_usd
    return target_cost + judged


def _known_cost(usage: Usage, cost: float | None) -> float | None:
    """0 where nothing was used, None where something was and its price is unknown."""
    return cost if cost is not None or usage.total_tokens else 0.0


def _read_failure(step: str | None, kind: str | None, message: str | None) -> Failure | None:
    if step is None or kind is None:
        return None
    return Failure(step=Step(step), kind=ErrorKind(kind), message=decode_text(message or ""))


def _name(targets: Sequence[str], index: int) -> str:
    return targets[index] if index < len(targets) else f"target {index}"
