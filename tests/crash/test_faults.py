"""Providers that fail in every way they can: each trial ends, for the reason it has, and nothing waits for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from tests.crash.processes import Simulated, Workspace

from lattice.core.errors import ErrorKind
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Step
from lattice.engine.retry import granted
from lattice.providers.simulated import simulation
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.latency import Latency
from lattice.service.execution import execute, run_in_loop
from lattice.service.preparation import create_run, prepare, stage
from lattice.service.session import Controls
from lattice.store import AttemptRow, ResultRow

FAULTS = ("500=0.05", "hang=0.03", "429=0.03", "malformed=0.01", "cut=0.01")
KIND_OF = {
    Fault.SERVER_ERROR: ErrorKind.SERVER_ERROR,
    Fault.HANG: ErrorKind.TIMEOUT,
    Fault.RATE_LIMIT: ErrorKind.RATE_LIMIT,
    Fault.CUT: ErrorKind.CONNECTION,
    Fault.MALFORMED: ErrorKind.JUDGE_PARSE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that has ended, in this process."""

    record: RunRecord
    results: list[ResultRow]
    attempts: list[AttemptRow]
    tasks_left: int
    most_tasks: int

    @property
    def kinds(self) -> Counter[ErrorKind]:
        return Counter(row.failure.kind for row in self.results if row.failure)


def carried_out(
    workspace: Workspace, environ: Mapping[str, str], *, cancel_when: Callable[[], bool] = lambda: False
) -> Outcome:
    """Run the workspace's evaluation, or resume its latest run, and look at the event loop meanwhile."""
    with workspace.store() as store:
        prepared = prepare(workspace.folder / "evaluation.json", environ)
        runs = store.runs()
        record = runs[0] if runs else create_run(store, stage(store, prepared), tags={}, trigger="test")

        async def watched() -> tuple[RunRecord, int, int]:
            before, most, controls, cancelled = len(asyncio.all_tasks()), 0, Controls(), False
            running = asyncio.create_task(execute(store, record, prepared.surroundings, controls=controls))
            while not running.done():
                most = max(most, len(asyncio.all_tasks()))
                if cancel_when() and not cancelled:
                    controls.cancel()
                    cancelled = True
                await asyncio.wait([running], timeout=0.01)
            return running.result(), len(asyncio.all_tasks()) - before, most

        ended, left, most = run_in_loop(watched())
        results, attempts = list(store.iterate_results(ended.key)), store.attempts(ended.key, limit=10_000)
        return Outcome(ended, results, attempts, left, most)


def calls_of(attempts: list[AttemptRow], kinds: set[ErrorKind]) -> Counter[tuple[Any, Step]]:
    """Failed calls by trial and step."""
    return Counter((row.attempt.key, row.attempt.step) for row in attempts if row.attempt.kind in kinds)


@pytest.fixture
def quick_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's 429s ask for less than a second, so that many of them take no minute."""
    monkeypatch.setattr(simulation, "FAULT_WAIT", 0.05)


@pytest.mark.usefixtures("quick_refusals")
def test_without_retries_every_fault_is_one_failed_trial_of_its_kind(workspace: Workspace) -> None:
    retries = {"rate_limit": 0, "timeout": 0, "server_error": 0}
    workspace.write(250, {"max_concurrent": 40, "timeout": 0.5, "retries": retries})
    with Simulated(Behaviour.from_options(faults=FAULTS, seed=3)) as server:
        ended = carried_out(workspace, server.environ)
        ordered = {KIND_OF[fault]: count for fault, count in server.counters.faults.items()}
        calls = server.counters.requests
    assert ended.record.status is RunStatus.COMPLETED
    assert ended.record.progress.done == len(ended.results) == 250
    assert ended.kinds == ordered
    assert set(ordered) == set(KIND_OF.values())
    assert sum(row.attempts for row in ended.results) == calls
    assert all(row.attempts <= 2 for row in ended.results)
    assert ended.tasks_left == 0


@pytest.mark.usefixtures("quick_refusals")
def test_with_retries_every_trial_ends_within_its_attempts(workspace: Workspace) -> None:
    workspace.write(200, {"max_concurrent": 40, "timeout": 0.5})
    with Simulated(Behaviour.from_options(faults=FAULTS, seed=4)) as server:
        ended = carried_out(workspace, server.environ)
        spoilt, calls = server.counters.faults[Fault.MALFORMED], server.counters.requests
    policy = prepare(workspace.folder / "evaluation.json", server.environ).evaluation.run.retries
    assert ended.record.status is RunStatus.COMPLETED
    assert ended.record.progress.done == len(ended.results) == 200
    assert ended.kinds[ErrorKind.JUDGE_PARSE] == spoilt > 0
    assert ended.kinds.total() - spoilt <= 3
    assert sum(row.attempts for row in ended.results) == calls
    for row in ended.attempts:
        assert row.attempt.number <= row.attempt.allowed
        assert (row.attempt.wait is None) is (row.attempt.number > granted(row.attempt.kind, policy))
    every = calls_of(ended.attempts, set(ErrorKind))
    assert max(every.values()) <= 1 + max(policy.rate_limit, policy.timeout, policy.server_error)
    assert max(calls_of(ended.attempts, {ErrorKind.TIMEOUT}).values()) <= 1 + policy.timeout
    assert ended.tasks_left == 0


def test_a_server_that_hangs_from_the_start_is_given_up_after_three_inputs(workspace: Workspace) -> None:
    workspace.write(100, {"timeout": 0.3})
    with Simulated(Behaviour.from_options(faults=["hang"])) as server:
        ended = carried_out(workspace, server.environ)
        assert server.counters.requests == 3 * 3
    assert ended.record.status is RunStatus.FAILED
    assert ended.record.progress.done == 3
    assert ended.record.failure is not None
    assert ended.record.failure["kind"] == ErrorKind.TIMEOUT
    assert "Timeout after 0.3s" in ended.record.failure["message"]
    assert ended.tasks_left == 0


def test_a_server_that_hangs_later_on_is_probed_and_then_given_up(workspace: Workspace) -> None:
    workspace.write(100, {"max_concurrent": 10, "timeout": 0.3, "retries": {"timeout": 0}, "give_up_after": 0.5})
    with Simulated(Behaviour(latency=Latency(median=0.02))) as server:
        begun = carried_out(workspace, server.environ, cancel_when=lambda: server.counters.requests > 20)
    with Simulated(Behaviour.from_options(faults=["hang"])) as server:
        ended = carried_out(workspace, server.environ)
    assert 0 < begun.record.progress.done < 60
    assert begun.record.status is RunStatus.CANCELLED
    assert ended.record.status is RunStatus.FAILED
    assert ended.kinds == {ErrorKind.TIMEOUT: ended.record.progress.failed}
    # Twenty in a row, those in flight with the last of them, and a probe or two.
    assert 20 <= ended.record.progress.failed <= 20 + 10 + 2
    assert ended.tasks_left == 0


def test_a_wrong_key_costs_no_more_than_two_calls_and_names_the_variable(workspace: Workspace) -> None:
    workspace.write(50)
    with Simulated(Behaviour(key="the-right-one")) as server:
        ended = workspace.run(server, "run", "evaluation.json")
        assert server.counters.requests <= 2
    assert ended.code == 1
    assert "OPENAI_API_KEY" in ended.err
    assert "Status: Failed" in ended.err
    assert workspace.record().status is RunStatus.FAILED


def test_a_judge_that_never_answers_in_form_costs_three_inputs(workspace: Workspace) -> None:
    workspace.write(50)
    with Simulated(Behaviour.from_options(faults=["malformed"])) as server:
        ended = workspace.run(server, "run", "evaluation.json", "--json")
        assert server.counters.requests == 6
    assert ended.code == 1
    assert ended.document["progress"] == {"total": 50, "done": 3, "successful": 0, "failed": 3}
    assert ended.document["failure"]["kind"] == "judge_parse"
    assert [error["kind"] for error in ended.document["errors"]] == ["judge_parse"] * 3


def test_inputs_wait_in_the_store_and_not_as_tasks(workspace: Workspace) -> None:
    concurrent = 20
    models = {
        "targets": [{"name": "Target", "model": "sim/assistant"}],
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
    }
    workspace.write(20_000, {"max_concurrent": concurrent, "budget": {"tokens": 300_000}}, **models)
    ended = carried_out(workspace, {})
    assert ended.record.stopped == "budget"
    assert ended.record.progress.total == 20_000
    assert ended.record.progress.done > 500
    assert concurrent < ended.most_tasks <= 3 * concurrent
    assert ended.tasks_left == 0
