"""One process works on a run, and another takes over only when that one is gone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.store.conftest import Clock
from tests.store.making import make_run

from lattice.core.errors import ClaimLost, UsageError
from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.store import Store
from lattice.store.schema import runs

ROOT = Path(__file__).parents[2]

CLAIMING = """
import sys
from lattice.store import open_store
with open_store(sys.argv[1]) as store:
    sys.stdin.readline()
    try:
        store.claim(int(sys.argv[2]))
        print("claimed", flush=True)
    except Exception as error:
        print(error, flush=True)
    sys.stdin.readline()
"""


def started(url: str, run: RunRecord) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLAIMING, url, str(run.key)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def change(store: Store, run: RunRecord, **values: Any) -> None:
    with store._database.write() as connection:
        connection.execute(update(runs).where(runs.c.key == run.key).values(values))


def test_a_claimed_run_is_running(store: Store, clock: Clock) -> None:
    run = make_run(store)
    claim = store.claim(run.key, settings={"timeout": 9})
    found = store.run(run.key)
    assert (found.status, found.interrupted, found.claim) == (RunStatus.RUNNING, False, claim)
    assert (found.started_at, found.settings, found.revision) == (clock.now, {"timeout": 9}, 0)


def test_a_run_is_claimed_once(store: Store) -> None:
    run = make_run(store)
    claim = store.claim(run.key)
    with pytest.raises(UsageError, match=rf"answers-of-the-bot#1 is running in process {claim.pid} on {claim.host}; "):
        store.claim(run.key)


def test_of_two_processes_one_gets_the_run(store: Store, url: str) -> None:
    run = make_run(store)
    both = [started(url, run) for _ in range(2)]
    answers = sorted(answer(process) for process in both)
    assert answers[1] == "claimed"
    assert "is running in process" in answers[0]
    for process in both:
        end(process)


def test_a_run_whose_process_is_gone_is_interrupted_and_can_be_taken_over(store: Store, url: str) -> None:
    run = make_run(store)
    process = started(url, run)
    assert answer(process) == "claimed"
    assert not store.run(run.key).interrupted
    end(process)
    interrupted = store.run(run.key)
    assert (interrupted.status, interrupted.interrupted, interrupted.draining) == (RunStatus.RUNNING, True, False)
    store.claim(run.key)
    assert not store.run(run.key).interrupted


def test_on_another_host_the_heartbeat_decides(store: Store, clock: Clock) -> None:
    run = make_run(store)
    store.claim(run.key)
    change(store, run, claim_host="elsewhere")
    clock.advance(30)
    assert not store.run(run.key).interrupted
    with pytest.raises(UsageError, match="on elsewhere"):
        store.claim(run.key)
    clock.advance(0.1)
    assert store.run(run.key).interrupted
    store.claim(run.key)


def test_a_process_that_slept_is_not_interrupted_on_its_own_host(store: Store, clock: Clock) -> None:
    run = make_run(store)
    store.claim(run.key)
    clock.advance(8 * 3600)
    assert not store.run(run.key).interrupted


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_run_that_ended_can_be_claimed_again(store: Store, clock: Clock, status: RunStatus) -> None:
    run = make_run(store)
    start = clock.now
    store.release(run.key, store.claim(run.key, settings={"a": 1}), status, failure={"kind": "auth"})
    clock.advance(60)
    ended = store.run(run.key)
    assert (ended.status, ended.failure, ended.claim, ended.finished_at) == (status, {"kind": "auth"}, None, start)
    store.claim(run.key, again=True)
    again = store.run(run.key)
    assert (again.status, again.failure, again.finished_at, again.started_at) == (RunStatus.RUNNING, None, None, start)
    assert (again.settings, again.revision) == ({"a": 1}, 1)


def test_only_the_owner_releases(store: Store) -> None:
    run = make_run(store)
    claim = store.claim(run.key)
    with pytest.raises(ClaimLost):
        store.release(run.key, replace(claim, token="another"), RunStatus.FAILED)


def test_a_request_to_stop_is_seen_until_the_next_claim(store: Store) -> None:
    run = make_run(store)
    claim = store.claim(run.key)
    store.request_stop(run.key, StopRequest.DRAIN)
    assert (store.run(run.key).stop_request, store.run(run.key).draining) == (StopRequest.DRAIN, True)
    store.release(run.key, claim, RunStatus.CANCELLED)
    store.claim(run.key)
    assert store.run(run.key).stop_request is StopRequest.NONE


def test_a_stronger_request_stands(store: Store) -> None:
    run = make_run(store)
    store.claim(run.key)
    for request in (StopRequest.DRAIN, StopRequest.ABORT, StopRequest.DRAIN):
        store.request_stop(run.key, request)
    assert store.run(run.key).stop_request is StopRequest.ABORT


def test_a_run_that_does_not_run_is_not_asked_to_stop(store: Store) -> None:
    run = make_run(store)
    store.request_stop(run.key, StopRequest.DRAIN)
    assert store.run(run.key).stop_request is StopRequest.NONE


def test_a_deleted_run_cannot_be_claimed(store: Store) -> None:
    run = make_run(store)
    store.delete_run(run.key)
    with pytest.raises(UsageError, match="deleted"):
        store.claim(run.key)
