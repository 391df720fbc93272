"""A run as an OpenTelemetry trace, sent over OTLP/HTTP: a span for the run, one for each trial, one for each call.

Names and attributes of calls to models follow the semantic conventions for generative AI. Spans hold ids, models,
tokens and kinds of failures, and no contents. They are sent in batches from a thread of their own; what is held until
then is the span of the run and those of the trials that go on.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lattice import __version__
from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import TrialKey
from lattice.engine.observing import (
    AttemptFailed,
    CallEnded,
    Event,
    RunBegan,
    RunEnded,
    TrialBegan,
    TrialEnded,
)
from lattice.service.reading import reference_of

try:
    from opentelemetry.context import Context
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
except ImportError as error:  # an extra
    raise UsageError("traces need OpenTelemetry: pip install 'lattice-evals[telemetry]'") from error

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MOST_WAITING = 20_000
"""Ended spans that wait to be sent; further ones are lost while the collector does not keep up."""
LAST_WORDS = 10.0
"""Seconds for what is left to be sent when the run has ended."""

_NANO = 1_000_000_000


class RunTrace:
    """Turns what happens in one run into spans.

    Parameters
    ----------
    provider: makes and sends them; it is nobody else's.
    """

    def __init__(self, record: RunRecord, provider: TracerProvider, exporter: CountingExporter) -> None:
        self._tracer = provider.get_tracer("lattice", __version__)
        self._exporter = exporter
        self._record = record
        self._targets = [str(target.get("name", "")) for target in record.config.get("targets", ())]
        self._run: Span | None = None
        self._trials: dict[TrialKey, Span] = {}
        # Events tell the time by a clock without a date.
        self._offset = time.time_ns() - int(time.monotonic() * _NANO)

    @property
    def lost(self) -> bool:
        """Whether some spans could not be sent."""
        return self._exporter.lost

    def note(self, event: Event) -> None:
        match event:
            case RunBegan():
                self._run_began(event)
            case TrialBegan():
                told = {**self._run_attributes(), **self._place(event.key)}
                name = f"trial {self._target(event.key)}"
                self._trials[event.key] = self._span(name, event.at, self._run, SpanKind.INTERNAL, told)
            case CallEnded():
                self._call_ended(event)
            case TrialEnded():
                self._trial_ended(event)
            case RunEnded():
                self._run_ended(event)
            case AttemptFailed():
                """The call's own span says so."""

    def _run_began(self, event: RunBegan) -> None:
        record = self._record
        told = {
            **self._run_attributes(),
            "lattice.evaluation.name": record.evaluation_slug,
            "lattice.evaluation.type": record.evaluation_type,
            "lattice.run.number": record.number,
            "lattice.run.trials": event.total,
            "lattice.run.trials_before": event.done,
        }
        self._run = self._span(f"run {reference_of(record)}", event.at, None, SpanKind.INTERNAL, told)

    def _run_ended(self, event: RunEnded) -> None:
        for key in list(self._trials):
            self._trials.pop(key).end(self._moment(event.at))
        if self._run is None:
            return
        interrupted = event.status is RunStatus.RUNNING
        self._run.set_attribute("lattice.run.status", "interrupted" if interrupted else event.status.value)
        if event.stopped is not None:
            self._run.set_attribute("lattice.run.stopped", event.stopped)
        if event.kind is not None or event.status is RunStatus.FAILED:
            _fail(self._run, event.kind or "failed")
        self._run.end(self._moment(event.at))
        self._run = None

    def _trial_ended(self, event: TrialEnded) -> None:
        span = self._trials.pop(event.key, None)
        if span is None:
            return
        outcome = "stopped" if not event.finished else "scored" if event.kind is None else "failed"
        span.set_attributes({"lattice.trial.outcome": outcome, "lattice.trial.attempts": event.attempts})
        if event.kind is not None:
            _fail(span, event.kind.value)
        span.end(self._moment(event.at))

    def _call_ended(self, event: CallEnded) -> None:
        limit = event.limit
        told = {
            **self._run_attributes(),
            **self._place(event.key),
            "lattice.step": event.step.value,
            "lattice.attempt": event.number,
            **(_model_attributes(event) if limit.model else {}),
        }
        name = f"chat {limit.model}" if limit.model else f"{event.step.value} {self._target(event.key)}"
        kind = SpanKind.INTERNAL if limit.provider.startswith("python:") else SpanKind.CLIENT
        span = self._span(name, event.began, self._trials.get(event.key, self._run), kind, told)
        if event.kind is not None:
            _fail(span, event.kind.value)
        span.end(self._moment(event.at))

    def _span(self, name: str, at: float, parent: Span | None, kind: SpanKind, told: Mapping[str, Any]) -> Span:
        context = Context() if parent is None else set_span_in_context(parent, Context())
        return self._tracer.start_span(name, context=context, kind=kind, attributes=told, start_time=self._moment(at))

    def _moment(self, at: float) -> int:
        return self._offset + int(at * _NANO)

    def _target(self, key: TrialKey) -> str:
        return self._targets[key.target] if key.target < len(self._targets) else str(key.target)

    def _run_attributes(self) -> dict[str, Any]:
        return {"lattice.run.id": self._record.id}

    def _place(self, key: TrialKey) -> dict[str, Any]:
        return {"lattice.input": key.position, "lattice.target": self._target(key), "lattice.repeat": key.repeat}


class CountingExporter(SpanExporter):
    """Sends spans and remembers whether any were lost."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.lost = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        self.lost = self.lost or result is not SpanExportResult.SUCCESS
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def check_endpoint(environ: Mapping[str, str]) -> None:
    """Say that no variable names a collector, if so.

    Raises
    ------
    UsageError: none does.
    """
    if not any(environ.get(name) for name in ENDPOINTS):
        raise UsageError(f"traces have nowhere to go: set {ENDPOINTS[0]}, such as http://localhost:4318")


@contextmanager
def traced(record: RunRecord, environ: Mapping[str, str] = os.environ) -> Iterator[RunTrace]:
    """Trace a run while this lasts; what is left is sent at the end, for ten seconds at most.

    Where to, with which headers and how often is read from the standard variables (``OTEL_EXPORTER_OTLP_ENDPOINT``,
    ``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_SERVICE_NAME``, ``OTEL_BSP_…``, ``OTEL_TRACES_SAMPLER``) of the process.

    Raises
    ------
    UsageError: no endpoint is named.
    """
    check_endpoint(environ)
    named = {} if environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "lattice"}
    exporter = CountingExporter(OTLPSpanExporter())
    provider = TracerProvider(resource=Resource.create({SERVICE_VERSION: __version__} | named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING))
    library = logging.getLogger("opentelemetry")
    earlier = library.level
    # What cannot be sent is said once, at the end.
    library.setLevel(logging.CRITICAL)
    try:
        yield RunTrace(record, provider, exporter)
    finally:
        _shut_down(provider)
        library.setLevel(earlier)


def _shut_down(provider: TracerProvider) -> None:
    """A collector that hangs does not keep the command from ending."""
    ending = threading.Thread(target=provider.shutdown, name="lattice traces", daemon=True)
    ending.start()
    ending.join(LAST_WORDS)


def _model_attributes(event: CallEnded) -> dict[str, Any]:
    """A call to a model, in the words of the semantic conventions."""
    usage = event.usage
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": event.limit.provider.rpartition(":")[2],
        "gen_ai.request.model": event.limit.model,
        "gen_ai.response.model": event.model,
        "gen_ai.response.finish_reasons": (event.finish_reason,) if event.finish_reason else None,
        "gen_ai.usage.input_tokens": usage.input_tokens if usage else None,
        "gen_ai.usage.output_tokens": usage.output_tokens if usage else None,
        "lattice.cost_usd": event.cost_usd,
    }
    return {name: value for name, value in told.items() if value is not None}


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, kind))
