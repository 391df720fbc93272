"""Finishing a run: with failed trials again, with other settings, with a larger budget."""

from __future__ import annotations

from typing import Any

from tests.crash.processes import Simulated, Workspace

from lattice.core.errors import ErrorKind
from lattice.core.runs import RunRecord, RunStatus
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
    workspace.write(20, {"max_concurrent": 8, "budget": {"tokens": 1_000}})
    with Simulated(STEADY) as server:
        assert workspace.run(server, "run", "evaluation.json").code == 4
        before = workspace.record()
        options = ("--timeout", "7", "--max-concurrent", "2", "--budget-tokens", str(spent_by(before) + 1))
        assert workspace.run(server, "resume", "latest", *options).code == 4
        more = str(spent_by(workspace.record()) + 1)
        assert workspace.run(server, "resume", "latest", "--timeout", "9", "--budget-tokens", more).code == 4
    after = workspace.record()
    assert after.config == before.config
    assert after.config_hash == before.config_hash
    assert after.settings == {"timeout": 9.0, "max_concurrent": 2, "budget": {"tokens": int(more)}}


def spent_by(record: RunRecord) -> int:
    """Tokens."""
    return sum(map(sum, record.live["usage"].values()))


def test_fewer_at_once_means_fewer_at_once(workspace: Workspace) -> None:
    workspace.write(20, {"max_concurrent": 8, "budget": {"tokens": 1_000}})
    with Simulated(STEADY) as server:
        workspace.run(server, "run", "evaluation.json")
        assert workspace.record().progress.done < 20
        server.counters.clear()
        resumed = workspace.run(server, "resume", "latest", "--max-concurrent", "2", "--budget-tokens", "100000")
        assert resumed.code == 0
        assert 0 < server.counters.max_in_flight <= 2


def test_a_useless_setting_is_refused_and_spends_nothing(workspace: Workspace) -> None:
    workspace.write(5, {"budget": {"tokens": 1}})
    with Simulated(Behaviour()) as server:
        workspace.run(server, "run", "evaluation.json")
        calls = server.counters.requests
        for option, value in (
            ("--max-concurrent", "0"),
            ("--budget", "0"),
            ("--budget-tokens", "0"),
            ("--timeout", "0"),
        ):
            refused = workspace.run(server, "resume", "latest", option, value)
            assert refused.code == 2
            assert option in refused.err
        for value in ("nan", "inf"):
            refused = workspace.run(server, "resume", "latest", "--budget-tokens", "9000", "--timeout", value)
            assert refused.code == 2
            assert "timeout" in refused.err
        unpriced = workspace.run(server, "resume", "latest", "--budget-tokens", "9000", "--budget", "5")
        assert server.counters.requests == calls
    assert unpriced.code == 2
    assert "openai/sim-assistant" in unpriced.err
    assert workspace.record().status is RunStatus.CANCELLED
    assert workspace.record().settings == {}


def test_a_budget_that_is_spent_already_is_refused_and_leaves_the_run_as_it_is(workspace: Workspace) -> None:
    workspace.write(20, {"max_concurrent": 4, "budget": {"tokens": 1_000}})
    with Simulated(STEADY) as server:
        workspace.run(server, "run", "evaluation.json")
        before = workspace.record()
        calls = server.counters.requests
        spent = spent_by(before)
        assert spent >= 1_000
        for options, limit in (((), 1_000), (("--budget-tokens", "900"), 900)):
            refused = workspace.run(server, "resume", "latest", *options)
            assert refused.code == 2
            assert f"crash#1 has spent {spent:,} of a budget of {limit:,} tokens, so nothing would run" in refused.err
            assert f"lattice resume crash#1 --budget-tokens {2 * limit}" in refused.err
        assert server.counters.requests == calls
    assert workspace.record() == before


def test_the_command_that_a_run_at_its_budget_of_tokens_prints_goes_on(workspace: Workspace) -> None:
    workspace.write(6, {"max_concurrent": 1, "budget": {"tokens": 400}})
    with Simulated(Behaviour()) as server:
        ended = workspace.run(server, "run", "evaluation.json")
        sessions = 1
        while ended.code == 4:
            (command,) = [line.strip() for line in ended.err.splitlines() if "lattice resume" in line]
            before = workspace.record().progress.done
            ended = workspace.run(server, *command.split()[1:])
            assert workspace.record().progress.done > before
            sessions += 1
        assert server.counters.paid_again == 0
    assert ended.code == 0
    assert 2 < sessions < 6
    assert workspace.record().status is RunStatus.COMPLETED


def test_a_larger_budget_of_one_kind_keeps_that_of_the_other(workspace: Workspace) -> None:
    with Simulated(STEADY) as server:
        workspace.write(8, {"max_concurrent": 1, "budget": {"cost_usd": 0.2, "tokens": 5_000}}, **priced(server))
        assert workspace.run(server, "run", "evaluation.json").code == 4
        assert workspace.run(server, "resume", "latest", "--budget", "0.7").code == 4
        assert workspace.record().settings == {"budget": {"cost_usd": 0.7}}
        tokens = spent_by(workspace.record()) + 1
        resumed = workspace.run(server, "resume", "latest", "--budget", "50", "--budget-tokens", str(tokens))
        assert resumed.code == 4
        assert f"lattice resume crash#1 --budget-tokens {2 * tokens}" in resumed.err
        assert workspace.record().settings == {"budget": {"cost_usd": 50.0, "tokens": tokens}}
        assert workspace.run(server, "resume", "latest", "--budget-tokens", "100000").code == 0
    assert workspace.record().settings == {"budget": {"cost_usd": 50.0, "tokens": 100_000}}


def test_a_run_that_failed_with_nothing_left_is_refused_and_stays_failed(workspace: Workspace) -> None:
    workspace.write(3)
    with Simulated(Behaviour.from_options(faults=["malformed"])) as server:
        failed = workspace.run(server, "run", "evaluation.json")
        assert failed.code == 1
        assert "lattice resume crash#1 --failed" in failed.err
        refused = workspace.run(server, "resume", "latest")
    assert refused.code == 2
    assert "crash#1 has failed, and no trial is left: 3 of 3" in refused.err
    assert workspace.record().status is RunStatus.FAILED


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
