"""Evaluations, versions, runs and attempts as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.core.inputs import Input
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.document import timestamp
from lattice.reporting.figures import progress_json
from lattice.service.reading import reference_of
from lattice.store import Annotation, AttemptRow, EvaluationRow, QueuePlace, VersionRecord
from lattice.studio.state import Studio

NOT_STARTED = "not_started"


def evaluation_json(
    studio: Studio, row: EvaluationRow, places: Mapping[str, QueuePlace] | None = None
) -> dict[str, Any]:
    """An evaluation as lists show it; `places` as in `run_json`."""
    version, run = row.last_version, row.last_run
    return {
        "id": row.id,
        "slug": row.slug,
        "name": row.name,
        "type": row.type,
        "archived": row.archived,
        "created_at": timestamp(row.created_at),
        "status": "pending" if run is None else shown_status(run),
        "versions": row.versions,
        "runs": row.runs,
        "last_version": None if version is None else version_json(version),
        "last_run": None if run is None else run_json(studio, run, places),
    }


def version_json(version: VersionRecord) -> dict[str, Any]:
    """A version without its configuration."""
    return {
        "number": version.number,
        "created_at": timestamp(version.created_at),
        "config_hash": version.config_hash,
        "inputs_hash": version.input_set.hash,
        "inputs": version.input_set.count,
        "inputs_with_reference": version.input_set.with_reference,
    }


def whole_version_json(version: VersionRecord) -> dict[str, Any]:
    """A version with its configuration."""
    evaluation = {"id": version.evaluation_id, "slug": version.evaluation_slug, "name": version.evaluation_name}
    return {**version_json(version), "evaluation": evaluation, "configuration": dict(version.config)}


def input_json(given: Input) -> dict[str, Any]:
    """One test case."""
    text = given.input
    return {
        "position": given.position,
        "id": given.id,
        "input": text if isinstance(text, str) else [{"role": m.role, "content": m.content} for m in text],
        "reference": given.reference,
        "context": list(given.context),
        "metadata": dict(given.metadata),
        "cluster": given.cluster,
    }


def run_json(studio: Studio, run: RunRecord, places: Mapping[str, QueuePlace] | None = None) -> dict[str, Any]:
    """A run as lists show it: what its row says, without reading its results.

    Parameters
    ----------
    places: of the runs that wait; read where they are not given.
    """
    summary = run.summary or {}
    return {
        "id": run.id,
        "number": run.number,
        "reference": reference_of(run),
        "evaluation": {"id": run.evaluation_id, "name": run.evaluation_name, "type": run.evaluation_type},
        "version": run.version,
        **state_json(studio, run, places),
        "tags": dict(run.tags),
        "trigger": run.trigger,
        "origin": run.origin,
        "created_at": timestamp(run.created_at),
        "duration_seconds": round(run.elapsed, 3),
        "progress": progress_json(run.progress),
        "metrics": [_headline(metric) for metric in summary.get("summary", {}).get("metrics", ())],
        "gates": [dict(gate) for gate in summary.get("gates", ())],
    }


def state_json(studio: Studio, run: RunRecord, places: Mapping[str, QueuePlace] | None = None) -> dict[str, Any]:
    """How a run stands; `places` as in `run_json`."""
    place = (studio.store.queue.places() if places is None else places).get(run.id)
    return {
        "status": shown_status(run),
        "interrupted": run.interrupted,
        "draining": run.draining,
        "queue_position": None if place is None else place.position,
        "stopped": run.stopped,
        "failure": failure_of(studio, run),
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
    }


def shown_status(run: RunRecord) -> str:
    """An interrupted run reads as failed."""
    return (RunStatus.FAILED if run.interrupted else run.status).value


def failure_of(studio: Studio, run: RunRecord) -> dict[str, Any] | None:
    """Why a run failed, or why the process that was to carry it out did not."""
    if run.failure is not None:
        return dict(run.failure)
    refusal = studio.launcher.refusal(run.key)
    if refusal is None or run.status in (RunStatus.COMPLETED, RunStatus.CANCELLED):
        return None
    return {"kind": NOT_STARTED, "message": refusal, "hint": None}


def attempt_json(row: AttemptRow) -> dict[str, Any]:
    """One failed call."""
    attempt = row.attempt
    return {
        "id": row.id,
        "position": attempt.key.position,
        "input_id": row.input_id,
        "target": row.target,
        "repeat": attempt.key.repeat + 1,
        "step": attempt.step.value,
        "kind": attempt.kind.value,
        "message": attempt.message,
        "attempt": attempt.number,
        "allowed": attempt.allowed,
        "at": timestamp(attempt.at),
        "retry_in_seconds": attempt.wait,
        "ended": None if row.ended is None else row.ended.value,
    }


def annotation_json(annotation: Annotation, targets: tuple[str, ...]) -> dict[str, Any]:
    """A person's score and note."""
    return {
        "position": annotation.key.position,
        "target": targets[annotation.key.target],
        "repeat": annotation.key.repeat + 1,
        "score": annotation.score,
        "note": annotation.note,
        "at": timestamp(annotation.at),
    }


_HEADLINE = ("target", "name", "n", "ended", "mean", "native_mean", "interval")


def _headline(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {name: metric.get(name) for name in _HEADLINE}
