"""Runs of every kind, carried out with simulated models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.service.execution import AS_CONFIGURED, ResumeSettings, execute
from lattice.service.preparation import create_run, prepare_evaluation, stage
from lattice.service.rescoring import create_rescored, prepare_rescoring
from lattice.service.session import Controls
from lattice.store import Store

Making = Callable[[Store, Path], RunRecord]


def configured(**changes: Any) -> dict[str, Any]:
    """An evaluation of twenty questions, two to a cluster."""
    items = [{"input": f"Question {n}?", "reference": f"Answer {n}.", "cluster": f"c{n // 2}"} for n in range(20)]
    return {
        "name": "Round Trip",
        "targets": [{"name": "Assistant", "model": "sim/assistant"}],
        "inputs": {"items": items},
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
        **changes,
    }


def carried_out(store: Store, *, controls: Controls | None = None, **changes: Any) -> RunRecord:
    """One run from its configuration to its end."""
    prepared = prepare_evaluation(Evaluation.model_validate(configured(**changes)), {}, Path())
    record = create_run(store, stage(store, prepared), tags={"commit": "3f2a1c"}, trigger="cli")
    return asyncio.run(execute(store, record, prepared.surroundings, controls=controls))


def several_targets_and_metrics(store: Store, folder: Path) -> RunRecord:
    judge = {"model": "sim/judge", "mode": "reference", "pass": ">= 4", "criteria": [{"name": "tone"}, {"name": "so"}]}
    flaky = {"name": "Flaky", "model": "sim/assistant", "params": {"faults": {"500": 0.4}, "seed": 3}}
    return carried_out(
        store,
        targets=[{"name": "Assistant", "model": "sim/assistant"}, flaky],
        scoring={"judge": judge},
        checks=[{"name": "has a word", "regex": r"\w"}],
        run={"repeats": 2, "retries": {"server_error": 1}},
        gates=["mean > 0.3", "Flaky/failure_rate < 0.5"],
    )


def pairs(store: Store, folder: Path) -> RunRecord:
    old = {"name": "Old", "model": "sim/assistant-weak", "params": {"faults": {"500": 0.3}, "seed": 1}}
    return carried_out(
        store,
        type="comparison",
        targets=[old, {"name": "New", "model": "sim/assistant-strong"}],
        scoring={"judge": {"model": "sim/judge", "mode": "pairwise"}},
        run={"retries": {"server_error": 1}},
    )


def decided_early(store: Store, folder: Path) -> RunRecord:
    inputs = {"items": [f"Question {n}?" for n in range(300)]}
    return carried_out(
        store,
        inputs=inputs,
        scoring={"judge": {"model": "sim/judge"}},
        run={"stop_when": "decided", "max_concurrent": 4},
        gates=["mean > 0.1"],
    )


def cancelled(store: Store, folder: Path) -> RunRecord:
    controls = Controls()
    controls.cancel()
    return carried_out(store, controls=controls)


def at_its_budget(store: Store, folder: Path) -> RunRecord:
    return carried_out(store, run={"budget": {"tokens": 2_000}, "max_concurrent": 2}, gates=["mean > 0.1"])


def interrupted(store: Store, folder: Path) -> RunRecord:
    controls = Controls()
    controls.terminate()
    return carried_out(store, controls=controls)


def failed(store: Store, folder: Path) -> RunRecord:
    return carried_out(
        store, targets=[{"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"401": 1.0}}}]
    )


def failures_as_a_score(store: Store, folder: Path) -> RunRecord:
    judge = {"model": "sim/judge", "mode": "reference", "params": {"faults": {"malformed": 0.3}}}
    faulty = {"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"400": 0.3}, "seed": 2}}
    return carried_out(store, targets=[faulty], scoring={"judge": judge, "failed_as": 0}, gates=["mean > 0.5"])


def finished_by_a_second_session(store: Store, folder: Path) -> RunRecord:
    record = failures_as_a_score(store, folder)
    prepared = prepare_evaluation(Evaluation.model_validate(record.config), {}, Path())
    return asyncio.run(execute(store, record, prepared.surroundings, settings=ResumeSettings(failed=True, timeout=9.0)))


def rescored(store: Store, folder: Path) -> RunRecord:
    origin = carried_out(store)
    path = folder / "stricter.json"
    path.write_bytes(
        b'{"name": "Round Trip", "targets": [{"name": "Assistant", "model": "sim/assistant"}],'
        b'"inputs": {"items": ["a"]}, "scoring": {"judge": {"model": "sim/judge", "scale": "binary"}}}'
    )
    rescoring = prepare_rescoring(store, origin, path, {})
    record = create_rescored(store, rescoring, tags={}, trigger="cli", folder=None)
    return asyncio.run(execute(store, record, rescoring.surroundings, settings=AS_CONFIGURED))


def annotated(store: Store, folder: Path) -> RunRecord:
    record = carried_out(store)
    store.annotate(record.key, TrialKey(3, 0, 0), score=2.0, note="too short\n\x00\ud800")
    store.annotate(record.key, TrialKey(4, 0, 0), score=None, note="")
    return store.run(record.key)


MAKINGS: tuple[Making, ...] = (
    several_targets_and_metrics,
    pairs,
    decided_early,
    cancelled,
    at_its_budget,
    interrupted,
    failed,
    failures_as_a_score,
    finished_by_a_second_session,
    rescored,
    annotated,
)
