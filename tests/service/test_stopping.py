"""Runs that end once their gates are decided."""

from __future__ import annotations

import asyncio
from array import array
from pathlib import Path
from typing import Any

import pytest

import lattice
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.engine.plan import Schedule
from lattice.service.assembly import Surroundings
from lattice.service.conclusion import conclusion_of
from lattice.service.execution import execute
from lattice.service.stopping import clusters_problem, stopping_warnings, watch_for
from lattice.store import open_store


def evaluation(*gates: str, n: int = 10, **run: Any) -> Evaluation:
    return Evaluation.model_validate(
        {
            "name": "Early",
            "targets": [{"name": "A", "model": "sim/assistant-0.9"}],
            "inputs": {"items": [f"Question {place}?" for place in range(n)]},
            "scoring": {"judge": {"model": "sim/judge"}},
            "run": {"stop_when": "decided", **run},
            "gates": gates,
        }
    )


def test_nothing_is_watched_unless_it_is_asked_for() -> None:
    asked = evaluation("mean > 0.5")
    ranks = Schedule(array("q", range(1, 11)), seed=1).ranks()
    assert watch_for(asked, asked.run, ranks, ()) is not None
    assert watch_for(asked, asked.run.model_copy(update={"stop_when": None}), ranks, ()) is None


def test_there_must_be_gates_to_decide() -> None:
    with pytest.raises(ValueError, match="there are no gates to decide"):
        evaluation()


def test_gates_that_are_decided_at_the_end_are_named() -> None:
    [said] = stopping_warnings(evaluation("mean > 0.5", "latency_p95 < 2"))
    assert "'latency_p95 < 2' is decided at the end of a run" in said
    assert list(stopping_warnings(evaluation("mean > 0.5", "pass_rate > 0.1", "ci_upper < 1"))) == []


def test_inputs_in_clusters_are_a_problem_for_such_runs_alone() -> None:
    asked = evaluation("mean > 0.5")
    assert clusters_problem(asked, None) is None
    problem = clusters_problem(asked, 7)
    assert problem is not None
    assert problem.key == "run.stop_when"
    assert "#7" in problem.message
    plain = asked.model_copy(update={"run": asked.run.model_copy(update={"stop_when": None})})
    assert clusters_problem(plain, 7) is None


def test_a_run_that_was_decided_when_its_process_died_is_ended_without_another_call(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lattice.db"
    run = lattice.run(evaluation("mean > 0.5", n=300, max_concurrent=4), db=url)
    assert run.stopped == "decided"
    with open_store(url) as store:
        record = store.find_run("latest")
        store.release(record.key, store.claim(record.key), RunStatus.CANCELLED)
        surroundings = Surroundings(environ={}, base=tmp_path)
        resumed = asyncio.run(execute(store, store.run(record.key), surroundings))
        gates = conclusion_of(store, resumed).gates
    assert (resumed.status, resumed.stopped) == (RunStatus.COMPLETED, "decided")
    assert resumed.progress == record.progress
    assert [gate["verdict"] for gate in gates] == ["pass"]


def test_a_run_that_is_decided_by_its_last_result_is_just_complete(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lattice.db"
    found = lattice.run(evaluation("mean > 0.5", n=20, max_concurrent=20), db=url)
    assert (found.progress.done, found.stopped) == (20, None)
    interval = found.metric("score").interval
    assert interval is not None
    assert interval.method == "adjusted_t"
