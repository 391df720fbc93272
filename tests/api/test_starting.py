"""Runs that are found, finished, repeated and scored again from Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.core.errors import CallError, ErrorKind
from lattice.core.runs import RunStatus
from lattice.gates import Verdict


def test_runs_are_listed_newest_first_of_one_evaluation_or_of_all() -> None:
    one = evaluation(count=2, name="The first")
    lattice.run(one)
    lattice.run(evaluation(count=2, name="The second"))
    lattice.run(one)
    assert [run.name for run in lattice.runs()] == ["the-first#2", "the-second#1", "the-first#1"]
    for named in (one, "The first", "the-first", "THE FIRST"):
        assert [run.name for run in lattice.runs(named)] == ["the-first#2", "the-first#1"]
    assert [run.name for run in lattice.runs(limit=1)] == ["the-first#2"]
    with pytest.raises(lattice.UsageError, match=r"no evaluation 'nothing'.*The first"):
        lattice.runs("nothing")


def test_a_run_has_its_gates_and_their_verdict() -> None:
    run = lattice.run(evaluation(gates=["mean > 0.1", "mean > 0.99"]))
    assert [gate.verdict for gate in run.gates] == [Verdict.PASS, Verdict.FAIL]
    assert run.verdict is Verdict.FAIL
    assert lattice.run(evaluation()).verdict is Verdict.PASS
    assert lattice.run(evaluation()).cost_usd == 0


def test_running_again_keeps_the_earlier_run() -> None:
    first = lattice.run(evaluation(count=6), tags={"prompt": "one"})
    again = lattice.rerun(first, tags={"prompt": "two"})
    assert (first.name, again.name) == ("from-code#1", "from-code#2")
    assert lattice.open_run("from-code#1").document() == first.document()
    assert again.tags["prompt"] == "two"
    assert again.document()["config_hash"] == first.document()["config_hash"]
    assert lattice.compare(first, again).ties == 6
    assert lattice.rerun("from-code#1").name == "from-code#3"


def test_stored_responses_are_scored_again_without_a_call_to_a_target(folder: Path) -> None:
    calls: list[str] = []

    def answer(question: str) -> str:
        calls.append(question)
        return question

    run = lattice.run(evaluation(lattice.Function(answer, name="Once"), count=5))
    other = evaluation(
        lattice.Model("sim/assistant", name="Another"),
        scoring={"python": lambda input, response: response.text == "Question 3?"},
    )
    rescored = lattice.rescore(run, other, tags={"why": "exact"})
    assert len(calls) == 5
    assert rescored.metric().mean == pytest.approx(0.2)
    assert rescored.metric().target == "Once"
    assert rescored.tags["why"] == "exact"
    (folder / "scoring.yaml").write_text(
        "name: Other\ntargets: [{model: sim/assistant}]\ninputs: {items: [a]}\nscoring: {contains: Question}\n",
        encoding="utf-8",
    )
    assert lattice.rescore(run.name, "scoring.yaml").metric().mean == 1
    assert len(calls) == 5


def test_what_failed_is_run_again_in_the_same_run(folder: Path) -> None:
    (folder / "flaky_answers.py").write_text(
        "from pathlib import Path\n"
        "def answer(question):\n"
        "    if not Path('mended').exists():\n"
        "        raise ValueError('not yet')\n"
        "    return question\n",
        encoding="utf-8",
    )
    run = lattice.run(evaluation(lattice.Function("flaky_answers:answer", name="Flaky"), count=3))
    assert run.progress.failed == run.progress.done
    (folder / "mended").touch()
    finished = lattice.resume(run, failed=True, max_concurrent=2)
    assert finished.id == run.id
    assert finished.progress.successful == 3
    assert run.refresh().progress == finished.progress
    with pytest.raises(lattice.UsageError, match="is complete"):
        lattice.resume(finished)


def test_a_run_whose_budget_is_spent_is_finished_with_a_larger_one() -> None:
    async def dear(question: str) -> lattice.Answer:
        return lattice.Answer(question, cost_usd=1.0)

    made = evaluation(
        lattice.Function(dear, name="Dear"), count=6, scoring={"regex": "."}, run={"budget": {"cost_usd": 2.0}}
    )
    run = lattice.run(made)
    assert (run.status, run.stopped) == (RunStatus.CANCELLED, "budget")
    assert run.progress.done < 6


def test_the_path_of_a_file_stands_for_its_evaluation(folder: Path) -> None:
    (folder / "evaluation.yaml").write_text(
        "name: By path\ntargets: [{model: sim/assistant}]\ninputs: {items: [a, b]}\nscoring: {regex: .}\n",
        encoding="utf-8",
    )
    assert lattice.run("evaluation.yaml").name == "by-path#1"
    assert lattice.run(folder / "evaluation.yaml").name == "by-path#2"
    with pytest.raises(TypeError, match="expected an Evaluation or the path of its file, not dict"):
        lattice.run({"name": "data"})  # type: ignore[arg-type]


def test_cancelling_a_run_that_has_ended_says_so() -> None:
    run = lattice.run(evaluation(count=1))
    with pytest.raises(lattice.UsageError, match="has ended already"):
        run.cancel()


def test_a_run_that_failed_says_why() -> None:
    def refused(question: str) -> str:
        raise CallError(ErrorKind.AUTH, "the key is wrong")

    run = lattice.run(evaluation(lattice.Function(refused, name="Refused")))
    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert "the key is wrong" in run.failure
    assert lattice.run(evaluation(count=1)).failure is None


def test_a_run_can_be_used_from_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "support_answers.py").write_text("def answer(question):\n    return question\n", encoding="utf-8")
    run = lattice.run(evaluation(lattice.Function("support_answers:answer", name="There"), count=2))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert lattice.rerun(run).progress.successful == 2


def test_a_run_is_tagged_with_the_commit_of_its_folder(folder: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
        done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    (folder / "prompt.md").write_text("one", encoding="utf-8")
    git("add", "prompt.md")
    git("commit", "-q", "-m", "one")
    first = lattice.run(evaluation(count=2), tags={"mine": "yes"})
    assert first.tags == {"git.commit": git("rev-parse", "HEAD"), "git.dirty": "false", "mine": "yes"}
    (folder / "prompt.md").write_text("two", encoding="utf-8")
    dirty = lattice.run(evaluation(count=2))
    assert dirty.tags["git.dirty"] == "true"
    git("commit", "-q", "-a", "-m", "two")
    second = lattice.rerun(first)
    found = lattice.compare(first, second)
    [change] = found.changes
    assert (change.key, change.before, change.after) == (
        "git commit",
        first.tags["git.commit"][:12],
        second.tags["git.commit"][:12],
    )
    assert lattice.run(evaluation(count=2), tags={"git.commit": "abc"}).tags["git.commit"] == "abc"


def test_a_comparison_names_the_model_that_answered_and_what_was_configured_differently() -> None:
    def by(model: str) -> lattice.Evaluation:
        return evaluation(
            lattice.Function(lambda question: lattice.Answer(question, model=model), name="Answers"),
            count=3,
            run={"timeout": 60 if model == "old" else 30},
        )

    found = lattice.compare(lattice.run(by("old")), lattice.run(by("new")))
    assert [(change.key, change.before, change.after) for change in found.changes] == [
        ("run.timeout", 60.0, 30.0),
        ("served model", "old", "new"),
    ]
