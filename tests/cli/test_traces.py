"""Traces as a collector gets them: a local server that reads OTLP."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.cli.command_line import CommandLine


class Collector(ThreadingHTTPServer):
    """Takes spans in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def named(self, beginning: str) -> list[Span]:
        return [span for span in self.spans if span.name.startswith(beginning)]


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        self.server.bodies.append(body)
        for resource in request.resource_spans:
            self.server.services.add(attributes(resource.resource)["service.name"])
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def attributes(of: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ready(lattice: CommandLine, collector: Collector) -> CommandLine:
    lattice.write_inputs(3)
    lattice.write_evaluation()
    lattice.set(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    return lattice


def test_a_run_is_one_trace_of_trials_and_calls(ready: CommandLine, collector: Collector) -> None:
    run = ready("run", "evaluation.yaml", "--traces", "--json").document
    (root,) = collector.named("run ")
    assert root.name == "run support-answers#1"
    assert not root.parent_span_id
    assert attributes(root) | {"lattice.run.id": run["id"], "lattice.run.status": "completed"} == attributes(root)
    trials, calls = collector.named("trial "), collector.named("chat ")
    assert {span.parent_span_id for span in trials} == {root.span_id}
    assert {span.parent_span_id for span in calls} == {span.span_id for span in trials}
    assert (len(trials), len(calls), len(collector.spans)) == (3, 6, 10)
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    assert collector.services == {"lattice"}
    assert all(root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano for span in calls)


def test_calls_are_described_by_the_conventions_for_generative_ai(ready: CommandLine, collector: Collector) -> None:
    ready("run", "evaluation.yaml", "--traces")
    call = next(span for span in collector.named("chat ") if attributes(span)["lattice.step"] == "target")
    told = attributes(call)
    assert (call.name, call.kind) == ("chat assistant", Span.SPAN_KIND_CLIENT)
    assert (told["gen_ai.operation.name"], told["gen_ai.provider.name"]) == ("chat", "sim")
    assert told["gen_ai.request.model"] == "assistant"
    assert told["gen_ai.usage.input_tokens"] > 0
    assert told["gen_ai.usage.output_tokens"] > 0


def test_no_contents_are_sent(ready: CommandLine, collector: Collector) -> None:
    ready("run", "evaluation.yaml", "--traces")
    assert not any(text in body for body in collector.bodies for text in (b"Question", b"Answer "))


def test_a_failed_call_has_its_kind_as_an_error(ready: CommandLine, collector: Collector) -> None:
    faulty = {"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"400": 1.0}}}
    ready.write_evaluation({"targets": [faulty]})
    ready("run", "evaluation.yaml", "--traces")
    for span in (*collector.named("chat "), *collector.named("trial ")):
        assert span.status.code == Status.STATUS_CODE_ERROR
        assert attributes(span)["error.type"] == span.status.message == "invalid_input"
    (root,) = collector.named("run ")
    assert root.status.code == Status.STATUS_CODE_ERROR


def test_without_the_option_nothing_is_sent(ready: CommandLine, collector: Collector) -> None:
    ready("run", "evaluation.yaml")
    assert collector.spans == []


def test_a_variable_asks_for_them_as_well(ready: CommandLine, collector: Collector) -> None:
    ready.set(LATTICE_TRACES="1", OTEL_SERVICE_NAME="nightly")
    ready("run", "evaluation.yaml")
    assert collector.services == {"nightly"}


def test_a_run_that_is_terminated_ends_its_spans(ready: CommandLine, collector: Collector) -> None:
    slow = {"name": "Assistant", "model": "sim/assistant", "params": {"latency": 0.3}}
    ready.write_evaluation({"targets": [slow], "run": {"max_concurrent": 1}})
    ready.write_inputs(200)
    command = [sys.executable, "-m", "lattice", "run", "evaluation.yaml", "--traces", "--log-level", "info"]
    process = subprocess.Popen(command, cwd=ready.folder, env=dict(os.environ), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "trial.ended" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    (root,) = collector.named("run ")
    assert attributes(root)["lattice.run.status"] == "interrupted"
    assert {span.parent_span_id for span in collector.named("trial ")} == {root.span_id}


def test_a_collector_that_is_not_there_costs_a_line_and_no_result(ready: CommandLine) -> None:
    ready.set(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1")
    ended = ready("run", "evaluation.yaml", "--traces", "--json")
    assert (ended.code, ended.document["progress"]["done"]) == (0, 3)
    assert "Some of the trace could not be sent" in ended.err
