from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.loading import MINIMAL, only_problem, problems, written

from lattice.config import LoadedFile, check, load, parse_override, validate
from lattice.config.hashing import config_hash
from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import Evaluation
from lattice.core.judging import JudgeMode
from lattice.core.targets import TargetSettings

GOOD = """\
name: Support
targets:
  - name: Bot
    model: sim/answer
    system: {file: prompts/system.md}
    prompt: |
      {{ context }}
      Question: {{ input }}
    params: {max_tokens: 64, stop: null}
inputs:
  path: inputs.jsonl
scoring:
  judge:
    model: sim/judge
    mode: reference
    pass: ">= 4"
    rubric: {file: rubric.md}
gates: [mean > 0.80]
providers:
  gateway:
    base_url: https://gateway.example.com/v1
    headers: {Authorization: "Bearer ${GATEWAY_TOKEN}"}
"""


HTTP_TARGET = {
    "http": {"url": "https://rag.example.com/ask", "body": {"question": "{{ input }}"}, "output": "$.answer"}
}


@pytest.fixture
def good(tmp_path: Path) -> LoadedFile:
    (tmp_path / "prompts").mkdir()
    written(tmp_path / "prompts", "You are kind to {{ metadata.customer }}.", "system.md")
    written(tmp_path, "5: right\n1: wrong\n", "rubric.md")
    return load(written(tmp_path, GOOD))


def test_a_good_file_is_loaded_with_its_texts_read_in(good: LoadedFile, tmp_path: Path) -> None:
    target = good.evaluation.targets[0]
    judge = good.evaluation.judge
    assert judge is not None
    assert target.system == "You are kind to {{ metadata.customer }}."
    assert target.params == {"max_tokens": 64, "stop": None}
    assert (judge.rubric, judge.mode, judge.passes) == ("5: right\n1: wrong\n", JudgeMode.REFERENCE, ">= 4")
    assert good.base == tmp_path
    assert good.file == str(tmp_path / "evaluation.yaml")


def test_problems_that_show_later_get_their_line(good: LoadedFile) -> None:
    later = good.problem(("scoring", "judge", "mode"), "no input has a reference")
    assert (later.file, later.line, later.key) == (good.file, 15, "scoring.judge.mode")
    (placed,) = good.placed([Problem(message="no such file", key="inputs.path")])
    assert (placed.file, placed.line) == (good.file, 11)
    (nearest,) = good.placed([Problem(message="empty", key="inputs.items.3")])
    assert nearest.line == 10
    elsewhere = Problem(message="x", file="inputs.jsonl", line=3)
    assert good.placed([elsewhere]) == (elsewhere,)


def test_a_missing_variable_is_named_with_its_line(good: LoadedFile) -> None:
    (problem,) = good.missing_variables({})
    assert problem.message == "not set in the environment: GATEWAY_TOKEN"
    assert (problem.line, problem.key) == (22, "providers.gateway.headers.Authorization")
    assert good.missing_variables({"GATEWAY_TOKEN": "t"}) == ()


def test_json_is_read_likewise(tmp_path: Path) -> None:
    text = '{\n  "name": "A",\n  "targets": [{"model": "sim/a"}],\n  "inputs": {"items": ["x"]},\n'
    good = written(tmp_path, text + '  "scoring": {"judge": {"model": "sim/j"}}\n}', "e.json")
    bad = written(tmp_path, text + '  "scoring": {"judge": {"modl": "sim/j"}}\n}', "bad.json")
    assert load(good).evaluation.name == "A"
    problem = only_problem(bad)
    assert (problem.line, problem.key, problem.hint) == (5, "scoring.judge.modl", "did you mean model?")


def test_every_problem_is_told_at_once_and_in_file_order(tmp_path: Path) -> None:
    text = """\
name: 2024
typ: benchmark
targets:
  - modle: sim/a
  - model: sim/b
    prompt: "{{ inpt }}"
inputs: {path: a.jsonl, limit: ten}
scoring:
  judge:
    model: sim/j
    scale: likert5
run: {timeout: 0, max_concurrent: true}
gates: [meen > 0.5, mean > 3.8]
"""
    found = problems(written(tmp_path, text))
    assert [(problem.line, problem.key) for problem in found] == [
        (1, "name"),
        (2, "typ"),
        (4, "targets.0.modle"),
        (6, "targets.1.prompt"),
        (7, "inputs.limit"),
        (11, "scoring.judge.scale"),
        (12, "run.max_concurrent"),
        (12, "run.timeout"),
        (13, "gates.0"),
        (13, "gates.1"),
    ]
    by_key = {problem.key: problem for problem in found}
    assert by_key["name"].message == "expected a text, got 2024"
    assert by_key["name"].hint == "put it in quotes"
    assert by_key["typ"].hint == "did you mean type?"
    assert by_key["inputs.limit"].message == "expected a whole number, got 'ten'"
    assert by_key["scoring.judge.scale"].hint == "did you mean likert-5?"
    assert by_key["run.timeout"].message == "expected a number above 0, got 0"
    assert "unknown variable 'inpt'" in by_key["targets.1.prompt"].message


def test_missing_keys_are_told_with_what_belongs_there(tmp_path: Path) -> None:
    found = problems(written(tmp_path, "name: A\ntargets:\n  - prompt: x\n  - name: b\n"))
    assert [(p.key, p.line, p.message) for p in found] == [
        ("inputs", 1, "missing"),
        ("scoring", 1, "missing"),
        ("targets.0", 3, "expected exactly one of model, http and python, got none of them"),
        ("targets.1", 4, "expected exactly one of model, http and python, got none of them"),
    ]
    assert found[1].hint is not None
    assert "may be absent beside checks" in found[1].hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the file is empty", "an evaluation has at least name, targets, inputs and scoring"),
        ("# nothing\n", "the file is empty", None),
        ("- a\n- b\n", "expected a mapping", None),
        ("just text", "expected a mapping", None),
    ],
)
def test_a_file_that_holds_no_evaluation(tmp_path: Path, text: str, message: str, hint: str | None) -> None:
    problem = only_problem(written(tmp_path, text))
    assert problem.message == message
    assert hint is None or problem.hint == hint


@pytest.mark.parametrize(
    ("change", "key", "message", "hint"),
    [
        ("targets: {model: sim/a}", "targets", "expected a list, got a mapping", "begin each entry with a dash"),
        ("gates: mean > 0.8", "gates", "expected a list, got 'mean > 0.8'", "write ['mean > 0.8']"),
        ("targets: []", "targets", "expected a list with at least one entry, got an empty one", None),
        ("run: fast", "run", "expected a mapping, got 'fast'", None),
        ("run: {repeats: '3'}", "run.repeats", "expected a whole number, got '3'", "write it without quotes"),
        ("run: {repeats: 5000}", "run.repeats", "expected a number of at most 1000, got 5000", None),
        ("run: {timeout: .inf}", "run.timeout", "expected a finite number, got inf", None),
        ("type: benchmarks", "type", "expected task_specific, comparison, benchmark, operational or safety, "
         "got 'benchmarks'", "did you mean benchmark?"),
        ("name: ''", "name", "expected a longer text, got ''", None),
        ("targets: [{model: sim/a, prompt: 5}]", "targets.0.prompt", "expected a text or {file: PATH}, got 5",
         "put it in quotes"),
        ("scoring: {judge: {model: sim/j, scale: {min: 1}}}", "scoring.judge.scale.max", "missing", None),
        ("scoring: {judge: {model: sim/j, scale: {min: 1, max: 3, labels: {a: x}}}}",
         "scoring.judge.scale.labels.a", "expected a whole number as the key, got 'a'", None),
        ("inputs: {items: [x], smaple: {size: 3}}", "inputs.smaple", "unknown key", "did you mean sample?"),
        ("inputs: {}", "inputs", "give either path or items", None),
        ("providers: {x: {base_url: 5}}", "providers.x.base_url", "expected a text, got a number", None),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_clear_message(
    tmp_path: Path, change: str, key: str, message: str, hint: str | None
) -> None:
    name = change.partition(":")[0]
    lines = [line for line in MINIMAL.splitlines() if not line.startswith(f"{name}:")]
    problem = only_problem(written(tmp_path, "\n".join([*lines, change])))
    assert (problem.key, problem.message) == (key, message)
    assert hint is None or problem.hint == hint
    assert problem.line == len(lines) + 1


@pytest.mark.parametrize(
    ("text", "line", "words", "hint"),
    [
        ("name: A\nrun: {a: 1\n", 3, "expected ',' or '}'", None),
        ("name: A\npass: >= 4\n", 2, "after > or |", "'>= 4'"),
        ("name: A\nprompt: a: b\n", 2, "second ': '", "quotes"),
        ("name: A\n\trun: 1\n", 2, "a tab cannot indent", "spaces, not tabs"),
        ("name: 'A\nrun: 1\n", 3, "never closed (in what begins on line 1)", None),
        ("name: *a\n", 1, "no anchor", None),
        ("name: A\n---\nname: B\n", 2, "one document", None),
        ("name: \x07\n", 1, "cannot stand in YAML", None),
        ("a: &a [*a]\n", 1, "part of", None),
    ],
)
def test_a_syntax_error_is_told_with_its_line_and_what_was_expected(
    tmp_path: Path, text: str, line: int, words: str, hint: str | None
) -> None:
    problem = only_problem(written(tmp_path, text))
    assert problem.line == line
    assert words in problem.message
    assert hint is None or hint in (problem.hint or "")


def test_a_key_that_stands_twice_is_told_beside_everything_else(tmp_path: Path) -> None:
    found = problems(written(tmp_path, MINIMAL + "run: {repeats: 0}\nname: Other\n"))
    assert [(p.line, p.key) for p in found] == [(5, "run.repeats"), (6, "name")]
    assert found[1].message == "this key stands here twice"


def test_a_template_without_quotes_is_told_to_take_some(tmp_path: Path) -> None:
    text = MINIMAL.replace("model: sim/answer", "model: sim/answer, prompt: {{ input }}")
    found = problems(written(tmp_path, text))
    assert found[0].message == "a key must be a text"
    assert "in quotes" in (found[0].hint or "")


def test_anchors_and_merging_work_and_do_not_explode(tmp_path: Path) -> None:
    shared = """\
name: A
targets:
  - &base {model: sim/a, params: {max_tokens: 5}}
  - {<<: *base, name: second}
inputs: {items: [x]}
scoring: {judge: {model: sim/j}}
"""
    evaluation = load(written(tmp_path, shared)).evaluation
    assert evaluation.targets[1].params == {"max_tokens": 5}
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "stand for too much" in only_problem(written(tmp_path, bomb)).message


def test_a_missing_file_is_named_with_the_closest_one(tmp_path: Path) -> None:
    written(tmp_path, MINIMAL)
    problem = only_problem(tmp_path / "evalution.yaml")
    assert problem.file == str(tmp_path / "evalution.yaml")
    assert problem.message == "no such file"
    assert str(tmp_path / "evaluation.yaml") in (problem.hint or "")


def test_problems_of_inlined_files_name_that_file(tmp_path: Path) -> None:
    written(tmp_path, "Hello\n{{ wrong }}\n", "prompt.md")
    text = MINIMAL.replace("sim/answer}", "sim/answer, prompt: {file: prompt.md}, system: {file: promt.md}}")
    prompt, system = sorted(problems(written(tmp_path, text)), key=lambda problem: problem.key or "")
    assert (prompt.file, prompt.line) == (str(tmp_path / "prompt.md"), 2)
    assert (system.key, system.line) == ("targets.0.system.file", 2)
    assert f"{tmp_path / 'promt.md'}: no such file" in system.message


@pytest.mark.parametrize(
    ("value", "words"),
    [("{file: prompt.md, x: 1}", "unknown key beside 'file'"), ("{file: 5}", "expected a path"), ("{}", "a text or")],
)
def test_a_file_form_that_is_none(tmp_path: Path, value: str, words: str) -> None:
    written(tmp_path, "x", "prompt.md")
    text = MINIMAL.replace("sim/answer}", f"sim/answer, prompt: {value}}}")
    assert words in only_problem(written(tmp_path, text)).message


def test_a_prompt_may_not_name_the_reference(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "[{model: sim/answer}]",
        "\n  - model: sim/a\n    prompt: |\n      {{ input }}\n\n      {{ reference }}",
    )
    problem = only_problem(written(tmp_path, text))
    assert (problem.line, problem.key) == (7, "targets.0.prompt")
    assert "that is the answer" in problem.message
    assert "context, input, metadata" in (problem.hint or "")


def test_a_syntax_error_in_a_template_has_its_line(tmp_path: Path) -> None:
    text = MINIMAL.replace("[{model: sim/answer}]", "\n  - model: sim/a\n    system: |\n      one\n      {% if %}")
    problem = only_problem(written(tmp_path, text))
    assert (problem.line, problem.key) == (6, "targets.0.system")
    assert problem.message.startswith("not a valid template: ")


def test_an_evaluation_in_code_equals_its_file(tmp_path: Path) -> None:
    text = """\
name: Stack
type: benchmark
targets:
  - http: {url: "https://rag.example.com/ask", body: {question: "{{ input }}"}, output: $.answer}
  - {name: Mine, python: "rag:answer"}
  - {model: sim/answer, messages: [{role: user, content: "{{ input }}"}]}
inputs: {items: [Hello]}
scoring: {exact_match: true}
checks: [{name: cites, regex: "x+"}]
"""
    made = Evaluation.model_validate(
        {
            "name": "Stack",
            "type": "benchmark",
            "targets": [
                HTTP_TARGET,
                TargetSettings(name="Mine", python="rag:answer"),
                {"model": "sim/answer", "messages": [{"role": "user", "content": "{{ input }}"}]},
            ],
            "inputs": {"items": ["Hello"]},
            "scoring": {"exact_match": {}},
            "checks": [{"name": "cites", "regex": {"pattern": "x+"}}],
        }
    )
    loaded = load(written(tmp_path, text)).evaluation
    assert loaded == made
    assert config_hash(loaded) == config_hash(made)
    check(made)


def test_scoring_may_be_absent_beside_checks_and_in_an_operational_evaluation(tmp_path: Path) -> None:
    text = MINIMAL.replace("scoring: {judge: {model: sim/judge}}", "checks: [{name: polite, regex: please}]")
    assert load(written(tmp_path, text)).evaluation.metric_names == ("polite",)
    text = MINIMAL.replace("scoring: {judge: {model: sim/judge}}", "type: operational")
    assert load(written(tmp_path, text)).evaluation.metric_names == ()
    text = MINIMAL.replace("scoring: {judge: {model: sim/judge}}", "checks: []")
    assert only_problem(written(tmp_path, text)).key == "scoring"


def test_failures_count_as_a_score_on_0_to_1_and_not_in_pairs(tmp_path: Path) -> None:
    judged = "judge: {model: sim/judge}"
    counted = MINIMAL.replace(judged, f"{judged}, failed_as: 0")
    scoring = load(written(tmp_path, counted)).evaluation.scoring
    assert scoring is not None
    assert scoring.failed_as == 0
    assert only_problem(written(tmp_path, counted.replace("failed_as: 0", "failed_as: 2"))).key == "scoring.failed_as"
    pairs = counted.replace("{model: sim/judge}", "{model: sim/judge, mode: pairwise}")
    pairs = pairs.replace("targets: [", "targets: [{model: sim/baseline}, ")
    problem = only_problem(written(tmp_path, pairs))
    assert problem.key == "scoring.failed_as"
    assert "a pair that lacks a response has no score" in problem.message


def test_an_override_takes_the_place_of_the_files_value(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    settings = ["targets.0.params.max_tokens=64", "run.max_concurrent=3", "gates.0=mean > 0.5", "name=Other"]
    text = [text.replace("gates.0=", "gates=[") + "]" if "gates" in text else text for text in settings]
    evaluation = load(path, overrides=[parse_override(item) for item in text]).evaluation
    assert evaluation.targets[0].params == {"max_tokens": 64}
    assert evaluation.run.max_concurrent == 3
    assert evaluation.gates == ("mean > 0.5",)
    assert evaluation.name == "Other"


def test_an_override_can_mend_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL.replace("name: Support\n", ""))
    assert load(path, overrides=[parse_override("name=Now")]).evaluation.name == "Now"


def test_a_wrong_override_is_told_as_such_and_comes_last(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL + "run: {timeout: 0}\n")
    found = problems(path, "run.repeats=0", "targets.4.model=x", "run.maxconcurrent=4")
    assert [(p.file, p.line, p.key) for p in found] == [
        (str(path), 5, "run.timeout"),
        ("--set", None, "targets.4.model"),
        ("--set", None, "run.maxconcurrent"),
        ("--set", None, "run.repeats"),
    ]


def test_data_that_came_from_no_file_may_not_read_files(tmp_path: Path) -> None:
    data: dict[str, Any] = {
        "name": "A",
        "targets": [{"model": "sim/a", "prompt": {"file": "/etc/passwd"}}],
        "inputs": {"items": ["x"]},
        "scoring": {"judge": {"model": "sim/j"}},
    }
    with pytest.raises(InvalidEvaluation, match="only be read from a file where"):
        validate(data)
    data["targets"][0]["prompt"] = "{{ input }}!"
    assert validate(data).targets[0].prompt == "{{ input }}!"


def test_an_evaluation_built_in_code_is_checked_likewise() -> None:
    evaluation = Evaluation.model_validate(
        {
            "name": "A",
            "targets": [{"model": "sim/a", "prompt": "{{ refrence }}"}],
            "inputs": {"items": ["x"]},
            "scoring": {"judge": {"model": "sim/j"}},
            "providers": {"x": {"base_url": "https://x", "headers": {"X-Api-Key": "abc"}}},
        }
    )
    with pytest.raises(InvalidEvaluation) as caught:
        check(evaluation)
    assert {problem.key for problem in caught.value.problems} == {
        "targets.0.prompt",
        "providers.x.headers.X-Api-Key",
    }
