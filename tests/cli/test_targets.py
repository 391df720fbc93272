"""Runs over endpoints and functions, from the file to the summary."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.cli.command_line import CommandLine
from tests.cli.servers import InThread

SECRET = "rag-very-secret"
MODULE = """
import os
import threading
import lattice

print("printed on import")
first = threading.Lock()
both = threading.Barrier(2, timeout=10)


def answer(text):
    print("printed by the target")
    if text == "Question 3?":
        raise LookupError("no page 3")
    return lattice.Answer(
        f"Answer {text[9:-1]}.",
        usage=lattice.Usage(input_tokens=4, output_tokens=3),
        context=["page 1"],
        cost_usd=0.25,
    )


def together(text):
    # The first trial of a target runs alone; the others return only if two of them are open at once.
    if not first.acquire(blocking=False):
        both.wait()
    return text


def short(input, response):
    return len(response.text) < 11


async def context(input, response):
    return 0.5 if response.context else 0


def flag(text):
    if not os.path.exists(os.path.join(os.path.dirname(__file__), "flag")):
        raise RuntimeError("not yet")
    return text
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def stack(lattice: CommandLine) -> Iterator[CommandLine]:
    """The command line beside a module of its own, which no other test sees."""
    path = list(sys.path)
    lattice.write("own_functions.py", MODULE)
    yield lattice
    sys.path[:] = path
    sys.modules.pop("own_functions", None)


def endpoint(handler: Handler) -> InThread[TestServer]:
    @asynccontextmanager
    async def serving() -> AsyncIterator[TestServer]:
        app = web.Application()
        app.router.add_post("/ask", handler)
        server = TestServer(app)
        async with server:
            yield server

    return InThread(serving)


def metric(document: Any, name: str) -> Any:
    return next(each for each in document["metrics"] if each["name"] == name)


def test_a_failed_function_counts_as_a_score_if_asked_everywhere_and_is_a_failure_still(stack: CommandLine) -> None:
    stack.write_inputs(5)
    settings = {"targets": [{"name": "Mine", "python": "own_functions:answer"}], "gates": ["mean <= 0.8"]}
    stack.write_evaluation({**settings, "scoring": {"exact_match": True, "failed_as": 0}})
    document = stack("run", "evaluation.yaml", "--json", "--no-progress").document
    assert document["progress"] == {"total": 5, "done": 5, "successful": 4, "failed": 1}
    assert [error["input"] for error in document["errors"]] == [3]
    score = metric(document, "score")
    assert (score["n"], score["mean"], score["interval"]["method"]) == (5, 0.8, "wilson")
    assert score["failed_as"] == {"score": 0, "trials": 1}
    (gate,) = document["gates"]
    assert (gate["verdict"], gate["value"]) == ("pass", 0.8)
    shown = stack("show", "latest")
    assert "Mean 0.80 (n = 5 of 5, 1 failed counted as 0); interval: wilson" in shown.out
    assert stack("export", "latest", "-o", "run.md").code == 0
    assert "5 of 5 (1 failed as 0)" in (stack.folder / "run.md").read_text(encoding="utf-8")
    again = stack("run", "evaluation.yaml", "--no-progress", "--json").document
    compared = stack("compare", document["id"], again["id"], "--json").document
    assert [(each["n"], each["difference"]) for each in compared["comparisons"]] == [(5, 0)]


def test_a_function_is_evaluated_with_checks_beside_the_score(stack: CommandLine) -> None:
    stack.write_inputs(5)
    stack.write_evaluation(
        {
            "targets": [{"name": "Mine", "python": "own_functions:answer"}],
            "scoring": {"exact_match": True},
            "checks": [
                {"name": "short", "python": "own_functions:short"},
                {"name": "context", "python": "own_functions:context"},
            ],
        }
    )
    ended = stack("run", "evaluation.yaml", "--json", "--no-progress")
    document = ended.document
    assert document["progress"] == {"total": 5, "done": 5, "successful": 4, "failed": 1}
    (error,) = document["errors"]
    assert (error["step"], error["kind"], error["message"]) == ("target", "target_error", "LookupError: no page 3")
    assert metric(document, "score")["mean"] == 1
    assert metric(document, "short")["interval"]["method"] == "wilson"
    assert (metric(document, "context")["mean"], metric(document, "context")["n"]) == (0.5, 4)
    assert document["cost"] == {"usd": 1.0, "unpriced_models": []}
    assert document["usage"]["target"]["total_tokens"] == 28
    assert "printed on import" in ended.err
    assert "printed by the target" in ended.err


def test_blocking_functions_run_side_by_side(stack: CommandLine) -> None:
    stack.write_inputs(5)
    stack.write_evaluation({"targets": [{"python": "own_functions:together"}], "scoring": None, "type": "operational"})
    document = stack("run", "evaluation.yaml", "--json", "--no-progress").document
    assert document["progress"] == {"total": 5, "done": 5, "successful": 5, "failed": 0}


def test_checks_alone_make_a_run(stack: CommandLine) -> None:
    stack.write_inputs(4)
    stack.write_evaluation(
        {
            "type": "benchmark",
            "targets": [{"name": "Echo", "model": "sim/echo"}],
            "scoring": None,
            "checks": [{"name": "asks", "regex": r"\?$"}, {"name": "right", "exact_match": True}],
            "gates": ["asks.ci_lower > 0.5", "right.mean < 0.1"],
        }
    )
    ended = stack("run", "evaluation.yaml", "--json")
    assert ended.code == 0, ended.err
    assert [each["name"] for each in ended.document["metrics"]] == ["asks", "right"]
    assert [gate["verdict"] for gate in ended.document["gates"]] == ["pass", "pass"]
    exported = stack("export", "latest", "-o", "-", "--format", "csv").out.splitlines()
    assert "metrics.right" in exported[0]
    assert len(exported) == 5


def test_a_check_that_cannot_be_computed_fails_the_trial_where_it_stands_alone(stack: CommandLine) -> None:
    stack.write("inputs.jsonl", '{"input": "a", "reference": "5"}\n{"input": "b", "reference": "five"}\n')
    stack.write_evaluation(
        {"targets": [{"model": "sim/echo"}], "scoring": None, "checks": [{"name": "sum", "numeric": True}]}
    )
    ended = stack("run", "evaluation.yaml", "--json")
    (error,) = ended.document["errors"]
    assert (error["input"], error["step"], error["kind"]) == (2, "check", "invalid_input")
    assert error["message"].startswith("Check 'sum': The reference")
    assert "Input #2: Check 'sum': The reference" in ended.err


def test_an_endpoint_is_evaluated_and_its_secret_is_kept_nowhere(lattice: CommandLine) -> None:
    async def ask(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        question = (await request.json())["question"]
        number = int(question.split()[1].rstrip("?"))
        if number == 2:
            return web.Response(text="<html>")
        if number == 3:
            return web.Response(status=400, text=f"bad token {SECRET}")
        return web.json_response({"answer": f"Answer {number}.", "pages": ["p1"], "usd": 0.5})

    lattice.write_inputs(4)
    lattice.write(".env", f"RAG_TOKEN={SECRET}\n")
    with endpoint(ask) as server:
        http = {
            "url": str(server.make_url("/ask")),
            "headers": {"Authorization": "Bearer ${RAG_TOKEN}"},
            "body": {"question": "{{ input }}"},
            "output": "$.answer",
            "context": "$.pages",
            "cost": "$.usd",
        }
        lattice.write_evaluation({"targets": [{"name": "Stack", "http": http}], "scoring": {"exact_match": True}})
        ended = lattice("run", "evaluation.yaml", "--json")
    document = ended.document
    assert [(error["input"], error["kind"]) for error in document["errors"]] == [
        (2, "target_response"),
        (3, "invalid_input"),
    ]
    assert (metric(document, "score")["n"], metric(document, "score")["mean"]) == (2, 1)
    assert document["cost"] == {"usd": 1.0, "unpriced_models": []}
    assert SECRET not in ended.out + ended.err
    database = lattice.folder / ".lattice" / "lattice.db"
    with closing(sqlite3.connect(database)) as connection:
        assert SECRET not in "\n".join(connection.iterdump())


def test_a_run_is_resumed_from_any_folder(stack: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stack.folder
    below, elsewhere = folder / "evaluations", folder / "elsewhere"
    for each in (below, elsewhere):
        each.mkdir()
    for name in ("own_functions.py",):
        (folder / name).rename(below / name)
    stack.write_inputs(3, name="evaluations/inputs.jsonl")
    stack.write_evaluation(
        {"targets": [{"name": "Mine", "python": "own_functions:flag"}], "scoring": None, "type": "operational"},
        name="evaluations/evaluation.yaml",
    )
    (folder / ".lattice").mkdir()
    failed = stack("run", "evaluations/evaluation.yaml", "--json")
    assert failed.document["progress"]["failed"] > 0
    (below / "flag").touch()
    sys.modules.pop("own_functions")
    sys.path.remove(str(below))
    monkeypatch.chdir(elsewhere)
    ended = stack("resume", "latest", "--failed", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["progress"] == {"total": 3, "done": 3, "successful": 3, "failed": 0}


def test_a_resume_says_what_is_not_here_any_more(stack: CommandLine) -> None:
    stack.write_inputs(2)
    (stack.folder / "below").mkdir()
    stack.write_inputs(2, name="below/inputs.jsonl")
    (stack.folder / "own_functions.py").rename(stack.folder / "below" / "own_functions.py")
    stack.write_evaluation(
        {"targets": [{"name": "Mine", "python": "own_functions:flag"}], "scoring": None, "type": "operational"},
        name="below/evaluation.yaml",
    )
    stack("run", "below/evaluation.yaml")
    sys.modules.pop("own_functions")
    sys.path.remove(str(stack.folder / "below"))
    (stack.folder / "below").rename(stack.folder / "moved")
    ended = stack("resume", "latest", "--failed")
    assert ended.code == 2
    assert f"The evaluation's folder below is not here: its files are looked for in {stack.folder}" in ended.err
    assert "targets.0.python: own_functions:flag: importing own_functions failed: ModuleNotFoundError" in ended.err
    assert Path.cwd() == stack.folder
