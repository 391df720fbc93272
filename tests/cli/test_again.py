"""``lattice rescore`` and ``lattice rerun``: what they call, keep, refuse and say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.command_line import CommandLine, judged_by
from tests.cli.servers import simulator

from lattice.core.trials import Step
from lattice.providers.simulated.server import SimulatorServer
from lattice.service.workspace import open_workspace

TARGET, JUDGE, OTHER_JUDGE = "openai/gpt-4o-mini", "openai/gpt-4o", "openai/gpt-4.1"
RUBRIC = {"scale": "likert-7", "rubric": "7: it agrees with the reference\n1: it does not"}
REFUSED = {"faults": {"400": 0.3}}


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with simulator() as server:
        yield server


@pytest.fixture
def connected(lattice: CommandLine, server: SimulatorServer) -> CommandLine:
    lattice.set(OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-dummy-openai")
    return lattice


def ran(lattice: CommandLine, inputs: int, **changes: Any) -> None:
    """A first run, and beside its file another one with another rubric on another scale."""
    lattice.write_inputs(inputs)
    targets = [{"name": "Assistant", "model": TARGET}]
    lattice.write_evaluation({"targets": targets, "scoring": judged_by(JUDGE), **changes})
    assert lattice("run", "evaluation.yaml", "--no-progress").code == 0
    lattice.write_evaluation({"targets": targets, "scoring": judged_by(OTHER_JUDGE, **RUBRIC)}, name="other.yaml")


def test_two_hundred_responses_are_rescored_with_no_target_call_and_as_many_of_the_judge(
    connected: CommandLine, server: SimulatorServer
) -> None:
    ran(connected, 200)
    before = server.counters.answered.copy()

    rescored = connected("rescore", "latest", "other.yaml", "--json", "--tag", "rubric=new")

    assert rescored.code == 0, rescored.err
    assert server.counters.answered[Step.TARGET] == before[Step.TARGET] == 200
    assert server.counters.answered[Step.JUDGE] == before[Step.JUDGE] + 200
    document = rescored.document
    assert document["number"] == 2
    assert document["tags"] == {"rubric": "new"}
    assert document["progress"] == {"total": 200, "done": 200, "successful": 200, "failed": 0}
    assert document["usage"]["target"]["total_tokens"] == 0
    assert [level["value"] for level in document["metrics"][0]["distribution"]] == [1, 2, 3, 4, 5, 6, 7]
    assert "Responses: 200 stored by support-answers#1; no target is called" in rescored.err


def test_the_origin_is_recorded_and_shown_and_its_responses_with_the_new_results(connected: CommandLine) -> None:
    ran(connected, 5)
    assert connected("rescore", "support-answers#1", "other.yaml", "--no-progress").code == 0

    assert "Responses: stored by support-answers#1" in connected("show", "latest").out
    assert "support-answers#2 (rescored)" in connected("ls").out
    with open_workspace(None, {}, connected.folder) as store:
        first, second = store.find_run("support-answers#1"), store.find_run("support-answers#2")
        assert second.origin == first.id
        old, new = store.results(first.key), store.results(second.key)
        assert [row.response for row in old] == [row.response for row in new]
        assert [row.target_cost for row in new] == [None] * 5
    assert "Response" in connected("show", "latest", "--raw").out


def test_trials_without_a_response_are_left_out_and_counted(connected: CommandLine, server: SimulatorServer) -> None:
    ran(connected, 20, targets=[{"name": "Assistant", "model": "sim/assistant", "params": REFUSED}])
    first = connected("show", "latest", "--json").document
    assert 0 < first["progress"]["failed"] < 20

    rescored = connected("rescore", "latest", "other.yaml", "--json")

    answered = first["progress"]["successful"]
    assert rescored.document["progress"] == {"total": answered, "done": answered, "successful": answered, "failed": 0}
    left_out = f"{20 - answered} trials without one are left out"
    assert left_out in rescored.err
    assert left_out in connected("show", "latest").out
    assert "the targets in other.yaml are not those of the run" in " ".join(rescored.err.split())


def test_a_rescored_run_is_resumed_without_a_call_too_many(connected: CommandLine, server: SimulatorServer) -> None:
    ran(connected, 12)
    stopped = connected(
        "rescore", "latest", "other.yaml", "--set", "run.budget.cost_usd=0.0005", "--set", "run.max_concurrent=1"
    )
    assert stopped.code == 4, stopped.err
    done = connected("show", "latest", "--json").document["progress"]["done"]
    assert 0 < done < 12

    resumed = connected("resume", "latest", "--budget", "5", "--json")

    assert resumed.code == 0, resumed.err
    assert resumed.document["progress"]["successful"] == 12
    assert server.counters.answered == {Step.TARGET: 12, Step.JUDGE: 24}


def test_failed_verdicts_of_a_rescored_run_are_asked_for_again_and_nothing_else(
    lattice: CommandLine,
) -> None:
    lattice.write_inputs(20)
    lattice.write_evaluation()
    assert lattice("run", "evaluation.yaml").code == 0
    faulty = lattice(
        "rescore", "latest", "evaluation.yaml", "--set", "scoring.judge.params={faults: {malformed: 0.5}}", "--json"
    )
    failed = faulty.document["progress"]["failed"]
    assert 0 < failed < 20

    again = lattice("resume", "latest", "--failed", "--json")

    assert again.document["progress"]["total"] == again.document["progress"]["done"] == 20
    assert {error["step"] for error in again.document["errors"]} <= {"judge"}


def test_targets_that_cannot_be_called_here_do_not_matter(connected: CommandLine) -> None:
    ran(connected, 3)
    connected.write_evaluation(
        {
            "targets": [{"http": {"url": "https://example.com", "headers": {"Authorization": "${NOT_SET}"}}}],
            "scoring": {"judge": {"model": "sim/judge"}},
        },
        name="local.yaml",
    )
    connected.set(OPENAI_API_KEY="")
    assert connected("rescore", "latest", "local.yaml", "--no-progress").code == 0


def test_a_rescored_run_can_be_rescored(connected: CommandLine, server: SimulatorServer) -> None:
    ran(connected, 3)
    assert connected("rescore", "latest", "other.yaml").code == 0
    again = connected("rescore", "latest", "evaluation.yaml", "--json")
    assert again.document["progress"]["successful"] == 3
    assert server.counters.answered[Step.TARGET] == 3
    assert "Responses: 3 stored by support-answers#2" in again.err


def test_gates_checks_and_scoring_are_the_files(connected: CommandLine) -> None:
    ran(connected, 3)
    connected.write_evaluation(
        {
            "scoring": {"exact_match": True},
            "checks": [{"name": "short", "regex": "^.{0,10000}$"}],
            "gates": ["mean > 0.99"],
        },
        name="exact.yaml",
    )
    rescored = connected("rescore", "latest", "exact.yaml", "--json")
    assert rescored.code == 3
    assert [metric["name"] for metric in rescored.document["metrics"]] == ["score", "short"]
    assert rescored.document["gates"][0]["verdict"] == "fail"


def test_what_cannot_be_scored_is_said_before_anything_is_spent(
    connected: CommandLine, server: SimulatorServer
) -> None:
    connected.write("inputs.jsonl", '{"input": "Why?"}\n{"input": "How?", "reference": "So."}\n')
    targets = [{"name": "Assistant", "model": TARGET}]
    connected.write_evaluation({"targets": targets, "scoring": {"judge": {"model": JUDGE}}})
    assert connected("run", "evaluation.yaml").code == 0
    connected.write_evaluation({"scoring": judged_by(JUDGE)}, name="reference.yaml")
    connected.write_evaluation(
        {"targets": [{"name": "Other", "model": TARGET}], "gates": ["Other/mean > 0.5"]}, name="gated.yaml"
    )
    asked = server.counters.requests

    lacking = connected("rescore", "latest", "reference.yaml")
    unknown = connected("rescore", "latest", "gated.yaml")

    assert lacking.code == unknown.code == 2
    assert "reference.yaml:" in lacking.err
    assert "1 of the run's 2 inputs have none" in lacking.err
    assert "no target is called 'Other'" in unknown.err
    assert server.counters.requests == asked
    assert "support-answers#2" not in connected("ls").out


def test_a_run_without_responses_cannot_be_rescored(lattice: CommandLine) -> None:
    lattice.write_inputs(3)
    lattice.write_evaluation(
        {"targets": [{"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"400": 1.0}}}]}
    )
    assert lattice("run", "evaluation.yaml").code == 1
    refused = lattice("rescore", "latest", "evaluation.yaml")
    assert refused.code == 2
    assert "support-answers#1 has no stored response" in refused.err


def test_a_rerun_is_a_fresh_run_of_the_stored_configuration_and_inputs(
    connected: CommandLine, server: SimulatorServer
) -> None:
    ran(connected, 4)
    connected.write_inputs(9)

    rerun = connected("rerun", "latest", "--json", "--tag", "commit=abc")

    assert rerun.code == 0, rerun.err
    assert rerun.document["number"] == 2
    assert rerun.document["progress"]["total"] == 4
    assert rerun.document["tags"] == {"commit": "abc"}
    first = connected("show", "support-answers#1", "--json").document
    assert rerun.document["config_hash"] == first["config_hash"]
    assert server.counters.answered == {Step.TARGET: 8, Step.JUDGE: 8}
    assert "has changed since" not in rerun.err


def test_a_rerun_says_what_has_changed_in_the_file_and_runs_what_is_stored(connected: CommandLine) -> None:
    ran(connected, 3)
    connected.write_evaluation(
        {
            "targets": [{"name": "Assistant", "model": TARGET}],
            "scoring": judged_by(JUDGE, scale="likert-3"),
            "gates": ["mean > 0.1"],
        }
    )
    connected.write("other.yaml", "name: another evaluation")

    rerun = connected("rerun", "latest", "--json")

    assert "evaluation.yaml has changed since support-answers#1" in rerun.err
    assert "- scoring.judge.scale: likert-5\n" in rerun.err
    assert "+ scoring.judge.scale: likert-3\n" in rerun.err
    assert len(rerun.document["metrics"][0]["distribution"]) == 5


def test_a_rerun_of_a_rescored_run_calls_its_targets(connected: CommandLine, server: SimulatorServer) -> None:
    ran(connected, 3)
    assert connected("rescore", "latest", "other.yaml").code == 0
    rerun = connected("rerun", "latest", "--json")
    assert rerun.document["progress"]["successful"] == 3
    assert server.counters.answered == {Step.TARGET: 6, Step.JUDGE: 9}
    assert "Responses:" not in connected("show", "latest").out


PAIRS = {"scoring": {"judge": {"model": JUDGE, "mode": "pairwise"}}, "type": "comparison"}


def test_responses_of_two_targets_are_compared_in_pairs_and_those_of_pairs_are_scored_alone(
    connected: CommandLine, server: SimulatorServer
) -> None:
    targets = [{"name": name, "model": TARGET} for name in ("Old", "New")]
    ran(connected, 5, targets=targets)
    connected.write_evaluation({"targets": targets, **PAIRS}, name="pairs.yaml")

    pairs = connected("rescore", "latest", "pairs.yaml", "--json")
    alone = connected("rescore", "latest", "evaluation.yaml", "--json")

    assert pairs.code == alone.code == 0, pairs.err + alone.err
    assert pairs.document["progress"]["successful"] == 5
    assert {metric["target"] for metric in pairs.document["metrics"]} == {"New"}
    assert alone.document["progress"]["successful"] == 10
    assert server.counters.answered[Step.TARGET] == 10
    assert server.counters.answered[Step.JUDGE] == 10 + 2 * 5 + 10
