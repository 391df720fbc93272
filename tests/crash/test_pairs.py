"""What pairs cost, and what finishing them costs after SIGKILL."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from tests.crash.processes import Simulated, Workspace, eventually, position_of

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.latency import Latency

PAIRS = 200


def compared(challengers: int = 1) -> dict[str, Any]:
    """Targets that can be told apart by what they are asked."""
    new = [
        {"name": f"New {place}", "model": "openai/sim-assistant", "prompt": f"New {place}. {{{{ input }}}}"}
        for place in range(1, challengers + 1)
    ]
    return {
        "type": "comparison",
        "targets": [{"name": "Old", "model": "openai/sim-assistant", "prompt": "Old. {{ input }}"}, *new],
        "scoring": {"judge": {"model": "openai/sim-judge", "mode": "pairwise"}},
    }


def calls(server: Simulated) -> Counter[str]:
    """Answers that were paid for, by who gave them."""
    found: Counter[str] = Counter()
    for each in server.counters.list_contents():
        who = "judge" if each["step"] == "judge" else each["text"].partition(". Question")[0]
        found[who] += each["paid"]
    return found


def paid_to_targets(server: Simulated) -> Counter[tuple[str, int]]:
    bill: Counter[tuple[str, int]] = Counter()
    for each in server.counters.list_contents():
        if each["step"] == "target":
            bill[each["text"].partition(". Question")[0], position_of(each["text"])] += each["paid"]
    return bill


def has_answered(server: Simulated, number: int) -> bool:
    return server.counters.requests >= number


def test_200_pairs_cost_200_calls_to_each_target_and_400_to_the_judge(workspace: Workspace) -> None:
    workspace.write(PAIRS, {"max_concurrent": 20}, **compared())
    with Simulated(Behaviour()) as server:
        ended = workspace.run(server, "run", "evaluation.json", "--json")
        assert calls(server) == {"Old": 200, "New 1": 200, "judge": 400}
    assert ended.document["progress"] == {"total": 200, "done": 200, "successful": 200, "failed": 0}


def test_challengers_share_what_the_baseline_costs(workspace: Workspace) -> None:
    workspace.write(30, {"max_concurrent": 20}, **compared(3))
    with Simulated(Behaviour()) as server:
        workspace.run(server, "run", "evaluation.json")
        assert calls(server) == {"Old": 30, "New 1": 30, "New 2": 30, "New 3": 30, "judge": 180}


def test_after_a_kill_nothing_that_was_stored_is_paid_for_again(workspace: Workspace) -> None:
    workspace.write(60, {"max_concurrent": 5}, **compared(2))
    with Simulated(Behaviour(latency=Latency(median=0.02, sigma=0.5))) as server:
        arguments: tuple[str, ...] = ("run", "evaluation.json")
        moments = []
        for number in (60, 200):
            command = workspace.start(server, *arguments)
            command.until(partial(has_answered, server, number), f"{number} calls")
            command.kill()
            eventually(lambda: server.counters.in_flight == 0, "the server to notice")
            moments.append((stored(workspace), paid_to_targets(server)))
            arguments = ("resume", "latest")
        finished = workspace.run(server, *arguments, "--json")
        bill = paid_to_targets(server)
    assert finished.document["progress"] == {"total": 120, "done": 120, "successful": 120, "failed": 0}
    for answered, before in moments:
        assert any(who == "Old" for who, _ in answered)
        assert {each: bill[each] for each in answered} == {each: before[each] for each in answered}


def stored(workspace: Workspace) -> set[tuple[str, int]]:
    """Whose responses to which inputs are in the store."""
    names = ("Old", "New 1", "New 2")
    with workspace.store() as store:
        return {(names[key.target], key.position) for key in store.answered(store.find_run("latest").key)}
