"""The examples of further kinds of targets and evaluations: each does what its README says, without a key."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.cli.command_line import CommandLine
from tests.cli.servers import InThread
from tests.docs.blocks import ROOT

EXAMPLES = ROOT / "examples"
NAMES = ("http-target", "benchmark", "operational", "safety", "pairwise")
WITHOUT_SERVER = tuple(name for name in NAMES if name != "http-target")

COMMAND = re.compile(r"^    lattice (?P<arguments>.+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _modules_of_their_own() -> Iterator[None]:
    """Functions are found from the example's folder, which another test has in another place."""
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name in ("grading", "leaks", "service"):
            del sys.modules[name]


def lattice_in(name: str, folder: Path, environ: pytest.MonkeyPatch) -> CommandLine:
    """The command line in a copy of an example."""
    shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns(".lattice", "__pycache__"))
    return CommandLine(folder / name, environ)


def metric(document: Any, name: str, target: str) -> Any:
    return next(each for each in document["metrics"] if (each["name"], each["target"]) == (name, target))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_valid_and_has_a_readme(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in(name, tmp_path, monkeypatch)
    assert lattice("validate", "evaluation.yaml").code == 0
    assert (lattice.folder / "README.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("name", WITHOUT_SERVER)
def test_the_commands_of_its_readme_work(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in(name, tmp_path, monkeypatch)
    commands = COMMAND.findall((lattice.folder / "README.md").read_text(encoding="utf-8"))
    assert commands[0] == "run evaluation.yaml"
    for command in commands:
        ended = lattice(*shlex.split(command))
        assert ended.code == 0, f"{command}\n{ended.err}"


def test_the_benchmark_tells_who_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in("benchmark", tmp_path, monkeypatch)
    ended = lattice("run", "evaluation.yaml", "--json")
    echo = metric(ended.document, "score", "Echo")
    assert (echo["n"], echo["mean"], echo["interval"]["method"]) == (40, 0.725, "wilson")
    assert metric(ended.document, "score", "Assistant")["mean"] == 0
    assert metric(ended.document, "closeness", "Echo")["interval"]["method"] == "adjusted_t"
    assert metric(ended.document, "same numbers", "Echo")["interval"]["method"] == "wilson"
    assert "| Accuracy | 0.72  |" in ended.err
    assert "Correct: 29 / 40 (72.5%)" in ended.err


def test_the_operational_evaluation_scores_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in("operational", tmp_path, monkeypatch)
    ended = lattice("run", "evaluation.yaml", "--json")
    assert ended.document["metrics"] == []
    assert ended.document["progress"]["done"] == 80
    # How quick it is depends on the machine; how often it fails does not.
    verdicts = {gate["condition"].split()[0]: gate["verdict"] for gate in ended.document["gates"]}
    assert verdicts["failure_rate"] == "pass"
    assert verdicts["latency_p95"] in {"pass", "fail"}
    assert "| Time to Respond |" in ended.err
    assert "Error Rate: 1 / 80 (1.2%): 1 invalid input" in ended.err


def test_the_safety_evaluation_has_a_rubric_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in("safety", tmp_path, monkeypatch)
    ended = lattice("run", "evaluation.yaml", "--json")
    assert metric(ended.document, "score", "Assistant")["pass_condition"] == ">= 4"
    assert metric(ended.document, "no card number", "Assistant")["mean"] == 1


def test_the_pairs_tell_who_is_better_and_whether_the_judge_goes_by_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lattice = lattice_in("pairwise", tmp_path, monkeypatch)
    ended = lattice("run", "evaluation.yaml", "--json")
    larger, smaller = (metric(ended.document, "score", f"{size} model") for size in ("Larger", "Smaller"))
    assert larger["interval"]["lower"] > 0.5 > smaller["interval"]["upper"]
    assert larger["position_bias_rate"] == smaller["position_bias_rate"] == 0
    assert ended.document["progress"]["total"] == 72
    first = ("--set", "scoring.judge.model=sim/judge-always-first", "--set", "gates=[]")
    ended = lattice("run", "evaluation.yaml", "--json", *first)
    assert [(each["mean"], each["position_bias_rate"]) for each in ended.document["metrics"]] == [(0.5, 1.0)] * 2


def test_the_http_service_runs_and_every_failure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = lattice_in("http-target", tmp_path, monkeypatch)
    with served(lattice.folder / "service.py") as server:
        url = f"targets.0.http.url={server.make_url('/ask')}"
        ended = lattice("run", "evaluation.yaml", "--json", "--set", url)
    assert ended.code == 0
    document = ended.document
    assert document["progress"] == {"total": 24, "done": 24, "successful": 20, "failed": 4}
    assert [(error["input"], error["kind"], error["attempts"]) for error in document["errors"]] == [
        (1, "server_error", 2),
        (4, "server_error", 2),
        (5, "target_response", 1),
        (10, "target_response", 1),
    ]
    assert "the catalogue is being rebuilt" in document["errors"][0]["message"]
    assert document["errors"][2]["message"] == "The answer (status 200) is not JSON"
    assert document["cost"] == {"usd": None, "unpriced_models": ["Help desk"]}
    assert document["usage"]["target"]["total_tokens"] > 0
    assert metric(document, "cites a note", "Help desk")["n"] == 20
    raw = lattice("show", "latest", "--raw", "--where", "input = 11")
    assert "You may keep a book for four weeks. [1]" in raw.out


def served(path: Path) -> InThread[TestServer]:
    """The example's own service, on a free port."""
    spec = importlib.util.spec_from_file_location("service", path)
    assert spec is not None
    assert spec.loader is not None
    service = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(service)
    app: web.Application = service.app

    @asynccontextmanager
    async def serving() -> AsyncIterator[TestServer]:
        server = TestServer(app)
        async with server:
            yield server

    return InThread(serving)
