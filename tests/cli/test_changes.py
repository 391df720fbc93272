"""What differs between two runs beside their scores, on the command line."""

from __future__ import annotations

import subprocess

from tests.cli.command_line import CommandLine, judged_by


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_compare_names_what_changed_between_two_runs(lattice: CommandLine) -> None:
    lattice.write_evaluation({"run": {"timeout": 30}})
    lattice.write_inputs(4)
    assert lattice("run", "evaluation.yaml").code == 0
    assert lattice("run", "evaluation.yaml", "--set", "run.timeout=60").code == 0
    said = lattice("compare", "support-answers#1", "support-answers#2").out
    assert "Changed from support-answers#1 to support-answers#2" in said
    assert "- run.timeout: 30.0" in said
    assert "+ run.timeout: 60.0" in said
    document = lattice("compare", "support-answers#1", "support-answers#2", "--json").document
    assert document["comparisons"][0]["changes"] == [{"key": "run.timeout", "before": 30.0, "after": 60.0}]


def test_equal_runs_say_nothing_of_changes_and_long_ones_are_cut(lattice: CommandLine) -> None:
    lattice.write_inputs(4)
    for file, word in (("evaluation.yaml", "level"), ("other.yaml", "grade")):
        rubric = "\n".join(f"{line}: {word}" for line in range(60))
        lattice.write_evaluation({"scoring": judged_by("sim/judge", rubric=rubric)}, name=file)
    for file in ("evaluation.yaml", "evaluation.yaml", "other.yaml"):
        assert lattice("run", file).code == 0
    assert "Changed" not in lattice("compare", "support-answers#1", "support-answers#2").out
    assert "more lines" in lattice("compare", "support-answers#1", "support-answers#3").out


def test_runs_in_a_work_tree_are_tagged_with_its_commit(lattice: CommandLine) -> None:
    lattice.write_evaluation()
    lattice.write_inputs(2)
    git("init", "-q")
    git("add", "evaluation.yaml")
    git("commit", "-q", "-m", "one")
    tags = {"git.commit": git("rev-parse", "HEAD"), "git.dirty": "false"}
    assert lattice("run", "evaluation.yaml", "--json", "--tag", "team=search").document["tags"] == {
        **tags,
        "team": "search",
    }
    lattice.write_evaluation({"description": "Changed"})
    for command in (["rerun", "latest"], ["rescore", "latest", "evaluation.yaml"]):
        assert lattice(*command, "--json").document["tags"] == {**tags, "git.dirty": "true"}
