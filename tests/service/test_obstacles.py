"""What keeps an evaluation from being run is told before anything is spent, each thing with its line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import Evaluation
from lattice.service.obstacles import unpriced_models, warnings_about
from lattice.service.preparation import prepare, prepare_evaluation, stage
from lattice.service.workspace import open_workspace

FILE = """\
name: A
targets:
  - name: Stack
    http:
      url: ${RAG_URL}/ask
      headers: {Authorization: "Bearer ${RAG_TOKEN}"}
      output: $.answer[
      verify: company.pem
  - name: Mine
    python: own_stack:answr
inputs: {path: inputs.jsonl}
scoring: {regex: '(['}
checks:
  - {name: odd, python: "own_stack:one_argument"}
  - {name: close, similarity: true}
gates:
  - score.mean > 2 on native scale
  - close.pass_rate > 0.5
"""
MODULE = """
def answer(text):
    return text

def one_argument(text):
    return True

def two(input, response):
    return True
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path, modules = list(sys.path), set(sys.modules)
    (tmp_path / "own_stack.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "inputs.jsonl").write_text('{"input": "Q", "reference": "R"}\n{"input": "P"}\n', encoding="utf-8")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name == "own_stack":
            del sys.modules[name]


def written(folder: Path, text: str) -> Path:
    file = folder / "evaluation.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(file: Path, **environ: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidEvaluation) as caught:
        prepare(file, environ)
    return caught.value.problems


def test_everything_is_told_at_once_with_its_line(folder: Path) -> None:
    found = problems(written(folder, FILE))
    assert sorted((problem.line, problem.key) for problem in found) == [
        (5, "targets.0.http.url"),
        (6, "targets.0.http.headers.Authorization"),
        (7, "targets.0.http.output"),
        (8, "targets.0.http.verify"),
        (10, "targets.1.python"),
        (12, "scoring.regex"),
        (14, "checks.0.python"),
        (17, "gates.0"),
        (18, "gates.1"),
    ]
    said = {problem.key: problem.message for problem in found}
    assert said["targets.0.http.url"] == "not set in the environment: RAG_URL"
    assert "there is no file" in said["targets.0.http.verify"]
    assert said["targets.1.python"] == "own_stack:answr: own_stack has no function answr"
    assert "own_stack:one_argument must take input and response" in said["checks.0.python"]
    assert "has no native scale" in said["gates.0"]
    assert "has no pass rate" in said["gates.1"]


def test_with_its_variables_the_url_itself_is_looked_at(folder: Path) -> None:
    found = problems(written(folder, FILE), RAG_URL="rag.example.com", RAG_TOKEN="secret")
    (url,) = [problem for problem in found if problem.key == "targets.0.http.url"]
    assert (url.line, url.message) == (5, "expected http://HOST/… or https://HOST/…, with no template in the host")
    assert not any("secret" in str(problem) for problem in found)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import nothing_like_it", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def answer(:", "SyntaxError"),
        ("answer = 5", "has no function answer"),
        ("def answer(): ...", "must take the input as its one argument"),
    ],
)
def test_a_module_that_cannot_be_used_is_named(folder: Path, module: str, said: str) -> None:
    (folder / "own_stack.py").write_text(module, encoding="utf-8")
    text = "name: A\ntargets:\n  - python: own_stack:answer\ninputs: {items: [Q]}\ntype: operational\n"
    (problem,) = problems(written(folder, text))
    assert (problem.line, problem.key) == (3, "targets.0.python")
    assert said in problem.message


def evaluation(**parts: object) -> Evaluation:
    whole = {"name": "A", "targets": [{"model": "sim/a"}], "inputs": {"path": "inputs.jsonl"}, **parts}
    return Evaluation.model_validate(whole)


def staged(folder: Path, configured: Evaluation) -> list[Problem]:
    prepared = prepare_evaluation(configured, {}, folder)
    with open_workspace(None, {}, folder, create=True) as store:
        try:
            stage(store, prepared)
        except InvalidEvaluation as error:
            return list(error.problems)
    return []


MODEL = [{"model": "sim/assistant"}]
JUDGE = {"judge": {"model": "sim/judge"}}
COMPARED = {"name": "right", "exact_match": True}


def test_what_compares_needs_a_reference_for_each_input(folder: Path) -> None:
    (problem,) = staged(folder, evaluation(targets=MODEL, scoring={"exact_match": True}))
    assert problem.key == "scoring.exact_match"
    assert problem.message == (
        "exact_match compares with a reference for each input; 1 of 2 inputs have none, the first of them is #2"
    )
    (alone,) = staged(folder, evaluation(targets=MODEL, checks=[COMPARED]))
    assert alone.key == "checks.0.exact_match"
    assert staged(folder, evaluation(targets=MODEL, scoring={"exact_match": {"value": "yes"}})) == []


def test_beside_a_score_a_check_does_with_some_references_but_not_with_none(folder: Path) -> None:
    beside = evaluation(targets=MODEL, scoring=JUDGE, checks=[COMPARED])
    assert staged(folder, beside) == []
    (folder / "inputs.jsonl").write_text('{"input": "Q"}\n', encoding="utf-8")
    (problem,) = staged(folder, beside)
    assert problem.message.startswith("exact_match compares with references; 1 of 1 inputs have none")


def test_an_evaluation_in_code_is_checked_as_its_file_is(folder: Path) -> None:
    http = {"url": "https://rag.example.com", "headers": {"X-Key": "${RAG_TOKEN}"}}
    for targets, key in (
        ([{"http": http}], "targets.0.http.headers"),
        ([{"python": "own_stack:no"}], "targets.0.python"),
    ):
        with pytest.raises(InvalidEvaluation) as caught:
            prepare_evaluation(evaluation(targets=targets, type="operational"), {}, folder)
        assert [problem.key for problem in caught.value.problems] == [key]


def test_a_cost_that_is_not_told_is_warned_about_and_cannot_be_limited(folder: Path) -> None:
    silent, telling = {"url": "https://a.example"}, {"url": "https://b.example", "cost": "$.usd"}
    targets = [{"http": silent}, {"http": telling}, {"python": "own_stack:answer"}]
    configured = evaluation(targets=targets, type="operational")
    assert unpriced_models(configured) == ["a.example"]
    assert list(warnings_about(configured)) == [
        "what a.example costs is unknown; http.cost says where its answers tell it"
    ]
    limited = evaluation(targets=targets, type="operational", run={"budget": {"cost_usd": 1}})
    with pytest.raises(InvalidEvaluation, match=r"a cost cannot be limited while prices are unknown: a\.example"):
        prepare_evaluation(limited, {}, folder)
    told = evaluation(targets=targets[1:], type="operational", run={"budget": {"cost_usd": 1}})
    (warning,) = prepare_evaluation(told, {}, folder).warnings
    assert warning.startswith("what own_stack:answer costs counts towards the budget as far as its answers tell it")
