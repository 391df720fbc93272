"""Which runs and targets are put side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lattice
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.service.comparing import compare_runs
from lattice.service.gating import decide_on
from lattice.service.sides import choose
from lattice.store import Store, open_store

QUESTIONS = tuple(f"Question {n}?" for n in range(1, 31))


def carried_out(url: str, *targets: tuple[str, str], name: str = "Support", **changes: Any) -> lattice.Run:
    data = {
        "name": name,
        "targets": [{"name": target, "model": model} for target, model in targets],
        "inputs": {"items": QUESTIONS},
        "scoring": {"judge": {"model": "sim/judge"}},
        **changes,
    }
    return lattice.run(Evaluation.model_validate(data), db=url)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lattice.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


GOOD, POOR = "sim/assistant-0.9", "sim/assistant-0.3"


def test_a_target_is_picked_behind_a_slash_whatever_its_name(url: str, store: Store) -> None:
    carried_out(url, ("a/b", GOOD), ("b", POOR), name="Rag / support")
    for text in ("Rag / support#1/a/b", "latest/a/b", "rag-support#1/a/b"):
        chosen = choose(store, text)
        assert (chosen.run.number, chosen.target) == (1, "a/b")
    assert choose(store, "Rag / support#1").target is None
    with pytest.raises(UsageError, match="has no target 'c'; there are 'a/b', 'b'"):
        choose(store, "latest/c")
    with pytest.raises(UsageError, match="there is no run 'nothing/b'"):
        choose(store, "nothing/b")


def test_targets_of_the_same_name_belong_together(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD), ("B", POOR))
    carried_out(url, ("B", GOOD), ("A", POOR))
    found = compare_runs(store, ["support#1", "support#2"]).comparisons
    assert [(each.baseline, each.candidate) for each in found] == [
        ("support#1/B", "support#2/B"),
        ("support#1/A", "support#2/A"),
    ]
    assert [each.finding.value for each in found] == ["better", "worse"]
    assert all(each.unfair == () for each in found)


def test_single_targets_are_compared_whatever_their_names(url: str, store: Store) -> None:
    carried_out(url, ("Old", POOR))
    carried_out(url, ("New", GOOD))
    [found] = compare_runs(store, ["support#1", "support#2"]).comparisons
    assert found.finding.value == "better"
    assert found.better[0].text in QUESTIONS


def test_a_target_without_a_counterpart_is_left_out_and_named(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD))
    carried_out(url, ("A", GOOD), ("B", POOR))
    report = compare_runs(store, ["support#1", "support#2"])
    assert report.left_out == ("support#2/B",)
    assert [each.candidate for each in report.comparisons] == ["support#2/A"]


def test_it_must_be_clear_what_belongs_together(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD), ("B", POOR))
    carried_out(url, ("C", GOOD))
    with pytest.raises(UsageError, match="pick one of each run: support#1/A, support#1/B, support#2"):
        compare_runs(store, ["support#1", "support#2"])
    [found] = compare_runs(store, ["support#1/A", "support#2"]).comparisons
    assert found.baseline == "support#1/A"


def test_the_correction_is_for_what_is_compared_together(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD), ("B", POOR), ("C", POOR))
    report = compare_runs(store, ["support#1"])
    assert [each.candidate for each in report.comparisons] == ["support#1/B", "support#1/C"]
    assert all(each.adjusted_p_value is not None for each in report.comparisons)
    [alone] = compare_runs(store, ["support#1/A", "support#1/C"]).comparisons
    assert alone.adjusted_p_value is None


def test_a_gate_without_a_target_must_hold_for_every_target(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD))
    carried_out(url, ("A", GOOD), ("B", POOR))
    decided = decide_on(store, "support#2", ["difference.mean > -0.5"], "support#1")
    assert decided.verdict.value == "not_evaluated"
    assert "support#1 has no score of B" in decided.gates[0].reason
    assert decide_on(store, "support#2", ["A/difference.mean > -0.5"], "support#1").verdict.value == "pass"
    assert decide_on(store, "support#2/A", ["difference.mean > -0.5"], "support#1").verdict.value == "pass"
    assert decide_on(store, "support#2", ["mean > 0.6"]).verdict.value == "fail"
    assert decide_on(store, "support#2/A", ["mean > 0.6"]).verdict.value == "pass"


def test_the_gates_of_a_run_are_about_all_its_targets(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD), gates=["mean > 0.5"])
    assert decide_on(store, "latest").verdict.value == "pass"
    with pytest.raises(UsageError, match="are about all its targets"):
        decide_on(store, "latest/A")


def test_python_compares_runs_of_different_stores(url: str, tmp_path: Path) -> None:
    old = carried_out(url, ("A", GOOD))
    new = carried_out(f"sqlite:///{tmp_path}/other.db", ("A", POOR))
    found = lattice.compare(old, new)
    assert found.difference is not None
    assert found.difference < -0.3
    assert found.unfair == ()
    assert (found.baseline, found.candidate) == ("support#1", f"support#1 ({new.id[:8]})")
    assert found.worse[0].text in QUESTIONS
