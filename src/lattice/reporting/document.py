"""A run as one JSON document: the same for ``run --json``, ``show --json`` and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import Summary, cost_json, progress_json, usage_json
from lattice.store.records import ResultRow

INTERRUPTED = {
    "kind": "interrupted",
    "message": "its process is gone",
    "hint": "lattice resume finishes it; what is stored is not paid for again",
}


def run_document(
    run: RunRecord, summary: Summary, errors: Iterable[Mapping[str, Any]], gates: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Everything a script may want to know of a run.

    Parameters
    ----------
    summary: its numbers; what is more than the published form of it stands under ``usage``, role by role.
    errors: see `errors_of`.
    gates: condition, verdict, value and reason of each.
    """
    document = {
        "id": run.id,
        "number": run.number,
        "status": (RunStatus.FAILED if run.interrupted else run.status).value,
        "evaluation": {"id": run.evaluation_id, "name": run.evaluation_name, "type": run.evaluation_type},
        "config_hash": run.config_hash,
        "inputs_hash": run.inputs_hash,
        "tags": dict(run.tags),
        "trigger": run.trigger,
        "stopped": run.stopped,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "duration_seconds": round(run.elapsed, 3),
        "failure": dict(INTERRUPTED) if run.interrupted else (dict(run.failure) if run.failure else None),
        "progress": progress_json(run.progress),
        "usage": _usage(summary),
        "cost": cost_json(summary.spending),
        "metrics": [metric.as_json() for metric in summary.metrics],
        "errors": [dict(error) for error in errors],
        "gates": [dict(gate) for gate in gates],
    }
    if run.contents_deleted_at is None:
        return document
    return {**document, "contents_deleted_at": timestamp(run.contents_deleted_at)}


def errors_of(results: Iterable[ResultRow]) -> Iterable[dict[str, Any]]:
    """One entry for each failed trial, in the order of `results`; scored ones are passed over."""
    for result in results:
        if result.failure is None:
            continue
        yield {
            "input": result.key.position,
            "id": result.input.id,
            "target": result.target,
            "step": result.failure.step.value,
            "kind": result.failure.kind.value,
            "message": result.failure.message,
            "attempts": result.attempts,
        }


def timestamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with ``Z``; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _usage(summary: Summary) -> dict[str, Any]:
    """Tokens per role, and beside the targets' how quick they were."""
    usage = usage_json(summary.spending)
    usage["target"]["latency_seconds"] = {target.target: target.as_json()["latency"] for target in summary.targets}
    usage["target"]["throughput_per_second"] = summary.throughput
    return usage
