"""Runs that compare targets in pairs, from the file to the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command_line import CommandLine

import lattice
from lattice.core.errors import InvalidEvaluation
from lattice.core.evaluation import Evaluation
from lattice.core.pairs import POSITION_BIAS
from lattice.store import open_store


def pairs(judge: str, *, n: int = 30, challengers: int = 1, **more: Any) -> dict[str, Any]:
    new = [{"name": f"New {place}", "model": "sim/assistant-strong"} for place in range(1, challengers + 1)]
    return {
        "name": "Pairs",
        "type": "comparison",
        "targets": [{"name": "Old", "model": "sim/assistant-weak"}, *new],
        "inputs": {"items": [f"Question {place}?" for place in range(n)]},
        "scoring": {"judge": {"model": judge, "mode": "pairwise"}},
        **more,
    }


def run(tmp_path: Path, **settings: Any) -> lattice.Run:
    return lattice.run(Evaluation.model_validate(pairs(**settings)), db=f"sqlite:///{tmp_path}/lattice.db")


def test_a_judge_that_always_prefers_the_first_wins_half_and_is_found_out(tmp_path: Path) -> None:
    found = run(tmp_path, judge="sim/judge-always-first").metric("score")
    assert (found.n, found.mean, found.native_mean) == (30, 0.5, None)
    assert found.as_json()["position_bias_rate"] == 1.0
    assert found.as_json()["pairs"] == {"baseline": "Old", "wins": 0, "ties": 30, "losses": 0, "biased": 30}


def test_a_judge_that_prefers_the_longer_is_free_of_the_position(tmp_path: Path) -> None:
    found = run(tmp_path, judge="sim/judge-longer")
    assert found.metric("score").as_json()["position_bias_rate"] == 0.0
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        key = store.find_run("latest").key
        for row in store.iterate_results(key):
            baseline = store.stored_response(key, row.key._replace(target=0))
            assert baseline is not None
            assert row.response is not None
            mine, its = len(row.response.text), len(baseline.text)
            assert row.metrics["score"].score == (0.5 if mine == its else float(mine > its))


def test_a_better_challenger_wins(tmp_path: Path) -> None:
    found = run(tmp_path, judge="sim/judge").metric("score")
    assert found.mean is not None
    assert found.mean > 0.6


def test_the_baseline_has_no_results_of_its_own_and_its_responses_are_shared(tmp_path: Path) -> None:
    found = run(tmp_path, judge="sim/judge", challengers=3, run={"repeats": 2})
    assert found.progress.total == found.progress.done == 30 * 3 * 2
    assert [metric.target for metric in found.metrics] == ["New 1", "New 2", "New 3"]
    assert {result.target for result in found.results()} == {"New 1", "New 2", "New 3"}
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        answered = store.unjudged(store.find_run("latest").key)
    assert {key.target for key in answered} == {0}
    assert len(answered) == 30 * 2
    usage = found.document()["usage"]["target"]
    assert list(usage["latency_seconds"]) == ["New 1", "New 2", "New 3"]


def test_gates_are_about_challengers_and_may_end_a_run_early(tmp_path: Path) -> None:
    gates = {"gates": ["New 1/mean > 0.2", "mean > 0.1"], "run": {"stop_when": "decided", "max_concurrent": 4}}
    found = run(tmp_path, judge="sim/judge", n=400, **gates)
    assert found.stopped == "decided"
    assert [gate["verdict"] for gate in found.document()["gates"]] == ["pass", "pass"]


def test_what_a_baseline_cannot_answer_fails_every_trial_of_the_input(tmp_path: Path) -> None:
    evaluation = pairs("sim/judge", n=40, challengers=2)
    evaluation["targets"][0]["params"] = {"faults": {"500": 0.5}, "seed": 3}
    evaluation["run"] = {"retries": {"server_error": 0}}
    found = lattice.run(Evaluation.model_validate(evaluation), db=f"sqlite:///{tmp_path}/lattice.db")
    failed: dict[int, set[str]] = {}
    for result in found.results("failed"):
        assert result.failure is not None
        assert result.failure.step == "target"
        assert result.failure.message.startswith("Baseline 'Old': ")
        failed.setdefault(result.position, set()).add(result.target)
    assert failed
    assert all(targets == {"New 1", "New 2"} for targets in failed.values())


@pytest.mark.parametrize(
    ("judge", "more", "key", "said"),
    [
        ({"scale": "binary"}, {}, "scoring.judge.scale", "there is no scale"),
        ({"pass": ">= 1"}, {}, "scoring.judge.pass", "nothing passes"),
        ({"criteria": [{"name": "tone"}]}, {}, "scoring.judge.criteria", "there are no criteria"),
        ({"samples": 3}, {}, "scoring.judge.samples", "once in each order"),
        ({}, {"targets": [{"name": "Old", "model": "sim/assistant"}]}, "targets", "give at least two"),
        ({}, {"gates": ["Old/mean > 0.5"]}, "gates.0", "'Old' is the baseline"),
        ({}, {"gates": ["mean > 3 on native scale"]}, "gates.0", "native scale"),
        ({}, {"checks": [{"name": POSITION_BIAS, "regex": "x"}]}, "checks.0.name", "cannot be called"),
    ],
)
def test_what_does_not_suit_pairs_is_told_with_its_place(
    tmp_path: Path, judge: dict[str, Any], more: dict[str, Any], key: str, said: str
) -> None:
    data = {**pairs("sim/judge"), **more}
    data["scoring"]["judge"] |= judge
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InvalidEvaluation) as caught:
        lattice.run(lattice.load(path), db=f"sqlite:///{tmp_path}/lattice.db")
    [problem] = caught.value.problems
    assert problem.key == key
    assert said in problem.message


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch)


def test_every_command_copes_with_pairs(command: CommandLine) -> None:
    command.write("pairs.json", json.dumps(pairs("sim/judge-always-first", n=12, challengers=2)))
    shown = command("run", "pairs.json")
    assert shown.code == 0, shown.err
    assert "  - Old (assistant-weak), the baseline" in shown.err
    assert "Scoring: LLM-as-Judge (Pairwise mode)" in shown.err
    assert "Progress: 24 / 24 (100%)" in shown.err
    assert shown.err.count("Against Old: 0 won, 12 tied, 0 lost") == 2
    assert "Position-bias rate: 100.0% (12 of 12 pairs follow the order)" in shown.err
    filtered = command("show", "--where", "position_bias = 1", "--raw")
    assert "24 of 24 results" in filtered.out + filtered.err
    compared = command("compare", "latest", "--json")
    assert [each["candidate"] for each in compared.document["comparisons"]] == ["pairs#1/New 2"]
    refused = command("compare", "latest/Old", "latest/New 1")
    assert refused.code == 2
    assert "there are 'New 1', 'New 2'" in refused.err
    assert command("ls").code == 0
    for name in ("rows.csv", "run.json", "run.jsonl", "run.md", "run.xml"):
        assert command("export", "latest", "-o", name).code == 0, name
    assert command("gate", "latest", "--require", "mean >= 0.5").code == 0


def test_a_report_tells_who_won(command: CommandLine) -> None:
    command.write("pairs.json", json.dumps(pairs("sim/judge-always-first", n=12)))
    assert command("run", "pairs.json", "-o", "run.md").code == 0
    report = (command.folder / "run.md").read_text(encoding="utf-8")
    assert "| New 1 | Old | 0 | 12 | 0 | 100.0% |" in report


def test_stored_responses_are_compared_in_pairs_without_calling_a_target(command: CommandLine) -> None:
    data = pairs("sim/judge", n=12, challengers=2)
    command.write("pairs.json", json.dumps(data))
    command.write("single.json", json.dumps(data | {"scoring": {"judge": {"model": "sim/judge"}}}))
    whole = command("run", "pairs.json", "--json").document
    assert command("run", "single.json").code == 0
    again = command("rescore", "latest", "pairs.json", "--json").document
    assert again["metrics"] == whole["metrics"]
    assert again["progress"] == {"total": 24, "done": 24, "successful": 24, "failed": 0}
    assert again["usage"]["target"]["total_tokens"] == 0


def test_the_baseline_stays_when_a_target_is_picked(command: CommandLine) -> None:
    command.write("pairs.json", json.dumps(pairs("sim/judge", n=3, challengers=2)))
    picked = command("run", "pairs.json", "--target", "New 2", "--json")
    assert picked.document["progress"]["total"] == 3
    assert [metric["target"] for metric in picked.document["metrics"]] == ["New 2"]
    alone = command("run", "pairs.json", "--target", "Old")
    assert alone.code == 2
    assert "give at least two" in alone.err


def test_two_runs_against_different_baselines_are_compared_with_a_warning(command: CommandLine) -> None:
    data = pairs("sim/judge", n=12)
    command.write("pairs.json", json.dumps(data))
    data["targets"][0]["name"] = "Older"
    command.write("other.json", json.dumps(data))
    assert command("run", "pairs.json").code == command("run", "other.json").code == 0
    [found] = command("compare", "pairs#1", "pairs#2", "--json").document["comparisons"]
    assert "different baselines: Old and Older" in found["warnings"]
