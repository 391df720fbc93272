"""Finishing a run: with failed trials again, with other settings, with a larger budget."""

from __future__ import annotations

from typing import Any

from tests.crash.processes import Simulated, Workspace

from lattice.core.errors import ErrorKind
from lattice.core.runs import RunStatus
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

STEADY = Behaviour(latency=Latency(median=0.02))


def priced(server: Simulated) -> dict[str, Any]:
    """Targets and judge at a provider of one's own, at a dollar for a thousand tokens."""
    prices = {name: {"input": 1000, "output": 1000} for name in ("sim-assistant", "sim-judge")}
    return {
        "providers": {"mine": {"base_url": f"{server.url}/v1", "prices": prices}},
        "targets": [{"name": "Target", "model": "mine/sim-assistant"}],
        "scoring": {"judge": {"model": "mine/sim-judge", "mode": "reference"}},
    }


def test_failed_trials_are_run_again_in_the_same_run_which_becomes_a_revision(workspace: Workspace) -> None:
    workspace.write(30, {"max_concurrent": 4, "retries": {"server_error": 0}})
    with Simulated(Behaviour.from_options(faults=["500=0.25"])) as server:
        workspace.run(server, "run", "evaluation.json")
    before = workspace.record()
    with workspace.store() as store:
        first = {row.key: row for row in store.iterate_results(before.key)}
        attempts = store.attempts(before.key)
    failed = {key for key, row in first.items() if row.failure}
    assert 0 < before.progress.failed == len(failed) == len(attempts)

    with Simulated(Behaviour()) as server:
        repeated = workspace.run(server, "resume", "latest", "--failed", "--json")
        answered_before = {key for key in failed if first[key].response is not None}
        assert server.counters.contents == 2 * len(failed) - len(answered_before)
    after = workspace.record()
    assert repeated.code == 0
    assert (after.id, after.number, after.status) == (before.id, before.number, RunStatus.COMPLETED)
    assert after.revision == before.revision + 1
    assert after.progress.failed == 0
    with workspace.store() as store:
        second = {row.key: row for row in store.iterate_results(after.key)}
        assert store.attempts(after.key)[: len(attempts)] == [
            type(each)(**{**vars_of(each), "ended": second[each.attempt.key].status}) for each in attempts
        ]
    assert second.keys() == first.keys()
    for key, row in first.items():
        assert (second[key].seq == row.seq) is (key not in failed)
    assert repeated.document["errors"] == []


def vars_of(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def test_a_complete_run_says_so_and_is_not_run_again(workspace: Workspace) -> None:
    workspace.write(5)
    with Simulated(Behaviour()) as server:
        workspace.run(server, "run", "evaluation.json")
        calls = server.counters.requests
        for arguments in ((), ("--failed",)):
            again = workspace.run(server, "resume", "latest", *arguments)
            assert again.code == 2
            assert "crash#1 is complete: 5 of 5" in again.err
        assert server.counters.requests == calls


def test_settings_of_a_resume_hold_for_later_ones_and_leave_the_configuration_alone(workspace: Workspace) -> None:
    workspace.write(20, {"max_concurrent": 8, "budget": {"tokens": 2_000}})
    with Simulated(STEADY) as server:
        assert workspace.run(server, "run", "evaluation.json").code == 4
        before = workspace.record()
        resumed = workspace.run(server, "resume", "latest", "--timeout", "7", "--max-concurrent", "2")
        assert resumed.code == 4
        again = workspace.run(server, "resume", "latest", "--timeout", "9")
        assert again.code == 4
    after = workspace.record()
    assert after.config == before.config
    assert after.config_hash == before.config_hash
    assert after.settings == {"timeout": 9.0, "max_concurrent": 2}


def test_fewer_at_once_means_fewer_at_once(workspace: Workspace) -> None:
    workspace.write(20, {"max_concurrent": 8, "budget": {"tokens": 2_000}})
    with Simulated(STEADY) as server:
        workspace.run(server, "run", "evaluation.json", "--set", "run.budget.tokens=1000")
        assert workspace.record().progress.done < 20
        server.counters.clear()
        workspace.run(server, "resume", "latest", "--max-concurrent", "2")
        assert server.counters.max_in_flight <= 2


def test_a_useless_setting_is_refused_and_spends_nothing(workspace: Workspace) -> None:
    workspace.write(5, {"budget": {"tokens": 1}})
    with Simulated(Behaviour()) as server:
        workspace.run(server, "run", "evaluation.json")
        calls = server.counters.requests
        refused = workspace.run(server, "resume", "latest", "--max-concurrent", "0")
        unpriced = workspace.run(server, "resume", "latest", "--budget", "5")
        assert server.counters.requests == calls
    assert refused.code == 2
    assert "--max-concurrent" in refused.err
    assert unpriced.code == 2
    assert "openai/sim-assistant" in unpriced.err
    assert workspace.record().status is RunStatus.CANCELLED


def test_a_run_stops_at_its_budget_and_goes_on_with_a_larger_one(workspace: Workspace) -> None:
    with Simulated(STEADY) as server:
        workspace.write(30, {"max_concurrent": 3, "budget": {"cost_usd": 3.0}}, **priced(server))
        stopped = workspace.run(server, "run", "evaluation.json", "--json")
        record = workspace.record()
        assert stopped.code == 4
        assert (record.status, record.stopped) == (RunStatus.CANCELLED, "budget")
        assert stopped.document["status"] == "cancelled"
        assert stopped.document["stopped"] == "budget"
        assert 0 < record.progress.done < 30
        each = stopped.document["cost"]["usd"] / record.progress.done
        assert stopped.document["cost"]["usd"] <= 3.0 + each
        assert "lattice resume crash#1 --budget" in stopped.err

        finished = workspace.run(server, "resume", "latest", "--budget", "100", "--json")
        assert finished.code == 0
        assert finished.document["progress"]["successful"] == 30
        assert finished.document["stopped"] is None
        assert workspace.record().settings == {"budget": {"cost_usd": 100.0}}
        assert server.counters.paid_again == 0


def test_a_budget_that_lasts_exactly_stops_nothing(workspace: Workspace) -> None:
    with Simulated(Behaviour()) as server:
        workspace.write(4, {"max_concurrent": 1}, **priced(server))
        cost = workspace.run(server, "run", "evaluation.json", "--json").document["cost"]["usd"]
        ended = workspace.run(server, "run", "evaluation.json", "--json", "--set", f"run.budget.cost_usd={cost}")
    assert ended.document["progress"]["done"] == 4
    assert ended.code == 0
    assert ended.document["status"] == "completed"


def test_a_cost_budget_for_a_model_without_a_price_is_refused_before_anything_is_spent(workspace: Workspace) -> None:
    workspace.write(5, {"budget": {"cost_usd": 5.0}})
    with Simulated(Behaviour()) as server:
        refused = workspace.run(server, "run", "evaluation.json")
        assert server.counters.requests == 0
    assert refused.code == 2
    assert "openai/sim-assistant" in refused.err
    assert "budget" in refused.err


def test_what_was_answered_is_judged_and_not_asked_for_again(workspace: Workspace) -> None:
    workspace.write(12, {"max_concurrent": 3})
    with Simulated(Behaviour.from_options(faults=["malformed"])) as server:
        failed = workspace.run(server, "run", "evaluation.json")
        assert failed.code == 1
    with Simulated(Behaviour()) as server:
        resumed = workspace.run(server, "resume", "latest", "--failed", "--json")
        assert server.counters.contents == 2 * 12 - 3
    assert resumed.code == 0
    assert resumed.document["progress"]["successful"] == 12
    with workspace.store() as store:
        kinds = [row.attempt.kind for row in store.attempts(workspace.record().key)]
    assert kinds == [ErrorKind.JUDGE_PARSE] * 3
