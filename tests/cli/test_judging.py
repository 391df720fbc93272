"""``lattice judge show``, a judge's own templates, and panels, from the command line."""

from __future__ import annotations

from tests.cli.command_line import CommandLine

from lattice.core.judging import JudgeMode
from lattice.scoring.prompts import prompt_text

PANEL = {"judges": [{"model": "sim/judge"}, {"model": "sim/judge", "name": "second", "samples": 2}]}


def test_the_built_in_templates_are_shown_as_they_are(lattice: CommandLine) -> None:
    for mode in JudgeMode:
        shown = lattice("judge", "show", "--mode", mode.value)
        assert shown.code == 0
        assert prompt_text(mode, "system").rstrip() in shown.out
        assert prompt_text(mode, "user").rstrip() in shown.out
    assert prompt_text(JudgeMode.SINGLE, "system").rstrip() in lattice("judge", "show").out


def test_what_a_files_judge_is_told_about_its_first_input_is_shown(lattice: CommandLine) -> None:
    lattice.write_inputs(2)
    lattice.write_evaluation(
        {"scoring": {"judge": {"model": "sim/judge", "mode": "reference", "rubric": "Be \x1b[1mfair."}}}
    )
    shown = lattice("judge", "show", "evaluation.yaml")
    assert shown.code == 0, shown.err
    assert "Judge: judge (sim/judge, reference mode), about input #1" in shown.out
    assert "Question 1?" in shown.out
    assert "Answer 1." in shown.out
    assert "(here stands what the target answers)" in shown.out
    assert "Be ␛[1mfair." in shown.out


def test_every_judge_of_a_panel_is_shown_and_pairs_with_both_responses(lattice: CommandLine) -> None:
    lattice.write_inputs(1)
    lattice.write_evaluation({"scoring": PANEL})
    assert lattice("judge", "show", "evaluation.yaml").out.count("about input #1") == 2
    pair = {
        "targets": [{"model": "sim/a"}, {"model": "sim/b"}],
        "scoring": {"judge": {"model": "sim/judge", "mode": "pairwise"}},
    }
    lattice.write_evaluation(pair)
    shown = lattice("judge", "show", "evaluation.yaml").out
    assert "(A: here stands" in shown
    assert "(B: here stands" in shown


def test_what_cannot_be_shown_is_said(lattice: CommandLine) -> None:
    lattice.write_inputs(1)
    lattice.write_evaluation({"scoring": {"exact_match": True}})
    assert "has no judge" in lattice("judge", "show", "evaluation.yaml").err
    assert "--mode is of the built-in templates" in lattice("judge", "show", "evaluation.yaml", "--mode", "single").err


def test_another_template_is_another_version_and_its_runs_are_judged_by_it(lattice: CommandLine) -> None:
    lattice.write_inputs(2)
    lattice.write("judge.md", "{{ input }}\n{{ reference }}\n{{ response }}\n{{ answer_form }}\n")
    lattice.write_evaluation()
    first = lattice("run", "evaluation.yaml", "--json").document
    own = {"model": "sim/judge", "mode": "reference", "prompt": {"user": {"file": "judge.md"}}}
    lattice.write_evaluation({"scoring": {"judge": own}})
    second = lattice("run", "evaluation.yaml", "--json").document
    assert second["progress"]["successful"] == 2
    assert first["config_hash"] != second["config_hash"]


def test_a_template_that_cannot_be_filled_in_is_found_by_validate(lattice: CommandLine) -> None:
    lattice.write_inputs(1)
    prompt = {"system": "{{ scale.nothing }}"}
    lattice.write_evaluation({"scoring": {"judge": {"model": "sim/judge", "prompt": prompt}}})
    refused = lattice("validate", "evaluation.yaml")
    assert refused.code == 2
    assert "scoring.judge.prompt" in refused.err


def test_a_panel_runs_from_configuration_to_gates(lattice: CommandLine) -> None:
    lattice.write_inputs(6)
    gates = ["disagreement.mean < 1", "judge:second.mean >= 1 on native scale", "judge:second#2.mean > 0"]
    lattice.write_evaluation({"scoring": PANEL, "gates": gates})

    ran = lattice("run", "evaluation.yaml", "--json")

    assert ran.code == 0, ran.err
    assert "Judges: judge, second (judge), 2 samples\nScore: mean of 2 judges\n" in ran.err
    names = [metric["name"] for metric in ran.document["metrics"]]
    assert names == ["score", "judge:judge", "judge:second", "judge:second#1", "judge:second#2", "disagreement"]
    assert all(metric["n"] == 6 for metric in ran.document["metrics"])
    assert "6 of 6 results" in lattice("show", "--where", '"judge:second" >= 1').err


def test_a_vote_that_cannot_be_read_leaves_the_input_unscored(lattice: CommandLine) -> None:
    lattice.write_inputs(30)
    faulty = {"model": "sim/judge", "name": "second", "params": {"faults": {"malformed": 0.3}}}
    lattice.write_evaluation({"scoring": {"judges": [{"model": "sim/judge"}, faulty]}})
    document = lattice("run", "evaluation.yaml", "--json").document
    failed = document["progress"]["failed"]
    assert 0 < failed < 30
    assert {error["kind"] for error in document["errors"]} == {"judge_parse"}
    assert all(error["message"].startswith("Judge second: ") for error in document["errors"])
    assert {metric["n"] for metric in document["metrics"]} == {30 - failed}
