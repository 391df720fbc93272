"""What is left after SIGKILL, and what finishing it costs."""

from __future__ import annotations

import signal
import socket
import sqlite3
from collections import Counter
from functools import partial

from tests.crash.processes import Simulated, Workspace, eventually, position_of

from lattice.core.runs import RunStatus
from lattice.core.trials import Step
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

INPUTS = 60
CONCURRENT = 5
BEHAVIOUR = Behaviour(latency=Latency(median=0.03, sigma=0.5))
RUN = {"max_concurrent": CONCURRENT}


def paid(server: Simulated) -> Counter[tuple[str, int]]:
    """How often each input's calls were answered, by step."""
    calls: Counter[tuple[str, int]] = Counter()
    for each in server.counters.list_contents():
        calls[each["step"], position_of(each["text"])] += each["paid"]
    return calls


def stored(workspace: Workspace) -> tuple[dict[int, float], set[int]]:
    """Scores and answered inputs of the latest run, by position."""
    with workspace.store() as store:
        key = store.find_run("latest").key
        scores = {row.position: row.metrics["score"][0] for row in store.iterate_scores(key)}
        return scores, set(scores) | {trial.position for trial in store.unjudged(key)}


def has_answered(server: Simulated, calls: int) -> bool:
    return server.counters.requests >= calls


def test_a_run_killed_again_and_again_is_finished_and_nothing_stored_is_paid_for_again(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(BEHAVIOUR) as server:
        whole = workspace.run(server, "run", "evaluation.json", "--json").document
        server.counters.clear()
        arguments: tuple[str, ...] = ("run", "evaluation.json")
        moments = []
        for calls in (20, 50, 90):
            command = workspace.start(server, *arguments)
            command.until(partial(has_answered, server, calls), f"{calls} calls")
            command.kill()
            eventually(lambda: server.counters.in_flight == 0, "the server to notice")
            moments.append((*stored(workspace), paid(server)))
            arguments = ("resume", "latest")
        finished = workspace.run(server, *arguments, "--json")
        bill = paid(server)

    assert finished.code == 0
    assert finished.document["progress"] == {"total": 60, "done": 60, "successful": 60, "failed": 0}
    assert finished.document["metrics"] == whole["metrics"]
    final, _ = stored(workspace)
    for scores, answered, paid_then in moments:
        assert scores.items() <= final.items()
        assert all(bill["target", position] == paid_then["target", position] for position in answered)
        assert all(bill["judge", position] == paid_then["judge", position] for position in scores)
    for step in Step:
        assert server.counters.answered[step] - INPUTS <= len(moments) * CONCURRENT


def test_a_killed_run_reads_as_interrupted_at_once_and_says_how_to_finish_it(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(BEHAVIOUR) as server:
        command = workspace.start(server, "run", "evaluation.json")
        command.until(lambda: server.counters.requests > 20, "some calls")
        command.kill()
        assert workspace.record().interrupted
        shown = workspace.run(server, "show", "latest")
    assert shown.code == 0
    assert "Status: Failed (interrupted)" in shown.out
    assert "lattice resume crash#1" in shown.out + shown.err


def test_a_run_that_goes_on_is_not_resumed_by_somebody_else(workspace: Workspace) -> None:
    workspace.write(INPUTS, RUN)
    with Simulated(BEHAVIOUR) as server:
        command = workspace.start(server, "run", "evaluation.json")
        command.until(lambda: server.counters.requests > 5, "some calls")
        refused = workspace.run(server, "resume", "latest")
        assert workspace.record().progress.done < INPUTS
        assert refused.code == 2
        assert f"is running in process {command.number} on {socket.gethostname()}" in refused.err
        assert command.end().code == 0
    assert workspace.record().progress.done == INPUTS


def test_a_run_killed_between_its_last_result_and_its_end_is_completed_without_a_call(workspace: Workspace) -> None:
    workspace.write(5, RUN)
    with Simulated(Behaviour()) as server:
        whole = workspace.run(server, "run", "evaluation.json", "--json").document
        with sqlite3.connect(workspace.folder / ".lattice" / "lattice.db") as connection:
            connection.execute(
                "UPDATE runs SET status = 'running', finished_at = NULL, summary = NULL, claim_token = 'gone', "
                "claim_host = ?, claim_boot = '', claim_pid = 1, claim_started = 'long ago', heartbeat = 0, "
                "claim_released = 0",
                (socket.gethostname(),),
            )
        connection.close()
        assert workspace.record().interrupted
        calls = server.counters.requests
        finished = workspace.run(server, "resume", "latest", "--json")
        assert server.counters.requests == calls
    assert finished.code == 0
    assert finished.document["metrics"] == whole["metrics"]
    assert workspace.record().status is RunStatus.COMPLETED


def test_what_was_spent_before_the_first_result_is_counted(workspace: Workspace) -> None:
    with Simulated(Behaviour()) as server, Simulated(Behaviour.from_options(faults=["hang"])) as hanging:
        elsewhere = {
            "providers": {"mine": {"base_url": f"{server.url}/v1"}},
            "targets": [{"name": "Target", "model": "mine/sim-assistant"}],
        }
        workspace.write(5, RUN, **elsewhere)
        whole = workspace.run(server, "run", "evaluation.json", "--json").document
        command = workspace.start(hanging, "run", "evaluation.json")
        command.until(lambda: hanging.counters.requests > 0, "the judge was asked")
        command.kill()
        assert workspace.record().progress.done == 0
        resumed = workspace.run(server, "resume", "latest", "--json").document
    assert resumed["usage"]["total_tokens"] == whole["usage"]["total_tokens"]


def test_a_session_killed_while_it_repeats_failed_trials_leaves_their_failures(workspace: Workspace) -> None:
    workspace.write(20, {**RUN, "retries": {"server_error": 0}})
    flaky = Behaviour.from_options(faults=["500=0.3"])
    with Simulated(flaky) as server:
        workspace.run(server, "run", "evaluation.json")
    before = workspace.record()
    assert before.progress.failed > 0
    with Simulated(Behaviour.from_options(faults=["hang"])) as server:
        command = workspace.start(server, "resume", "latest", "--failed")
        command.until(lambda: server.counters.requests > 0, "a call")
        command.send(signal.SIGKILL)
        command.end()
    after = workspace.record()
    assert after.interrupted
    assert after.progress == before.progress
    with Simulated(Behaviour()) as server:
        assert workspace.run(server, "resume", "latest", "--failed").code == 0
    assert workspace.record().progress.failed == 0
