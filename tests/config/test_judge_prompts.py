"""A judge's own templates: what is wrong with them is said before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lattice.config import load
from lattice.core.errors import InvalidEvaluation, Problem

FILE = """\
name: A
targets: [{model: sim/a}, {model: sim/b}]
inputs: {items: [x]}
scoring:
  judge:
    model: sim/j
    %s
    prompt:
      %s
"""
DATA = 'user: "{{ input }} {{ response }} {{ answer_form }}"'
BOTH = 'system: "Grade."\n      user: "{{ response }}"'


def problems(folder: Path, prompt: str, more: str = "") -> tuple[Problem, ...]:
    path = folder / "evaluation.yaml"
    path.write_text(FILE % (more or "mode: single", prompt), encoding="utf-8")
    with pytest.raises(InvalidEvaluation) as caught:
        load(path)
    return caught.value.problems


@pytest.mark.parametrize(
    ("prompt", "more", "key", "message"),
    [
        ('user: "{{ response }} {{ reponse }}"', "", "user", "unknown variable 'reponse' (did you mean 'response'?)"),
        ('user: "{{ input"', "", "user", "not a valid template"),
        ('user: "{{ input }}"', "", "user", "does not show the response"),
        (DATA, "mode: reference", "user", "does not show the reference"),
        (DATA, "mode: pairwise", "user", "unknown variable 'response'"),
        ('user: "{{ response_a }}"', "mode: pairwise", "user", "does not show the response b"),
        (BOTH, "", "user", "neither template asks for the verdict"),
        ('system: "Grade."', "rubric: Be strict.", "system", "does not show the rubric of this judge"),
        ('system: "Grade."', "criteria: [{name: tone}]", "system", "does not show the criteria of this judge"),
        ('system: "{{ response }}"', "", "system", "unknown variable 'response'"),
    ],
)
def test_what_a_template_lacks_or_cannot_use_is_said(
    tmp_path: Path, prompt: str, more: str, key: str, message: str
) -> None:
    (problem,) = problems(tmp_path, prompt, more)
    assert problem.key == f"scoring.judge.prompt.{key}"
    assert message in problem.message


def test_a_problem_in_a_file_of_its_own_has_that_files_line(tmp_path: Path) -> None:
    (tmp_path / "judge.md").write_text("Data:\n{{ response }}\n{{ nothing }}\n", encoding="utf-8")
    (problem,) = problems(tmp_path, "user: {file: judge.md}")
    assert (problem.file, problem.line) == (str(tmp_path / "judge.md"), 3)


def test_the_judges_of_a_panel_are_checked_likewise(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.yaml"
    judges = '{judges: [{model: sim/j}, {model: sim/k, prompt: {user: "{{ input }}"}}]}'
    path.write_text(
        f"name: A\ntargets: [{{model: sim/a}}]\ninputs: {{items: [x]}}\nscoring: {judges}\n", encoding="utf-8"
    )
    with pytest.raises(InvalidEvaluation) as caught:
        load(path)
    assert [problem.key for problem in caught.value.problems] == ["scoring.judges.1.prompt.user"]


def test_a_prompt_without_any_template_is_none(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "{}")
    assert "give system, user or both" in problem.message
