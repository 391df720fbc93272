"""Ctrl-C once and twice, SIGTERM, and `lattice cancel` from another process."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time

from tests.crash.processes import Command, Simulated, Workspace

from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

INPUTS = 50
CONCURRENT = 4
STEADY = Behaviour(latency=Latency(median=0.03))
SLOW = Behaviour(latency=Latency(median=60.0))
RUN = {"max_concurrent": CONCURRENT}


def begun(workspace: Workspace, server: Simulated, *, calls: int) -> Command:
    """A run that has made so many calls."""
    command = workspace.start(server, "run", "evaluation.json", "--json")
    command.until(lambda: server.counters.requests >= calls, f"{calls} calls")
    return command


def phase(record: RunRecord) -> object:
    return record.activity.get("phase")


def test_ctrl_c_keeps_what_is_there_and_resume_comes_to_the_numbers_of_a_whole_run(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(STEADY) as server:
        whole = workspace.run(server, "run", "evaluation.json", "--json").document
        server.counters.clear()
        command = begun(workspace, server, calls=2 * INPUTS * 4 // 10)
        command.send(signal.SIGINT)
        stopped = command.end()
        record = workspace.record()
        assert stopped.code == 130
        assert stopped.document["status"] == record.status == RunStatus.CANCELLED
        assert "lattice resume crash#2" in stopped.err
        assert INPUTS * 0.3 < record.progress.done < INPUTS * 0.8
        with workspace.store() as store:
            assert store.count_results(record.key) == record.progress.done == stopped.document["progress"]["done"]
            assert len(store.unjudged(record.key)) <= CONCURRENT
        resumed = workspace.run(server, "resume", "latest", "--json")
        assert server.counters.paid_again == 0
    assert resumed.code == 0
    assert resumed.document["status"] == "completed"
    for same in ("progress", "metrics", "cost", "errors"):
        assert resumed.document[same] == whole[same]


def test_a_second_ctrl_c_waits_for_nothing_and_leaves_a_consistent_store(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(SLOW) as server:
        command = begun(workspace, server, calls=1)
        command.send(signal.SIGINT)
        command.until(lambda: phase(workspace.record()) == "draining", "the run to drain")
        assert command.code is None
        command.send(signal.SIGINT)
        stopped = command.end()
    assert stopped.code == 130
    assert workspace.record().status is RunStatus.CANCELLED
    with sqlite3.connect(workspace.folder / ".lattice" / "lattice.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with Simulated(Behaviour()) as server:
        assert workspace.run(server, "resume", "latest").code == 0


def test_sigterm_finishes_calls_in_flight_and_leaves_the_run_interrupted(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(STEADY) as server:
        command = begun(workspace, server, calls=20)
        command.send(signal.SIGTERM)
        stopped = command.end()
        record = workspace.record()
        assert stopped.code == 143
        assert record.status is RunStatus.RUNNING
        assert record.interrupted
        assert 0 < record.progress.done < INPUTS
        assert "lattice resume crash#1" in stopped.err
        assert workspace.run(server, "resume", "latest").code == 0
        assert server.counters.paid_again == 0


def test_cancel_from_another_process_is_noticed_before_much_more_is_started(workspace: Workspace) -> None:
    inputs = 400
    workspace.write(inputs, RUN)
    with Simulated(STEADY) as server:
        command = begun(workspace, server, calls=40)
        asked = workspace.run(server, "cancel", "latest")
        then, calls = time.monotonic(), server.counters.requests
        stopped = command.end()
        took, more = time.monotonic() - then, server.counters.requests - calls
    record = workspace.record()
    assert asked.code == 0
    assert "crash#1 is asked to stop" in asked.err
    assert stopped.code == 130
    assert record.status is RunStatus.CANCELLED
    assert record.progress.done < inputs
    # Half a second at full speed, twice over, and what was in flight: however slow this machine, calls pace the run.
    per_second = CONCURRENT / 0.03
    assert more <= per_second * min(took, 1.0) + 2 * CONCURRENT


def test_cancel_is_noticed_while_nothing_is_committed(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(SLOW) as server:
        command = begun(workspace, server, calls=1)
        with workspace.store() as store:
            record = store.find_run("latest")
            store.request_stop(record.key, StopRequest.DRAIN)
            asked = time.monotonic()
            command.until(lambda: phase(store.run(record.key)) == "draining", "the run to drain")
            # Noticed within a fifth of a second and shown within another quarter; the rest is for slow machines.
            assert time.monotonic() - asked < 2.0
        assert command.code is None
        assert workspace.run(server, "cancel", "latest", "--now").code == 0
        assert command.end().code == 130


def test_a_run_that_nobody_carries_out_can_be_cancelled(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(STEADY) as server:
        begun(workspace, server, calls=10).kill()
        cancelled = workspace.run(server, "cancel", "latest")
        assert cancelled.code == 0
        assert workspace.record().status is RunStatus.CANCELLED
        assert workspace.run(server, "cancel", "latest").code == 2
        assert workspace.run(server, "resume", "latest").code == 0


def test_ctrl_c_while_the_interpreter_ends_changes_nothing() -> None:
    code = "import atexit, os, signal; from lattice.cli import main; atexit.register(os.kill, os.getpid(), 2); main()"
    ended = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("lattice")
