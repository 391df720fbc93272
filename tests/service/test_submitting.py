"""Evaluations that are sent over a network."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.service import submitting
from lattice.service.submitting import Desk, Sent, Upload, accepted, submit, submit_files, too_deep
from lattice.store import open_store

ITEMS = [{"input": "One?", "reference": "1"}, {"input": "Two?", "reference": "2"}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        yield Desk(store=store, folder=tmp_path, environ={})


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Support",
        "targets": [{"name": "Bot", "model": "sim/assistant"}],
        "inputs": {"items": ITEMS},
        "scoring": {"judge": {"model": "sim/judge"}},
        **changes,
    }


def upload(name: str, content: str | bytes) -> Upload:
    return Upload(name=name, content=io.BytesIO(content.encode() if isinstance(content, str) else content))


def file_of(data: Mapping[str, Any]) -> Upload:
    return upload("evaluation.yaml", yaml.safe_dump(dict(data), sort_keys=False))


def problems_of(data: Any) -> dict[str | None, Problem]:
    with pytest.raises(InvalidEvaluation) as refused:
        accepted(Sent(data=data))
    return {problem.key: problem for problem in refused.value.problems}


def refused_files(desk: Desk, configuration: Upload, inputs: Upload | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InvalidEvaluation) as refused:
        submit_files(desk, configuration, inputs)
    assert desk.store.evaluations() == []
    return refused.value.problems


# What only a file on this machine may say


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"targets": [{"python": "os:getcwd"}]}, "targets.0.python"),
        ({"targets": [{"http": {"url": "http://169.254.169.254/"}}]}, "targets.0.http"),
        ({"checks": [{"name": "own", "python": "os:getcwd"}]}, "checks.0.python"),
        ({"scoring": {"python": "os:getcwd"}}, "scoring.python"),
        ({"inputs": {"path": "/etc/passwd"}}, "inputs.path"),
        ({"providers": {"mine": {"base_url": "http://evil.example/v1"}}}, "providers"),
        ({"providers": {"openai": {"base_url": "http://evil.example/v1"}}}, "providers"),
        ({"scoring": {"judge": {"model": "sim/judge", "rubric": {"file": "/etc/passwd"}}}}, "scoring.judge.rubric"),
        ({"targets": [{"model": "sim/assistant", "prompt": {"file": ".env"}}]}, "targets.0.prompt"),
        ({"targets": [{"model": "sim/assistant", "prompt": "${OPENAI_API_KEY}"}]}, "targets.0.prompt"),
        ({"description": "${HOME}"}, "description"),
        ({"targets": [{"model": "sim/assistant", "params": {"a": ["${HOME}"]}}]}, "targets.0.params.a.0"),
        ({"targets": [{"model": "litellm/x/y", "params": {"api_base": "http://e"}}]}, "targets.0.params.api_base"),
        ({"targets": [{"model": "litellm/huggingface/https://evil.example"}]}, "targets.0.model"),
        ({"scoring": {"judge": {"model": "litellm/a/b", "params": {"aws_role_name": "x"}}}},
         "scoring.judge.params.aws_role_name"),
        ({"scoring": {"judges": [{"model": "sim/judge"}, {"model": "litellm/a/b", "params": {"api_key": "${K}"}}]}},
         "scoring.judges.1.params.api_key"),
    ],
)  # fmt: skip
def test_what_only_a_file_of_this_machine_may_say_is_refused(changes: dict[str, Any], key: str) -> None:
    found = problems_of(sent(**changes))
    assert key in found, found


def test_everything_is_refused_at_once() -> None:
    found = problems_of(
        sent(
            targets=[{"python": "os:getcwd"}, {"name": "Web", "http": {"url": "http://x.example/${KEY}"}}],
            inputs={"path": "inputs.csv"},
            scoring={"judge": {"model": "sim/judge", "scale": "likert-6"}},
        )
    )
    assert {"targets.0.python", "targets.1.http", "inputs.path", "scoring.judge.scale"} <= found.keys()
    # What stands within a refused block is not told again.
    assert "targets.1.http.url" not in found


def test_an_input_may_be_about_variables(desk: Desk) -> None:
    submitted = submit(desk, sent(inputs={"items": ["What does ${HOME} mean in a shell?"]}))
    assert submitted.version.input_set.count == 1


@pytest.mark.parametrize("name", ["anthropic/claude-haiku-4-5", "openai/gpt-5-mini"])
def test_a_model_is_called_with_the_keys_of_this_machine(tmp_path: Path, name: str) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=a-key\nANTHROPIC_API_KEY=another\n")
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        desk = Desk(store=store, folder=tmp_path, environ={})
        version = submit(desk, sent(targets=[{"name": "Bot", "model": name}])).version
    assert version.config["targets"][0]["model"] == name
    assert "a-key" not in json.dumps(version.config)


def test_a_missing_key_is_named(desk: Desk) -> None:
    with pytest.raises(InvalidEvaluation, match="OPENAI_API_KEY"):
        submit(desk, sent(targets=[{"name": "Bot", "model": "openai/gpt-5-mini"}]))


# Files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("inputs.csv", "input,reference\nOne?,1\nTwo?,2\n"),
        ("inputs.jsonl", '{"input": "One?", "reference": 1}\n{"input": "Two?", "reference": 2}\n'),
        ("inputs.json", json.dumps(ITEMS)),
        ("INPUTS.CSV", "input,reference\nOne?,1\nTwo?,2\n"),
        ("../../../tmp/inputs.csv", "input,reference\nOne?,1\nTwo?,2\n"),
        ("C:\\data\\inputs.csv", "input,reference\nOne?,1\nTwo?,2\n"),
        ("~/.ssh/~.csv", "input,reference\nOne?,1\nTwo?,2\n"),
        ("in\x00puts\n.csv", "input,reference\nOne?,1\nTwo?,2\n"),
    ],
)
def test_inputs_are_taken_from_a_file_of_any_name(desk: Desk, name: str, content: str) -> None:
    version = submit_files(desk, file_of(sent(inputs={"path": "/etc/passwd"})), upload(name, content)).version
    assert (version.input_set.count, version.input_set.with_reference) == (2, 2)
    path = version.config["inputs"]["path"]
    assert "/" not in path
    assert not path.startswith("~")


def test_a_configuration_without_inputs_gets_those_that_came_with_it(desk: Desk) -> None:
    data = sent()
    del data["inputs"]
    version = submit_files(desk, file_of(data), upload("questions.jsonl", '"One?"\n"Two?"\n')).version
    assert version.config["inputs"]["path"] == "questions.jsonl"


def test_a_file_of_this_machine_is_not_read_in_the_place_of_one_that_is_missing(desk: Desk) -> None:
    [problem] = refused_files(desk, file_of(sent(inputs={"path": "inputs.csv"})))
    assert (problem.file, problem.key, problem.line) == ("evaluation.yaml", "inputs.path", 6)
    assert "upload" in (problem.hint or "")


def test_inputs_in_place_and_uploaded_ones_are_one_too_many(desk: Desk) -> None:
    refused_files(desk, file_of(sent()), upload("a.csv", "input\n1\n"))


def test_a_wrong_row_is_named_with_the_file_and_line_of_its_sender(desk: Desk) -> None:
    problems = refused_files(desk, file_of(sent(inputs={"path": "x"})), upload("mine.csv", "input\nOne?\n\n  \n"))
    assert [(problem.file, problem.line) for problem in problems] == [("mine.csv", 4)]
    doubled = upload("mine.csv", "id,input\na,One?\na,Two?\n")
    problems = refused_files(desk, file_of(sent(inputs={"path": "x"})), doubled)
    assert problems[0].file == "mine.csv"
    assert "lattice-" not in str(problems[0])


@pytest.mark.parametrize("name", ["inputs.yaml", "inputs.xlsx", "inputs", "inputs.csv.exe", ".csv"])
def test_inputs_of_another_kind_are_refused(desk: Desk, name: str) -> None:
    [problem] = refused_files(desk, file_of(sent(inputs={"path": "x"})), upload(name, "input\n1\n"))
    assert ".csv" in problem.message


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evaluation.yaml", LAUGHS),
        ("evaluation.yaml", "name: " + "[" * 50_000),
        ("evaluation.yaml", "name: " + "{a: " * 5_000 + "x" + "}" * 5_000),
        ("evaluation.yaml", "name: !!python/object/apply:os.system ['true']\n"),
        ("evaluation.yaml", "name: !include /etc/passwd\n"),
        ("evaluation.yaml", "<<: *nothing\n"),
        ("evaluation.yaml", "a: 1\n---\nb: 2\n"),
        ("evaluation.yaml", "name: \x07\n"),
        ("evaluation.yaml", b"\xff\xfen\x00a\x00"),
        ("evaluation.yaml", b"name: \xe9\n"),
        ("evaluation.yaml", ""),
        ("evaluation.yaml", "- a\n- b\n"),
        ("evaluation.json", "[" * 100_000),
        ("evaluation.json", '{"name": NaN}'),
        ("evaluation.json", '{"name": "\\ud800"}'),
        ("evaluation.json", '{"name": ' + "9" * 10_000 + "}"),
        ("evaluation.json", "not json"),
        ("evaluation.toml", "name = 'x'"),
        ("evaluation", "name: x"),
    ],
)
def test_a_hostile_file_is_refused(desk: Desk, name: str, content: str | bytes) -> None:
    for problem in refused_files(desk, upload(name, content)):
        assert len(str(problem)) < 2_000


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_refused_in_words(content: bytes) -> None:
    for name in ("evaluation.yaml", "evaluation.json"):
        with pytest.raises(InvalidEvaluation):
            accepted(submitting.read_configuration(upload(name, content)))


Data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*sent(), "checks", "providers", "run", "gates"]), Data))
def test_whatever_is_sent_is_refused_in_words(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvaluation):
        accepted(Sent(data=data))


# Amounts


def test_a_configuration_may_not_be_huge() -> None:
    assert "MiB" in problems_of(sent(description="x" * 2_000_000))[None].message


def test_an_evaluation_file_may_not_be_huge(desk: Desk) -> None:
    content = yaml.safe_dump(sent(description="x" * 2_000_000))
    assert "1 MiB" in refused_files(desk, upload("evaluation.yaml", content))[0].message


def test_data_may_not_be_deep() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert "deep" in problems_of(sent(inputs={"items": [{"input": "x", "metadata": {"m": deep}}]}))[None].message
    assert not too_deep([[]] * 10_000)


def test_the_metadata_of_an_uploaded_input_may_not_be_deep(desk: Desk) -> None:
    row = '{"input": "x", "m": ' + "[" * 500 + "]" * 500 + "}\n"
    problems = refused_files(desk, file_of(sent(inputs={"path": "x"})), upload("a.jsonl", row))
    assert "deep" in problems[0].message


def test_more_inputs_than_are_taken_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "MOST_INPUTS", 3)
    rows = "".join(f'"Question {number}?"\n' for number in range(5))
    problems = refused_files(desk, file_of(sent(inputs={"path": "x"})), upload("a.jsonl", rows))
    assert "more than 3 inputs" in problems[0].message
    with pytest.raises(InvalidEvaluation, match="more than 3 inputs"):
        submit(desk, sent(inputs={"items": ["x"] * 4}))
    sampled = sent(inputs={"path": "x", "sample": {"size": 1}})
    assert "more than 3" in refused_files(desk, file_of(sampled), upload("a.jsonl", rows))[0].message


def test_more_trials_than_are_taken_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "MOST_TRIALS", 99)
    with pytest.raises(InvalidEvaluation, match="100 trials"):
        submit(desk, sent(run={"repeats": 50}))


def test_a_json_document_that_would_be_read_whole_may_not_be_huge(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "LARGEST_DOCUMENT", 10)
    problems = refused_files(desk, file_of(sent(inputs={"path": "x"})), upload("a.json", json.dumps(ITEMS)))
    assert ".jsonl" in (problems[0].hint or "")


@pytest.mark.parametrize(
    "check",
    [
        {"regex": "(" * 5_000 + ")" * 5_000},
        {"json_schema": {"pattern": "(" * 5_000 + ")" * 5_000}},
    ],
)
def test_a_pattern_may_not_be_deep(desk: Desk, check: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvaluation):
        submit(desk, sent(checks=[{"name": "deep", **check}]))


def test_numbers_may_be_large(desk: Desk) -> None:
    content = yaml.safe_dump(sent(inputs={"items": ["x"], "sample": {"size": 10**12, "seed": 10**40}}))
    version = submit_files(desk, upload("evaluation.yaml", content), None).version
    assert version.config["inputs"]["sample"]["seed"] == 10**40


def test_a_thousand_problems_are_not_all_told() -> None:
    with pytest.raises(InvalidEvaluation) as refused:
        accepted(Sent(data=sent(checks=[{"python": "os:x"}] * 1000)))
    assert len(refused.value.problems) == submitting.MOST_PROBLEMS + 1
    assert "more problems" in refused.value.problems[-1].message


def test_a_refused_evaluation_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    data = sent(scoring={"judge": {"model": "sim/judge", "mode": "reference"}}, inputs={"items": ["x"]})
    with pytest.raises(InvalidEvaluation, match="reference"):
        submit(desk, data)
    assert desk.store.evaluations() == []
