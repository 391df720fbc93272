"""An evaluation in code is what the file says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from tests.api.evaluations import evaluation, inputs

import lattice
from lattice.config.hashing import config_hash
from lattice.core.evaluation import Evaluation
from lattice.service.preparation import hash_of

FILE = """
name: The same
description: Written twice
type: benchmark
targets:
  - name: Chat
    model: sim/assistant
    system: You answer briefly.
    prompt: "{{ input }}!"
    params: {max_tokens: 64}
  - model: sim/assistant
    messages: [{role: user, content: "{{ input }}"}]
  - name: Staging
    http:
      url: https://rag.example.com/ask
      headers: {Authorization: "Bearer ${RAG_TOKEN}"}
      body: {question: "{{ input }}"}
      output: $.answer
      cost: $.usd
  - python: support.answers:answer
inputs:
  path: inputs.jsonl
  fields: {input: question}
  sample: {size: 5, seed: 7}
scoring:
  judge:
    model: sim/judge
    mode: reference
    scale: {min: 1, max: 4, labels: {1: wrong, 4: right}}
    pass: ">= 3"
    rubric: "4: right"
    criteria:
      - {name: accuracy, weight: 0.6}
      - {name: tone}
checks:
  - {name: cites a source, regex: '\\[\\d+\\]'}
  - {name: polite, contains: [please, thanks]}
  - {name: exact, exact_match: true}
run: {max_concurrent: 4, timeout: 30, budget: {tokens: 1000}, retries: {timeout: 1}}
gates: [mean > 0.8, Chat/accuracy.ci_lower > 0.5]
providers:
  house: {base_url: "http://localhost:8000/v1"}
"""


def in_code() -> lattice.Evaluation:
    return lattice.Evaluation(
        name="The same",
        description="Written twice",
        type="benchmark",
        targets=[
            lattice.Model(
                "sim/assistant",
                name="Chat",
                system="You answer briefly.",
                prompt="{{ input }}!",
                params={"max_tokens": 64},
            ),
            lattice.Model("sim/assistant", messages=[{"role": "user", "content": "{{ input }}"}]),
            lattice.Http(
                "https://rag.example.com/ask",
                name="Staging",
                headers={"Authorization": "Bearer ${RAG_TOKEN}"},
                body={"question": "{{ input }}"},
                output="$.answer",
                cost="$.usd",
            ),
            lattice.Function("support.answers:answer"),
        ],
        inputs=lattice.Inputs("inputs.jsonl", fields={"input": "question"}, sample={"size": 5, "seed": 7}),
        scoring=lattice.Judge(
            "sim/judge",
            mode="reference",
            scale=lattice.Scale(1, 4, {1: "wrong", 4: "right"}),
            passes=">= 3",
            rubric="4: right",
            criteria=[lattice.Criterion(name="accuracy", weight=0.6), lattice.Criterion(name="tone")],
        ),
        checks=[
            lattice.Check("cites a source", regex=r"\[\d+\]"),
            lattice.Check("polite", contains=["please", "thanks"]),
            lattice.Check("exact", exact_match=True),
        ],
        run=lattice.RunSettings(
            max_concurrent=4, timeout=30, budget=lattice.Budget(tokens=1000), retries=lattice.Retries(timeout=1)
        ),
        gates=["mean > 0.8", "Chat/accuracy.ci_lower > 0.5"],
        providers={"house": {"base_url": "http://localhost:8000/v1"}},
    )


def test_a_file_and_the_same_in_code_are_equal_and_have_one_hash(folder: Path) -> None:
    (folder / "evaluation.yaml").write_text(FILE, encoding="utf-8")
    loaded = lattice.load("evaluation.yaml")
    assert in_code() == loaded
    assert hash_of(in_code()) == hash_of(loaded)


def test_a_panel_of_judges_is_what_the_file_says() -> None:
    written = {
        "judges": [{"model": "sim/judge", "name": "one"}, {"model": "sim/judge", "name": "two", "samples": 2}],
        "aggregate": "median",
        "failed_as": 0.0,
    }
    panel = lattice.Judges(
        lattice.Judge("sim/judge", name="one"),
        lattice.Judge("sim/judge", name="two", samples=2),
        aggregate="median",
        failed_as=0.0,
    )
    assert panel == lattice.Scoring.model_validate(written)
    alone = lattice.Judges(lattice.Judge("sim/judge"), failed_as=0.5)
    assert alone == lattice.Scoring.model_validate({"judge": {"model": "sim/judge"}, "failed_as": 0.5})


def test_parts_may_be_mappings_as_in_the_file() -> None:
    assert evaluation(scoring={"exact_match": True}, run={"repeats": 2}).run.repeats == 2
    assert evaluation(scoring={"judge": {"model": "sim/judge", "mode": "reference"}}) == evaluation()


def test_every_key_of_an_evaluation_has_a_parameter() -> None:
    told = inspect.signature(Evaluation).parameters
    assert set(Evaluation.model_fields) <= set(told)


@pytest.mark.parametrize("name", ["Check", "Function", "Http", "Inputs", "Judge", "Judges", "Model", "Scale"])
def test_every_part_says_what_it_takes(name: str) -> None:
    part = getattr(lattice, name)
    assert inspect.getdoc(part)
    hints = inspect.get_annotations(part, eval_str=False)
    assert set(inspect.signature(part).parameters) <= set(hints)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: lattice.Model("m"), "model"),
        (lambda: lattice.Judge("sim/judge", scale="likert-6"), "scale"),
        (lambda: lattice.Check("x"), "expected exactly one of"),
        (lambda: lattice.Check("x", regexp="a"), "regexp"),
        (lambda: lattice.Http("ftp"), "url"),
        (lambda: lattice.Inputs([], limit=0), "limit"),
        (lambda: evaluation(gates=["mean >"]), "is not a condition"),
    ],
)
def test_what_is_not_valid_names_its_key(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        make()
    assert said in str(raised.value)


def test_inputs_are_a_path_or_the_inputs_themselves(folder: Path) -> None:
    assert lattice.Inputs(folder / "inputs.csv").path == str(folder / "inputs.csv")
    assert lattice.Inputs(text for text in ("a", "b")).items == ("a", "b")
    assert lattice.Inputs("inputs.csv", sample=3).sample == lattice.Inputs("inputs.csv", sample={"size": 3}).sample


def test_a_file_is_loaded_with_other_values(folder: Path) -> None:
    data = {
        "name": "Loaded",
        "targets": [{"name": "A", "model": "sim/assistant"}, {"name": "B", "model": "sim/assistant"}],
        "inputs": {"path": "inputs.yaml"},
        "scoring": {"judge": {"model": "sim/judge"}},
    }
    (folder / "sub").mkdir()
    (folder / "sub" / "evaluation.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    (folder / "sub" / "inputs.yaml").write_text(yaml.safe_dump(inputs(9)), encoding="utf-8")
    plain = lattice.load("sub/evaluation.yaml")
    changed = lattice.load(
        "sub/evaluation.yaml",
        limit=3,
        repeats=2,
        max_concurrent=7,
        targets=["B"],
        set={"scoring.judge.mode": "reference", "run.timeout": 5},
    )
    assert (plain.inputs.limit, plain.run.repeats, len(plain.targets)) == (None, 1, 2)
    assert (changed.inputs.limit, changed.run.repeats, changed.run.max_concurrent) == (3, 2, 7)
    assert [target.name for target in changed.targets] == ["B"]
    assert changed.run.timeout == 5
    assert lattice.run(changed).progress.successful == 6
    with pytest.raises(lattice.UsageError, match="no target is called 'C'"):
        lattice.load("sub/evaluation.yaml", targets=["C"])
    with pytest.raises(lattice.InvalidEvaluation, match="timeout"):
        lattice.load("sub/evaluation.yaml", set={"run.timeout": "soon"})
    with pytest.raises(lattice.UsageError, match=r"a part between dots is empty in the path 'run\.'"):
        lattice.load("sub/evaluation.yaml", set={"run.": 1})


def test_the_hash_does_not_depend_on_how_it_was_written() -> None:
    assert config_hash(evaluation()) == config_hash(evaluation(run={}, gates=[], checks=[]))
