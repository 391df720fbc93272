"""The whole on one PostgreSQL: runs that are started, watched, killed, resumed and read by several processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.browser.processes import StudioProcess
from tests.browser.processes import Workspace as BrowserWorkspace
from tests.crash.processes import Command, Ended, Forker, Simulated, Workspace, eventually

from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Step
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

INPUTS = 40
RUN = {"max_concurrent": 4}
BEHAVIOUR = Behaviour(latency=Latency(median=0.03, sigma=0.5))
WHOLE = {"total": INPUTS, "done": INPUTS, "successful": INPUTS, "failed": 0}


@pytest.fixture
def shared(tmp_path: Path, forker: Forker, postgresql_url: str) -> Workspace:
    """A folder whose store is elsewhere."""
    workspace = Workspace(tmp_path, forker, postgresql_url)
    workspace.write(INPUTS, RUN)
    return workspace


def begun(workspace: Workspace, server: Simulated, *arguments: str, calls: int) -> Command:
    """A command that has made so many calls."""
    before = server.counters.requests
    command = workspace.start(server, *arguments)
    command.until(lambda: server.counters.requests >= before + calls, f"{calls} calls")
    return command


def refused(ended: Ended) -> bool:
    return ended.code == 2 and "is running in process" in ended.err


def assert_whole(workspace: Workspace, record: RunRecord) -> None:
    """Every input has one result, and the run's row says so."""
    assert (record.status, record.interrupted, record.claim) == (RunStatus.COMPLETED, False, None)
    with workspace.store() as store:
        seqs = [row.seq for row in store.iterate_results(record.key)]
    assert (record.progress.done, record.seq, len(seqs)) == (INPUTS, len(seqs), INPUTS)
    assert sorted(seqs) == list(range(1, INPUTS + 1))


def test_a_run_is_killed_resumed_and_read_by_every_command(shared: Workspace) -> None:
    with Simulated(BEHAVIOUR) as server:
        begun(shared, server, "run", "evaluation.json", calls=30).kill()
        assert shared.record().interrupted
        assert "Status: Failed (interrupted)" in shared.run(server, "show", "latest").out
        eventually(lambda: server.counters.in_flight == 0, "the server to notice")
        finished = shared.run(server, "resume", "latest", "--json")
        assert (finished.code, finished.document["progress"]) == (0, WHOLE)
        assert server.counters.answered[Step.TARGET] <= INPUTS + 4
        again = shared.run(server, "run", "evaluation.json", "--json")
        assert again.code == 0
        assert shared.run(server, "watch", "latest").code == 0
        listed = shared.run(server, "ls")
        exported = shared.run(server, "export", "latest", "-o", "results.jsonl")
        compared = shared.run(server, "compare", "crash#1", "crash#2")
        assert (exported.code, compared.code) == (0, 0), exported.err + compared.err
    assert "crash#2" in listed.out
    lines = (shared.folder / "results.jsonl").read_text().splitlines()
    assert len(lines) == INPUTS
    assert not (shared.folder / ".lattice" / "lattice.db").exists()
    assert_whole(shared, shared.record("crash#1"))
    assert_whole(shared, shared.record("crash#2"))


def test_a_run_is_cancelled_from_another_process_and_keeps_what_it_has(shared: Workspace) -> None:
    with Simulated(BEHAVIOUR) as server:
        running = begun(shared, server, "run", "evaluation.json", calls=10)
        assert shared.run(server, "cancel", "latest").code == 0
        assert running.end().code == 130
        record = shared.record()
        assert record.status is RunStatus.CANCELLED
        assert 0 < record.progress.done < INPUTS
        assert shared.run(server, "resume", "latest").code == 0
    assert_whole(shared, shared.record())


def test_of_two_that_resume_a_run_at_once_one_carries_it_out(shared: Workspace) -> None:
    with Simulated(BEHAVIOUR) as server:
        begun(shared, server, "run", "evaluation.json", calls=20).kill()
        eventually(lambda: server.counters.in_flight == 0, "the server to notice")
        both = [shared.start(server, "resume", "latest") for _ in range(2)]
        ended = [each.end() for each in both]
    assert sorted(each.code for each in ended) == [0, 2], [each.err for each in ended]
    assert [refused(each) for each in ended].count(True) == 1
    assert_whole(shared, shared.record())


def test_two_studios_and_three_runners_share_a_store_and_one_runner_is_killed(shared: Workspace) -> None:
    with Simulated(BEHAVIOUR) as server:
        surroundings = BrowserWorkspace(shared.folder, {**server.environ, "LATTICE_DB": shared.url})
        with serving(surroundings) as first, serving(surroundings) as second:
            runners = [shared.start(server, "run", "evaluation.json") for _ in range(3)]
            for number in (1, 2, 3):
                eventually(partial(has_results, shared, number), f"results of run {number}")
            killed = running_process(shared, "crash#2")
            next(each for each in runners if each.number == killed).kill()
            asked = [post(studio, "/evaluations/crash/runs") for studio in (first, second)]
            assert sorted(each.end().code for each in runners if each.number != killed) == [0, 0]
            # Whoever killed it is neither of the two Studios: it is there to be resumed, from any of them.
            post(second, f"/runs/{shared.record('crash#2').id}/resume")
            for run in (*asked, {"id": shared.record("crash#2").id}):
                eventually(partial(is_over, shared, run["id"]), f"the end of run {run['id']}")
    for number in range(1, 6):
        assert_whole(shared, shared.record(f"crash#{number}"))
    assert server.counters.answered[Step.TARGET] <= 5 * INPUTS + RUN["max_concurrent"]


@contextmanager
def serving(workspace: BrowserWorkspace) -> Iterator[StudioProcess]:
    studio = StudioProcess(workspace)
    studio.start()
    try:
        yield studio
    finally:
        studio.kill()


def post(studio: StudioProcess, path: str) -> dict[str, Any]:
    """What the API of a Studio answers to an order without any wishes."""
    connection = HTTPConnection("127.0.0.1", studio.port, timeout=60)
    with closing(connection):
        connection.request("POST", f"/api/v1{path}", body="{}", headers={"content-type": "application/json"})
        answer = connection.getresponse()
        said = answer.read().decode()
    assert answer.status == 202, said
    found: dict[str, Any] = json.loads(said)
    return found


def is_over(workspace: Workspace, run_id: str) -> bool:
    return workspace.record(run_id).status is RunStatus.COMPLETED


def has_results(workspace: Workspace, number: int) -> bool:
    with workspace.store() as store:
        found = {run.number: run for run in store.runs()}
    return number in found and found[number].progress.done > 0


def running_process(workspace: Workspace, reference: str) -> int:
    claim = workspace.record(reference).claim
    assert claim is not None
    return claim.pid
