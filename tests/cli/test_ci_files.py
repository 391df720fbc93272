"""What ``ci/`` holds for pipelines: its script run as they run it, its YAML read, its lines of shell carried out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.jobs import ROOT, environment, lattice, write_job

SCRIPT = ROOT / "ci" / "run_evaluation.py"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "ci" / "github" / "action.yml").read_text(encoding="utf-8"))
TEMPLATE: dict[str, Any] = yaml.safe_load(
    (ROOT / "ci" / "gitlab" / "lattice.gitlab-ci.yml").read_text(encoding="utf-8")
)
RESULTS = ("junit.xml", "lattice.env", "run.json", "run.lattice", "summary.md")


def job(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script in a job of GitHub's."""
    environ = environment(
        LATTICE_FILE="evaluation.yaml",
        GITHUB_OUTPUT=str(folder / "outputs"),
        GITHUB_STEP_SUMMARY=str(folder / "page.md"),
        **variables,
    )
    return subprocess.run(
        [sys.executable, str(SCRIPT)], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder / "outputs").read_text(encoding="utf-8").splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def test_a_job_passes_and_leaves_what_pages_and_later_steps_need(tmp_path: Path) -> None:
    write_job(tmp_path, 0.87)
    ended = job(tmp_path, LATTICE_LABELS="commit=3f2a1c9\n\n  region=eu west\n")
    assert ended.returncode == 0, ended.stderr
    told = outputs(tmp_path)
    assert (told["verdict"], told["mean"], told["n"], told["exit-code"]) == ("pass", "0.87", "200", "0")
    assert 0.75 < float(told["ci-lower"]) < 0.87 < float(told["ci-upper"])
    folder = tmp_path / "lattice-results"
    assert sorted(each.name for each in folder.iterdir()) == list(RESULTS)
    run = json.loads((folder / "run.json").read_text())
    assert run["id"] == told["run-id"]
    assert (run["tags"]["commit"], run["tags"]["region"]) == ("3f2a1c9", "eu west")
    assert (tmp_path / "page.md").read_text() == (folder / "summary.md").read_text()
    assert "LATTICE_VERDICT=pass\n" in (folder / "lattice.env").read_text()


def test_a_job_is_held_against_the_file_of_an_earlier_one(tmp_path: Path) -> None:
    gates = ("difference.ci_upper >= 0",)
    write_job(tmp_path, 0.95, gates=gates)
    first = job(tmp_path, LATTICE_AGAINST="baseline.lattice")
    assert first.returncode == 4
    assert "There is no baseline.lattice yet" in first.stderr
    assert outputs(tmp_path)["verdict"] == "not_evaluated"
    (tmp_path / "lattice-results" / "run.lattice").rename(tmp_path / "baseline.lattice")
    write_job(tmp_path, 0.80, gates=gates)
    assert job(tmp_path, LATTICE_AGAINST="baseline.lattice").returncode == 3
    assert outputs(tmp_path)["verdict"] == "fail"
    summary = (tmp_path / "lattice-results" / "summary.md").read_text()
    assert "### Against `baseline.lattice`" in summary
    assert "difference.ci_upper &gt;= 0" in (tmp_path / "lattice-results" / "junit.xml").read_text()


@pytest.mark.parametrize(("allowed", "code"), [("fail", 4), ("", 4), ("pass", 0)])
def test_whether_an_inconclusive_run_fails_the_job_is_for_the_job_to_say(
    tmp_path: Path, allowed: str, code: int
) -> None:
    write_job(tmp_path, 0.85, inputs=20)
    ended = job(tmp_path, LATTICE_INCONCLUSIVE=allowed)
    assert ended.returncode == code
    told = outputs(tmp_path)
    assert (told["verdict"], told["exit-code"]) == ("inconclusive", "4")


def test_a_run_that_cannot_begin_is_no_verdict(tmp_path: Path) -> None:
    ended = job(tmp_path, LATTICE_INCONCLUSIVE="pass")
    assert ended.returncode == 2
    told = outputs(tmp_path)
    assert (told["verdict"], told["mean"], told["run-id"]) == ("not_evaluated", "", "")
    assert "did not run" in (tmp_path / "page.md").read_text()
    assert job(tmp_path, LATTICE_INCONCLUSIVE="perhaps").returncode == 2


def test_results_of_an_earlier_job_are_not_taken_for_this_one(tmp_path: Path) -> None:
    write_job(tmp_path, 0.87)
    assert job(tmp_path).returncode == 0
    (tmp_path / "evaluation.yaml").unlink()
    assert job(tmp_path).returncode == 2
    assert not (tmp_path / "lattice-results" / "junit.xml").exists()


@pytest.mark.parametrize(
    "hostile", ["$(touch owned)", "`touch owned`", "a; touch owned", "--help", "x\nverdict=pass", '"; touch owned; "']
)
def test_what_a_pull_request_names_is_run_by_no_shell(tmp_path: Path, hostile: str) -> None:
    write_job(tmp_path, 0.5, inputs=20)
    ended = job(tmp_path, LATTICE_LABELS=f"branch={hostile}", LATTICE_AGAINST="")
    assert ended.returncode in (2, 3, 4)
    assert outputs(tmp_path)["verdict"] != "pass"
    assert not (tmp_path / "owned").exists()


def test_the_action_takes_everything_through_the_environment() -> None:
    steps = ACTION["runs"]["steps"]
    assert ACTION["runs"]["using"] == "composite"
    for step in steps:
        assert "${{" not in step.get("run", "")
        assert step.get("uses", "actions/x").startswith("actions/")
        assert "shell" in step or "uses" in step
    text = json.dumps(ACTION)
    for kind, name in re.findall(r"\$\{\{ (inputs|steps\.evaluate\.outputs)\.([\w-]+)", text):
        assert name in (ACTION["inputs"] if kind == "inputs" else ACTION["outputs"]), name
    written = SCRIPT.read_text(encoding="utf-8")
    assert all(f'"{name}"' in written for name in ACTION["outputs"])


def carried_out(shell: str, folder: Path, variables: Mapping[str, str]) -> int:
    """Lines of shell, as the runner of a pipeline calls them."""
    python = folder / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    # A link would leave the virtual environment of the suite.
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    environ = environment(**variables)
    environ["PATH"] = f"{python.parent}:{environ['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", shell]
    return subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True).returncode


def test_the_steps_of_the_action_run(tmp_path: Path) -> None:
    write_job(tmp_path, 0.79)
    install, evaluate = (step["run"] for step in ACTION["runs"]["steps"] if "run" in step)
    assert carried_out(install, tmp_path, {"PACKAGE": ""}) == 0
    variables = {
        "LATTICE_FILE": "evaluation.yaml",
        "LATTICE_AGAINST": ACTION["inputs"]["against"]["default"],
        "LATTICE_INCONCLUSIVE": ACTION["inputs"]["inconclusive"]["default"],
        "LATTICE_FOLDER": ACTION["inputs"]["folder"]["default"],
        "GIVEN_LABELS": "region=eu\nbranch=$(touch owned)",
        "ACTION_PATH": str(ROOT / "ci" / "github"),
        "GITHUB_SHA": "3f2a1c9",
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
    }
    assert carried_out(evaluate, tmp_path, variables) == 3
    assert outputs(tmp_path)["verdict"] == "fail"
    tags = json.loads((tmp_path / "lattice-results" / "run.json").read_text())["tags"]
    assert {"commit": "3f2a1c9", "region": "eu", "branch": "$(touch owned)"}.items() <= tags.items()
    assert not (tmp_path / "owned").exists()


def test_the_template_runs(tmp_path: Path) -> None:
    write_job(tmp_path, 0.87)
    lines = TEMPLATE[".lattice"]["script"]
    variables = {
        **TEMPLATE[".lattice"]["variables"],
        "LATTICE_PACKAGE": "",
        "LATTICE_SCRIPT": str(SCRIPT),
        "LATTICE_FILE": "evaluation.yaml",
        "LATTICE_LABELS": "commit=3f2a1c9",
    }
    assert carried_out("\n".join(lines), tmp_path, variables) == 0
    artifacts = TEMPLATE[".lattice"]["artifacts"]
    for path in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (tmp_path / path).exists(), path
    assert artifacts["when"] == "always"


def test_a_stored_run_is_gated_in_a_later_job(tmp_path: Path) -> None:
    write_job(tmp_path, 0.87)
    assert job(tmp_path).returncode == 0
    assert lattice(tmp_path, "gate", "latest", "--require", "mean > 0.99").returncode == 3
