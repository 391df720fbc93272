"""``lattice baseline``, and what commands hold a run against: the baseline that is set, or a file."""

from __future__ import annotations

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import yaml
from tests.cli.command_line import CommandLine, Outcome

CODE = """
def answer(input, context=None):
    number = int(input.split()[1])
    return "yes" if number <= {right} else "no"
"""
MENDED = """
from pathlib import Path

def answer(input):
    number = int(input.split()[1])
    if number == 200 and not Path("mended").exists():
        raise RuntimeError("not yet")
    return "yes" if number <= 160 else "no"
"""
GATES = ["difference.ci_upper >= 0", "difference.ci_lower > -0.05"]


def carried_out(lattice: CommandLine, right: int, *options: str, gates: list[str] | None = None) -> Outcome:
    """A run of 200 questions of which so many are answered right."""
    module = f"answers_{uuid4().hex}"
    lattice.write(f"{module}.py", CODE.format(right=right))
    evaluation = {
        "name": "Answers",
        "targets": [{"name": "Bot", "python": f"{module}:answer"}],
        "inputs": {"path": "inputs.jsonl"},
        "scoring": {"exact_match": True},
        "gates": gates or [],
    }
    lattice.write("evaluation.yaml", yaml.safe_dump(evaluation))
    return lattice("run", "evaluation.yaml", "--no-progress", *options)


@pytest.fixture
def answers(lattice: CommandLine) -> CommandLine:
    """#1 with 0.90 and #2 with 0.80 of 200."""
    lattice.write("inputs.jsonl", "".join(f'{{"input": "Number {n}", "reference": "yes"}}\n' for n in range(1, 201)))
    assert carried_out(lattice, 180).code == 0
    assert carried_out(lattice, 160).code == 0
    return lattice


def gate(lattice: CommandLine, *options: str) -> Any:
    return lattice("gate", "latest", "--require", "difference.ci_upper >= 0", *options)


def test_a_baseline_is_set_shown_and_removed(answers: CommandLine) -> None:
    assert answers("baseline", "show", "answers").code == 2
    said = answers("baseline", "set", "answers#1")
    assert (said.code, "answers#1 is the baseline of answers now." in said.err) == (0, True)
    shown = answers("baseline", "show", "Answers")
    assert shown.out.splitlines()[0].startswith("answers#1  (")
    assert "0.90" in shown.out
    assert "200 of 200" in shown.out
    assert answers("show", "answers#baseline").out == answers("show", "answers#1").out
    assert answers("baseline", "rm", "answers").code == 0
    again = answers("baseline", "rm", "answers")
    assert (again.code, "answers has no baseline" in again.err) == (2, True)


def test_gate_and_compare_take_the_baseline_that_is_set(answers: CommandLine) -> None:
    refused = gate(answers)
    assert refused.code == 2
    assert "set one with 'lattice baseline set RUN', or name one with --against" in refused.err
    answers("baseline", "set", "answers#1")
    found = gate(answers, "--json")
    assert (found.code, found.document["verdict"]) == (3, "fail")
    assert found.document == gate(answers, "--json", "--against", "baseline").document
    alone = answers("compare", "answers#2", "--json").document
    assert alone == answers("compare", "baseline", "answers#2", "--json").document
    assert [each["baseline"] for each in alone["comparisons"]] == ["answers#1"]
    itself = answers("gate", "answers#1", "--require", "difference.mean >= 0")
    assert (itself.code, "answers#1 is the baseline itself" in itself.out) == (4, True)


def test_what_did_not_come_to_its_end_is_no_baseline(answers: CommandLine) -> None:
    module = f"broken_{uuid4().hex}"
    answers.write(f"{module}.py", "def answer(input):\n    raise RuntimeError('no')\n")
    carried_out(answers, 160, "--set", f"targets.0.python={module}:answer")
    refused = answers("baseline", "set", "latest")
    assert refused.code == 2
    assert "answers#3" in refused.err


def test_gates_of_the_file_are_decided_against_the_baseline(answers: CommandLine) -> None:
    answers("baseline", "set", "answers#1")
    ended = carried_out(answers, 161, "-o", "junit.xml", "-o", "summary.md", "-o", "run.lattice", gates=GATES)
    assert ended.code == 3
    assert "Against answers#1:" in ended.err
    assert "answers#3 is worse than answers#1" in ended.err
    cases = {
        case.get("name"): case.find("failure")
        for case in ElementTree.fromstring((answers.folder / "junit.xml").read_text()).iter("testcase")
    }
    assert cases["difference.ci_upper >= 0"] is not None
    assert answers("gate", "latest").code == 3
    assert answers("gate", "latest", "--against", "answers#2").code in (0, 4)
    assert answers("artifact", "verify", "run.lattice").code == 0
    summary = (answers.folder / "summary.md").read_text()
    head = summary.splitlines()
    assert head[2] == "**Gates: ❌ fail**"
    assert "### Against `answers#1`" in summary
    assert "worse than `answers#1`" in summary or "worse than answers#1" in summary
    assert "▼ worse" in summary
    assert "<summary>The 10 inputs that got worse most</summary>" in summary
    assert summary.count("<details>") == summary.count("</details>") == 1


def test_without_a_baseline_such_gates_are_not_evaluated_and_do_not_pass(answers: CommandLine) -> None:
    ended = carried_out(answers, 162, "-o", "junit.xml", gates=["mean > 0.5", *GATES])
    assert ended.code == 4
    assert "difference.ci_upper >= 0: not evaluated" in ended.err
    assert "there is no baseline to differ from; set one with 'lattice baseline set RUN'" in " ".join(ended.err.split())
    assert "skipped" in (answers.folder / "junit.xml").read_text()


def test_a_file_is_a_baseline_where_no_store_is_kept(answers: CommandLine, tmp_path: Any) -> None:
    assert answers("export", "answers#1", "-o", "baseline.lattice").code == 0
    found = gate(answers, "--against", "baseline.lattice", "--json")
    assert (found.code, found.document["verdict"]) == (3, "fail")
    compared = answers("compare", "baseline.lattice", "latest", "--fail-on-regression")
    assert compared.code == 3
    assert "answers#2 is worse than baseline.lattice" in " ".join(compared.out.split())
    ended = carried_out(answers, 163, "--against", "baseline.lattice", "--db", "other.db", gates=GATES)
    assert ended.code == 3
    assert "answers#1 is worse than baseline.lattice" in ended.err


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ("nowhere.lattice", "there is no file nowhere.lattice to be the baseline"),
        ("inputs.jsonl", "there is no run 'inputs.jsonl'"),
        ("baseline", "answers has no baseline; set one with 'lattice baseline set RUN'"),
        ("broken.lattice", "broken.lattice"),
    ],
)
def test_a_baseline_that_is_not_there_is_told_before_anything_is_spent(
    answers: CommandLine, against: str, said: str
) -> None:
    answers.write("broken.lattice", "no archive")
    refused = carried_out(answers, 164, "--against", against)
    assert refused.code == 2
    assert said in refused.err
    assert answers("show", "answers#3").code == 2


def test_only_the_first_of_a_comparison_may_be_a_file(answers: CommandLine) -> None:
    answers("export", "answers#1", "-o", "baseline.lattice")
    for references in (("answers#1", "baseline.lattice"), ("baseline.lattice",)):
        refused = answers("compare", *references)
        assert refused.code == 2
        assert "baseline.lattice" in refused.err


def test_labels_are_tags(answers: CommandLine) -> None:
    carried_out(answers, 165, "--label", "commit=3f2a1c", "--tag", "version=2.4.1")
    assert answers("show", "latest", "--json").document["tags"] == {"commit": "3f2a1c", "version": "2.4.1"}


def test_a_resume_is_held_against_the_baseline_that_the_run_was(answers: CommandLine) -> None:
    answers("export", "answers#1", "-o", "baseline.lattice")
    module = f"mended_{uuid4().hex}"
    answers.write(f"{module}.py", MENDED)
    assert carried_out(answers, 160, "--set", f"targets.0.python={module}:answer", gates=GATES[:1]).code == 4
    answers.write("mended", "")
    ended = answers("resume", "latest", "--failed", "--no-progress", "--against", "baseline.lattice")
    assert ended.code == 3
    assert "answers#3 is worse than baseline.lattice" in ended.err
