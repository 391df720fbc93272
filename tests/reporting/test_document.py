"""A run as one JSON document."""

from __future__ import annotations

from datetime import timedelta

from tests.reporting.run_records import NOW, evaluation, example_rows, result, run

from lattice.core.runs import RunStatus
from lattice.reporting.document import errors_of, run_document, timestamp
from lattice.reporting.rows import encode
from lattice.reporting.summary import Session, spending_of, summarise

LIVE = {"usage": {"target": [30000, 10000], "judge": [8000, 230]}, "cost_usd": {"target": 0.6, "judge": 0.12}}
SUMMARY = summarise(
    example_rows(), evaluation(), Session(total=200, elapsed=522.1, spending=spending_of(LIVE, evaluation()))
)


def test_the_document_has_the_published_keys_in_their_order() -> None:
    document = run_document(run(finished_at=NOW + timedelta(seconds=522)), SUMMARY, [], [])
    assert list(document) == [
        "id",
        "number",
        "status",
        "evaluation",
        "config_hash",
        "inputs_hash",
        "tags",
        "trigger",
        "stopped",
        "started_at",
        "finished_at",
        "duration_seconds",
        "failure",
        "progress",
        "usage",
        "cost",
        "metrics",
        "errors",
        "gates",
    ]
    assert document["progress"] == {"total": 200, "done": 200, "successful": 197, "failed": 3}
    assert list(document["usage"]) == ["input_tokens", "output_tokens", "total_tokens", "target", "judge"]
    assert document["usage"]["total_tokens"] == 48230
    assert document["usage"]["judge"]["cost_usd"] == 0.12
    assert document["usage"]["target"]["latency_seconds"]["Production RAG Stack"] == {
        "p50": 1.0,
        "p95": 1.0,
        "p99": 1.0,
    }
    assert document["cost"] == {"usd": 0.72, "unpriced_models": []}
    assert document["duration_seconds"] == 522.1
    assert document["finished_at"] == "2026-03-01T12:08:42.000Z"
    (metric,) = document["metrics"]
    assert list(metric) == [
        "target",
        "name",
        "n",
        "mean",
        "native_mean",
        "median",
        "std",
        "min",
        "max",
        "interval",
        "distribution",
    ]
    assert metric["distribution"][0] == {"value": 1, "score": 0.0, "count": 8}
    assert list(metric["interval"]) == ["lower", "upper", "level", "method"]
    encode(document)


def test_an_interrupted_run_is_failed_and_says_how_to_go_on() -> None:
    document = run_document(run(RunStatus.RUNNING, done=50, interrupted=True), SUMMARY, [], [])
    assert document["status"] == "failed"
    assert document["failure"]["kind"] == "interrupted"
    assert "resume" in document["failure"]["hint"]


def test_errors_are_those_of_failed_results() -> None:
    errors = list(errors_of([result(41), result(42, None)]))
    assert errors == [
        {
            "input": 42,
            "id": "q42",
            "target": "Production RAG Stack",
            "step": "target",
            "kind": "timeout",
            "message": "Timeout after 60s",
            "attempts": 3,
        }
    ]


def test_a_time_that_is_not_there_is_null() -> None:
    assert timestamp(None) is None
