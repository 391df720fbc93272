"""Runs with their output items, as finished runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.models import Message, ToolCall, Usage
from lattice.core.runs import RunStatus
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.importers.naming import CheckNames, without_uuid
from lattice.importers.openai.criteria import Measure
from lattice.importers.openai.fields import Fields, text_in
from lattice.importers.openai.grouping import RunParts
from lattice.importers.openai.objects import GraderResult, OutputItem, Sample, text_of
from lattice.importers.recorded import RECORDED, passes_or_fails
from lattice.importers.records import FinishedRun, FinishedTrial, Notes, quoted
from lattice.importers.templates import value_at

_STATUS = {"completed": RunStatus.COMPLETED, "failed": RunStatus.FAILED}
_KINDS = (
    ("rate", ErrorKind.RATE_LIMIT),
    ("quota", ErrorKind.QUOTA),
    ("timeout", ErrorKind.TIMEOUT),
    ("invalid", ErrorKind.INVALID_INPUT),
    ("content", ErrorKind.INVALID_INPUT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """Under which metric each grader's results stand in one run.

    Parameters
    ----------
    judge: the measure that gives the score as a judge, if one does.
    single: there is but one measure, and it gives the score.
    others: names of results that no criterion explains, with their metrics.
    """

    measures: Sequence[Measure]
    judge: Measure | None
    single: bool
    others: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        """``scoring`` and ``checks`` of the run's configuration."""
        if self.single:
            measure = self.measures[0]
            return (
                {"scoring": measure.check or RECORDED} if self.judge is None else {"scoring": {"judge": measure.judge}}
            )
        checks = [{"name": each.name, **(each.check or RECORDED)} for each in self.measures if each is not self.judge]
        checks += [{"name": name, **RECORDED} for name in self.others.values()]
        parts: dict[str, Any] = {} if self.judge is None else {"scoring": {"judge": self.judge.judge}}
        return {**parts, "checks": checks} if checks else parts


def metering_of(measures: Sequence[Measure], items: Sequence[OutputItem]) -> Metering:
    """How the results of a run are kept: a judge's on its scale where all of them lie on a level of it."""
    known = {name for measure in measures for name in measure.graders}
    names = CheckNames()
    for measure in measures:
        names.name(measure.name)
    others: dict[str, str] = {}
    for item in items:
        for result in item.results:
            plain = without_uuid(result.name)
            if not {result.name, plain} & known and plain not in others:
                others[plain] = names.name(plain)
    judge = next((measure for measure in measures if measure.judge and _on_levels(measure, items)), None)
    single = len(measures) == 1 and not others and (judge is not None or not measures[0].judge)
    return Metering(measures=measures, judge=judge, single=single, others=others)


def finished_run(
    parts: RunParts,
    target: Mapping[str, Any],
    positions: Sequence[int],
    base: Mapping[str, Any],
    fields: Fields,
    metering: Metering,
    notes: Notes,
) -> FinishedRun:
    """One run with its results.

    Parameters
    ----------
    positions: of its items, in their order, among the inputs of all runs.
    base: name, description and type of the evaluation.
    """
    run = parts.run
    label = run.name or run.id
    status = _STATUS.get(run.status, RunStatus.CANCELLED)
    if run.status not in ("completed", "failed", "canceled"):
        notes.changed(f"run {quoted(label)}", "", f"its status was {quoted(run.status)}; it is kept as cancelled")
    pairs = sorted(zip(positions, parts.items, strict=True), key=lambda pair: pair[0])
    started = _moment(run.created_at)
    ended = [moment for item in parts.items if (moment := _moment(item.created_at)) is not None]
    finished = max(ended) if ended and started is not None and max(ended) >= started else None
    return FinishedRun(
        label=label,
        config={**base, "targets": [dict(target)], "inputs": {"path": "inputs.jsonl"}, **metering.config()},
        inputs=[_input(fields.row(item.item, position), position) for position, item in pairs],
        trials=[_trial(item, position, fields, metering) for position, item in pairs],
        status=status,
        started_at=started,
        finished_at=finished,
        failure=(run.error.message or run.error.code) if run.error and status is RunStatus.FAILED else None,
        tags={"run": label, **({"id": run.id} if run.id else {})},
    )


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if not seconds else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _input(row: Mapping[str, Any], position: int) -> Input:
    content = row["input"]
    return Input(
        position=position,
        id=row["id"],
        input=content if isinstance(content, str) else tuple(Message(**message) for message in content),
        reference=row.get("reference") or None,
        context=tuple(row.get("context", ())),
        metadata=row.get("metadata", {}),
    )


def _trial(item: OutputItem, position: int, fields: Fields, metering: Metering) -> FinishedTrial:
    key = TrialKey(position, 0, 0)
    sample = item.sample
    error = sample.error if sample is not None else None
    if error is not None and (error.code or error.message):
        text = f"{error.code or ''} {error.message or ''}".strip()
        failed = Failure(step=Step.TARGET, kind=_kind(text), message=error.message or error.code or "failed")
        return FinishedTrial(result=Result(key=key, failure=failed))
    response = Response(
        text=_answer(item, fields),
        latency=0.0,
        usage=_usage(sample),
        model=sample.model if sample is not None else None,
        finish_reason=sample.finish_reason if sample is not None else None,
        tool_calls=tuple(_tool_calls(sample)),
    )
    verdict, failure = _verdict(item, metering)
    usage = sum((_grader_usage(result) for result in item.results), Usage())
    return FinishedTrial(result=Result(key=key, verdict=verdict, failure=failure, usage=usage), response=response)


def _kind(text: str) -> ErrorKind:
    return next((kind for word, kind in _KINDS if word in text.lower()), ErrorKind.SERVER_ERROR)


def _answer(item: OutputItem, fields: Fields) -> str:
    sample = item.sample
    if sample is not None:
        if sample.output_text is not None:
            return sample.output_text
        texts = [text for message in sample.output if (text := text_of(message.content)) is not None]
        if texts or sample.output:
            return "\n".join(texts)
    inner = item.datasource_item.get("sample")
    if isinstance(inner, dict) and isinstance(inner.get("output_text"), str):
        return str(inner["output_text"])
    value = None if fields.response is None else value_at(item.item, fields.response)
    return "" if value is None else text_in(value)


def _usage(sample: Sample | None) -> Usage:
    usage = sample.usage if sample is not None else None
    return Usage() if usage is None else _tokens(usage.prompt_tokens, usage.completion_tokens)


def _tokens(given: Any, made: Any) -> Usage:
    whole = [value if isinstance(value, int) and value > 0 else 0 for value in (given, made)]
    return Usage(input_tokens=whole[0], output_tokens=whole[1])


def _grader_usage(result: GraderResult) -> Usage:
    usage = (result.sample or {}).get("usage")
    return _tokens(usage.get("prompt_tokens"), usage.get("completion_tokens")) if isinstance(usage, dict) else Usage()


def _tool_calls(sample: Sample | None) -> Iterator[ToolCall]:
    for message in sample.output if sample is not None else ():
        for call in message.tool_calls or ():
            function = call.get("function")
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                yield ToolCall(name=function["name"], arguments=str(function.get("arguments", "")))


# -- numbers


def _verdict(item: OutputItem, metering: Metering) -> tuple[Verdict | None, Failure | None]:
    metrics: dict[str, Metric] = {}
    reasons: list[str] = []
    left = list(item.results)
    for measure in metering.measures:
        result = _taken(left, measure.graders)
        metric = None if result is None else _metric(measure, result, metering)
        is_score = metering.single or measure is metering.judge
        if metric is None:
            if is_score or metering.judge is None:
                step = Step.JUDGE if measure.judge else Step.CHECK
                kind = ErrorKind.JUDGE_PARSE if measure.judge else ErrorKind.TARGET_RESPONSE
                return None, Failure(step=step, kind=kind, message=f"the export holds no score of {measure.name}")
            continue
        metrics["score" if is_score else measure.name] = metric
        if result is not None and measure.judge and (said := _said(result)):
            reasons.append(said)
    for result in left:
        name = metering.others.get(without_uuid(result.name))
        if name is not None and result.score is not None and 0 <= result.score <= 1:
            metrics[name] = Metric(score=result.score)
    ordered = {name: metrics[name] for name in sorted(metrics, key=lambda name: name != "score")}
    return Verdict(metrics=ordered, raw="\n\n".join(reasons)), None


def _taken(results: list[GraderResult], names: Sequence[str]) -> GraderResult | None:
    """The first result of a grader, which no other grader of the same name gets then."""
    for index, result in enumerate(results):
        if result.name in names or without_uuid(result.name) in names:
            return results.pop(index)
    return None


def _metric(measure: Measure, result: GraderResult, metering: Metering) -> Metric | None:
    if measure is metering.judge:
        return _judged(measure, result)
    if measure.judge and measure.scale is not None:
        return None if result.score is None else Metric(score=measure.scale.score(result.score))
    passed = None if result.passed is None else float(result.passed)
    if measure.judge or (measure.check is not None and passes_or_fails(measure.check)):
        score = passed if passed is not None else result.score
    else:
        score = result.score if result.score is not None else passed
    return Metric(score=score) if score is not None and 0 <= score <= 1 else None


def _judged(measure: Measure, result: GraderResult) -> Metric | None:
    if measure.scale is None:
        passed = result.passed if result.passed is not None else (None if result.score is None else result.score > 0)
        return None if passed is None else Metric(score=float(passed), native=float(passed))
    if result.score is None:
        return None
    return Metric(score=measure.scale.score(result.score), native=round(measure.scale.level(result.score), 9))


def _on_levels(measure: Measure, items: Sequence[OutputItem]) -> bool:
    scale = measure.scale
    if scale is None:
        return True
    scores = [
        result.score
        for item in items
        for result in item.results
        if result.score is not None and {result.name, without_uuid(result.name)} & set(measure.graders)
    ]
    levels = [scale.level(score) for score in scores]
    return all(abs(level - round(level)) < 1e-9 and scale.minimum <= round(level) <= scale.maximum for level in levels)


def _said(result: GraderResult) -> str:
    """What the grading model wrote."""
    output = (result.sample or {}).get("output")
    texts = (
        [text_of(each.get("content")) for each in output if isinstance(each, dict)] if isinstance(output, list) else []
    )
    return "\n".join(text for text in texts if text)
