"""From a log to a finished run, and to an evaluation to go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.models import Message, ToolCall, Usage
from lattice.core.runs import RunStatus
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.importers.documents import Document
from lattice.importers.drafting import Scored, drafts_of
from lattice.importers.foreign import checked, within
from lattice.importers.inspect_logs import objects
from lattice.importers.inspect_logs.archive import Archive
from lattice.importers.inspect_logs.contents import answer_of, has_media, input_of, resolved, targets_of
from lattice.importers.inspect_logs.objects import Log, Sample
from lattice.importers.inspect_logs.scorers import Assertion, Counterpart, counterpart_of, scorers_of
from lattice.importers.inspect_logs.scores import Measured, measured_in, number_of, parts_of, reasons_of
from lattice.importers.inspect_logs.solvers import target_of
from lattice.importers.naming import evaluation_name
from lattice.importers.recorded import RECORDED, passes_or_fails
from lattice.importers.records import FinishedRun, FinishedTrial, Imported, ImportProblem, Notes, Source, quoted

_STATUS = {"success": RunStatus.COMPLETED, "error": RunStatus.FAILED}


def is_log(data: Any) -> bool:
    """Whether a document is a log."""
    return isinstance(data, dict) and isinstance(data.get("eval"), dict) and "status" in data and "task" in data["eval"]


def import_log(path: Path, document: Document | None = None) -> Imported:
    """One log.

    Parameters
    ----------
    document: what a JSON file holds; None for an archive.

    Raises
    ------
    ImportProblem: it cannot be read, lacks what is needed, or holds no sample.
    """
    notes = Notes()
    log, samples = _archived(path) if document is None else _read(document)
    samples = _unlike(samples, notes)
    if not samples:
        raise ImportProblem(f"{path}: the log holds no samples; was it written with --no-log-samples?")
    return _imported(path, log, samples, notes)


def _read(document: Document) -> tuple[Log, list[Sample]]:
    log = checked(Log, document.data, document.place)
    given = document.data.get("samples") or []
    if not isinstance(given, list):
        raise ImportProblem(f"{document.place}: samples: expected a list")
    return log, [_sample(each, within(document.place, ("samples", index))) for index, each in enumerate(given)]


def _archived(path: Path) -> tuple[Log, list[Sample]]:
    with Archive(path) as archive:
        header, place = archive.header()
        if isinstance(header, dict) and "status" not in header:
            header = {"status": "started", **header}
        log = checked(Log, header, place)
        return log, [_sample(data, where) for data, where in archive.samples()]


def _sample(data: Any, place: str) -> Sample:
    return checked(Sample, resolved(data) if isinstance(data, dict) else data, place)


def _unlike(samples: Sequence[Sample], notes: Notes) -> list[Sample]:
    """The samples in the order of ids and epochs, each once."""
    found: dict[tuple[str, int], Sample] = {}
    for sample in samples:
        key = (str(sample.id), sample.epoch)
        if key in found or sample.epoch < 1:
            notes.left(f"sample {quoted(str(sample.id))}, epoch {sample.epoch}", "", "it stands in the log twice")
        else:
            found[key] = sample
    return list(found.values())


def _imported(path: Path, log: Log, samples: Sequence[Sample], notes: Notes) -> Imported:
    name = evaluation_name(log.eval.task)
    positions = {ident: number for number, ident in enumerate(dict.fromkeys(str(each.id) for each in samples), start=1)}
    firsts = list({str(sample.id): sample for sample in reversed(samples)}.values())[::-1]
    origin = f"Inspect log {quoted(path.name)} (task {quoted(log.eval.task)}, {quoted(log.eval.model)})"
    base = {"name": name, "description": f"Imported from {origin}"}
    repeats = max([log.eval.config.epochs or 1, *(sample.epoch for sample in samples)])
    further = {"run": {"repeats": repeats}} if repeats > 1 else {}
    counterparts = {spec.name: (spec.place, counterpart_of(spec, log, firsts, notes)) for spec in scorers_of(log)}
    scored = [
        Scored(
            name=each.rpartition("/")[2],
            origin=f"{place} {quoted(each)}",
            check=found.check,
            judge=found.judge,
            assertion=found.assertion is not None,
        )
        for each, (place, found) in counterparts.items()
        if found != Counterpart()
    ]
    _note_media(samples, notes)
    asserted = [found.assertion for _, found in counterparts.values() if found.assertion is not None]
    return Imported(
        name=name,
        source=Source.INSPECT,
        origin=origin,
        drafts=drafts_of(base, [target_of(log, notes)], scored, **further),
        inputs=[_row(sample, asserted) for sample in firsts],
        runs=(_run(log, samples, positions, {**base, **further}, {k: v[1] for k, v in counterparts.items()}, notes),),
        notes=notes.entries,
    )


def _note_media(samples: Sequence[Sample], notes: Notes) -> None:
    for sample in samples:
        if has_media([*(sample.input if isinstance(sample.input, list) else []), *sample.messages]):
            notes.left(f"sample {quoted(str(sample.id))}", "images, sounds, tool parts", "only texts are kept")


# -- inputs


def _row(sample: Sample, asserted: Sequence[Assertion]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": str(sample.id), "input": input_of(sample)}
    if targets := targets_of(sample):
        row["reference"] = " | ".join(targets)
    metadata = dict(sample.metadata)
    if asserted:
        metadata["assertions"] = [assertion(targets_of(sample)) for assertion in asserted]
    if metadata:
        row["metadata"] = metadata
    return row


def _input(sample: Sample, position: int) -> Input:
    content = input_of(sample)
    return Input(
        position=position,
        id=str(sample.id),
        input=content if isinstance(content, str) else tuple(Message(**message) for message in content),
        reference=" | ".join(targets_of(sample)) or None,
        metadata=sample.metadata,
    )


# -- the run


def _run(
    log: Log,
    samples: Sequence[Sample],
    positions: Mapping[str, int],
    base: Mapping[str, Any],
    counterparts: Mapping[str, Counterpart],
    notes: Notes,
) -> FinishedRun:
    measured = measured_in(samples, notes)
    single = len(measured) == 1
    methods = [_method(each, counterparts) for each in measured]
    scoring: dict[str, Any] = {"scoring": methods[0]} if single else {}
    checks = [{"name": each.name, **method} for each, method in zip(measured, methods, strict=True) if not single]
    config = {
        **base,
        "type": "benchmark" if measured else "operational",
        "targets": [{"name": log.eval.model.partition("/")[2] or log.eval.model, "model": _called(log.eval.model)}],
        "inputs": {"path": "inputs.jsonl"},
        **scoring,
        **({"checks": checks} if checks else {}),
    }
    if log.status not in ("success", "error", "cancelled"):
        notes.changed("status", quoted(log.status), "the log was not finished; the run is kept as cancelled")
    firsts = list({str(sample.id): sample for sample in reversed(samples)}.values())
    return FinishedRun(
        label=log.eval.run_id or log.eval.created or log.eval.task,
        config=config,
        inputs=sorted((_input(each, positions[str(each.id)]) for each in firsts), key=lambda each: each.position),
        trials=[_trial(sample, positions[str(sample.id)], log.eval.model, measured, single) for sample in samples],
        status=_STATUS.get(log.status, RunStatus.CANCELLED),
        started_at=_moment(log.stats.started_at) or _moment(log.eval.created),
        finished_at=_moment(log.stats.completed_at),
        failure=log.error.message if log.error is not None and log.status == "error" else None,
        tags=_tags(log),
    )


def _called(model: str) -> str:
    return model if len(model) >= 3 else f"model/{model}"


def _method(measured: Measured, counterparts: Mapping[str, Counterpart]) -> Mapping[str, Any]:
    """The method of ours that gives such numbers, where there is one; else that they were only recorded."""
    check = counterparts.get(measured.part[0], Counterpart()).check
    return check if check is not None and measured.binary and passes_or_fails(check) else RECORDED


def _tags(log: Log) -> dict[str, str]:
    named = {"task": log.eval.task, "model": log.eval.model, "id": log.eval.eval_id or log.eval.run_id}
    return {name: value for name, value in named.items() if value}


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _trial(sample: Sample, position: int, model: str, measured: Sequence[Measured], single: bool) -> FinishedTrial:
    key = TrialKey(position, 0, sample.epoch - 1)
    text = answer_of(sample)
    target, others = _usage(sample, model)
    response = None
    if text is not None:
        choice = sample.output.choices[0] if sample.output.choices else None
        response = Response(
            text=text,
            latency=max(0.0, sample.output.time or 0.0),
            usage=target,
            model=sample.output.model,
            finish_reason=choice.stop_reason if choice else None,
            tool_calls=_tool_calls(choice),
        )
    verdict, failure = _outcome(sample, text, measured, single)
    result = Result(
        key=key,
        verdict=verdict,
        failure=failure,
        usage=others,
        duration=max(0.0, sample.total_time or 0.0),
        wasted_usage=target if response is None else Usage(),
    )
    return FinishedTrial(result=result, response=response)


def _outcome(
    sample: Sample, text: str | None, measured: Sequence[Measured], single: bool
) -> tuple[Verdict | None, Failure | None]:
    values = dict(parts_of(sample))
    metrics = {
        "score" if single else each.name: Metric(score=number)
        for each in measured
        if (number := number_of(values.get(each.part))) is not None
    }
    if len(metrics) == len(measured) and sample.error is None and text is not None:
        return Verdict(metrics=metrics, reasoning=reasons_of(sample)), None
    if sample.error is not None:
        return None, Failure(step=Step.TARGET, kind=ErrorKind.TARGET_ERROR, message=sample.error.message or "failed")
    if text is None:
        reason = sample.output.error or "the log holds no answer"
        return None, Failure(step=Step.TARGET, kind=ErrorKind.TARGET_RESPONSE, message=reason)
    lacking = next(each.name for each in measured if each.name not in metrics)
    return None, Failure(
        step=Step.CHECK, kind=ErrorKind.TARGET_RESPONSE, message=f"the log holds no score of {lacking}"
    )


def _usage(sample: Sample, model: str) -> tuple[Usage, Usage]:
    """What the evaluated model took, and what all others took, such as those that graded."""
    if not sample.model_usage:
        return (_tokens(sample.output.usage) if sample.output.usage else Usage()), Usage()
    own = [_tokens(usage) for name, usage in sample.model_usage.items() if name == model]
    others = [_tokens(usage) for name, usage in sample.model_usage.items() if name != model]
    return sum(own, Usage()), sum(others, Usage())


def _tokens(usage: objects.Usage) -> Usage:
    """Cached tokens are part of the total, and of the input tokens here."""
    made = max(0, usage.output_tokens)
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    given = usage.total_tokens - made if usage.total_tokens > made else usage.input_tokens + cached
    return Usage(input_tokens=max(0, given), output_tokens=made)


def _tool_calls(choice: objects.Choice | None) -> tuple[ToolCall, ...]:
    calls = (choice.message.tool_calls or ()) if choice is not None else ()
    return tuple(
        ToolCall(name=call["function"], arguments=str(call.get("arguments", "")))
        for call in calls
        if isinstance(call.get("function"), str)
    )
