"""Targets and checks in an evaluation file: what is read of them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.config.loading import MINIMAL, only_problem, problems, written

from lattice.config import load

HTTP = """\
name: Support
targets:
  - http:
      url: https://rag.example.com/ask?k={{ metadata.k }}
      headers: {Authorization: "Bearer ${RAG_TOKEN}"}
      body:
        question: |
          Please:
          {{ inptu }}
        token: ${OTHER}
  - model: sim/answer
    messages:
      - {role: user, content: {file: shot.md}}
      - role: assistant
        content: "{{ reference }}"
inputs: {items: [Hello]}
scoring: {judge: {model: sim/judge}}
"""


def test_templates_of_endpoints_and_messages_are_checked_with_their_lines(tmp_path: Path) -> None:
    written(tmp_path, "one\n{{ x.y }}", "shot.md")
    found = problems(written(tmp_path, HTTP))
    assert [(problem.line, problem.key) for problem in found] == [
        (9, "targets.0.http.body.question"),
        (2, "targets.1.messages.0.content"),
        (15, "targets.1.messages.1.content"),
    ]
    assert found[1].file == str(tmp_path / "shot.md")
    assert "did you mean 'input'?" in found[0].message
    assert "that is the answer it is measured by" in found[2].message


def test_a_missing_variable_of_an_endpoint_is_named_with_its_line(tmp_path: Path) -> None:
    text = HTTP.replace("inptu", "input").replace("{{ reference }}", "x").replace("{file: shot.md}", "y")
    loaded = load(written(tmp_path, text))
    assert [(each.line, each.key, each.message) for each in loaded.missing_variables({})] == [
        (5, "targets.0.http.headers.Authorization", "not set in the environment: RAG_TOKEN"),
        (10, "targets.0.http.body.token", "not set in the environment: OTHER"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("model: sim/answer", "model: sim/a, python: 'a:b'", "targets.0", "got model and python"),
        ("model: sim/answer", "python: 'a.b'", "targets.0.python", "'a.b' has not the form"),
        ("model: sim/answer", "python: 'a:b', params: {x: 1}", "targets.0.params", "belongs to a model"),
        ("model: sim/answer", "python: 'a:b', prompt: x", "targets.0.prompt", "belongs to a model"),
        ("model: sim/answer", "model: sim/a, messages: []", "targets.0.messages", "at least one entry"),
        (
            "model: sim/answer",
            "model: sim/a, system: x, messages: [{role: user, content: x}]",
            "targets.0.system",
            "beside messages",
        ),
        (
            "model: sim/answer",
            "model: sim/a, messages: [{role: bot, content: x}]",
            "targets.0.messages.0.role",
            "expected system, user or assistant",
        ),
        ("model: sim/answer", "http: {url: 'https://a.example', method: GET, body: {}}", "targets.0.http.body", "GET"),
        ("model: sim/answer", "http: {url: 'https://a.example', usage: 5}", "targets.0.http.usage", "a text"),
        ("model: sim/answer", "http: {url: 'https://a.example', verify: 5}", "targets.0.http.verify", "a text"),
        ("model: sim/answer", "http: {ulr: 'https://a.example'}", "targets.0.http.ulr", "unknown key"),
        ("judge: {model: sim/judge}", "exact_match: true, regex: x", "scoring", "got exact_match and regex"),
        ("judge: {model: sim/judge}", "exact_match: 5", "scoring.exact_match", "expected true, or settings"),
        ("judge: {model: sim/judge}", "contains: []", "scoring.contains.all", "at least one entry"),
        ("judge: {model: sim/judge}", "regx: x", "scoring.regx", "unknown key"),
        ("judge: {model: sim/judge}", "judge: {model: sim/j}}\nchecks: {name: x", "checks", "a list"),
        (
            "judge: {model: sim/judge}",
            "judge: {model: sim/j}}\nchecks: [{name: score, regex: x}]#",
            "checks.0",
            "score",
        ),
    ],
)
def test_one_mistake_in_a_target_or_a_check_gives_one_clear_message(
    tmp_path: Path, old: str, new: str, key: str, message: str
) -> None:
    text = MINIMAL.replace(old, new) if "#" not in new else MINIMAL.replace(f"{old}}}", new.removesuffix("#"))
    problem = only_problem(written(tmp_path, text))
    assert problem.key == key
    assert message in problem.message
