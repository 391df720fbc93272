"""What becomes of runs when the Studio that started them is told to stop, or everything is killed: nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.browser.processes import StudioProcess, Workspace
from tests.crash.processes import Simulated

from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Step
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency
from lattice.store import Store, open_store

INPUTS = 40
EVALUATION = f"""
name: Long
targets: [{{name: Bot, model: openai/sim-assistant}}]
inputs: {{items: [{", ".join(f"Question {number}?" for number in range(1, INPUTS + 1))}]}}
scoring: {{judge: {{model: openai/sim-judge, rubric: "5: right. 1: wrong."}}}}
run: {{max_concurrent: 2}}
"""


def until(found: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + 120
    while not found():
        assert time.monotonic() < limit, f"waited for {what}"
        time.sleep(0.02)


@pytest.fixture
def server() -> Iterator[Simulated]:
    with Simulated(Behaviour(latency=Latency(median=0.15))) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path, server: Simulated) -> Workspace:
    workspace = Workspace(tmp_path, server.environ)
    workspace.write("evaluation.yaml", EVALUATION)
    workspace.lattice("add", "evaluation.yaml")
    return workspace


@contextmanager
def started(workspace: Workspace, *options: str) -> Iterator[StudioProcess]:
    studio = StudioProcess(workspace, options)
    studio.start()
    try:
        yield studio
    finally:
        studio.kill()


@contextmanager
def opened(workspace: Workspace) -> Iterator[Store]:
    with open_store(f"sqlite:///{workspace.folder}/.lattice/lattice.db") as store:
        yield store


def half_done(studio: StudioProcess, store: Store) -> RunRecord:
    """A run that the Studio has started and that is at 50%."""
    connection = HTTPConnection("127.0.0.1", studio.port)
    connection.request("POST", "/api/v1/evaluations/long/runs", "{}", {"content-type": "application/json"})
    assert connection.getresponse().status == 202
    connection.close()
    until(lambda: store.runs()[0].progress.done >= INPUTS // 2, "half of the run")
    return store.runs()[0]


def check_complete(store: Store, server: Simulated) -> None:
    """The run ended once, complete, and no answer was paid for twice."""
    (run,) = store.runs()
    assert (run.status, run.progress.done, run.progress.failed) == (RunStatus.COMPLETED, INPUTS, 0)
    assert store.count_results(run.key) == INPUTS


def test_a_run_goes_on_when_its_studio_is_terminated(workspace: Workspace, server: Simulated) -> None:
    with started(workspace) as studio, opened(workspace) as store:
        run = half_done(studio, store)
        studio.terminate()
        assert not store.run(run.key).interrupted
        until(lambda: store.run(run.key).status is RunStatus.COMPLETED, "the end of the run")
        check_complete(store, server)
        assert server.counters.answered[Step.TARGET] == INPUTS


def test_a_run_that_is_handed_over_waits_and_goes_on_at_the_next_start(workspace: Workspace, server: Simulated) -> None:
    with started(workspace, "--hand-over") as studio, opened(workspace) as store:
        run = half_done(studio, store)
        studio.terminate()
        stopped = store.run(run.key)
        assert stopped.interrupted
        assert INPUTS // 2 <= stopped.progress.done < INPUTS
        assert [entry.run_id for entry in store.queue.waiting()] == [run.id]
        studio.start()
        until(lambda: store.run(run.key).status is RunStatus.COMPLETED, "the end of the run")
        check_complete(store, server)
        assert server.counters.answered[Step.TARGET] == INPUTS
        assert server.counters.paid_again == 0


def test_a_run_goes_on_after_everything_was_killed(workspace: Workspace, server: Simulated) -> None:
    with started(workspace) as studio, opened(workspace) as store:
        run = half_done(studio, store)
        claim = store.run(run.key).claim
        assert claim is not None
        studio.kill()
        os.kill(claim.pid, signal.SIGKILL)
        until(lambda: store.run(run.key).interrupted, "the end of its process")
        assert store.queue.place_of(run.id) is not None
        studio.start()
        until(lambda: store.run(run.key).status is RunStatus.COMPLETED, "the end of the run")
        check_complete(store, server)


def test_a_run_that_somebody_kills_under_a_living_studio_is_left_to_them(
    workspace: Workspace, server: Simulated
) -> None:
    with started(workspace) as studio, opened(workspace) as store:
        run = half_done(studio, store)
        claim = store.run(run.key).claim
        assert claim is not None
        os.kill(claim.pid, signal.SIGKILL)
        until(lambda: not store.queue.entries(), "the Studio to notice")
        assert store.run(run.key).interrupted
