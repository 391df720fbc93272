"""No version goes out without a verdict: the story of a platform team, told by the exit codes of real commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml
from tests.cli.jobs import environment, lattice, write_job
from tests.cli.servers import simulator
from tests.studio.api_requests import until

from lattice.providers.simulated.behaviour import Behaviour
from lattice.store import open_store


def verdicts(folder: Path) -> list[str]:
    """Of the gates of the last run, as a pipeline reads them."""
    return [gate["verdict"] for gate in json.loads(lattice(folder, "show", "latest", "--json").stdout)["gates"]]


def test_087_on_200_inputs_passes(tmp_path: Path) -> None:
    write_job(tmp_path, 0.87)
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 0
    assert verdicts(tmp_path) == ["pass", "pass"]
    assert lattice(tmp_path, "gate", "latest").returncode == 0


def test_079_on_200_inputs_fails(tmp_path: Path) -> None:
    write_job(tmp_path, 0.79)
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 3
    assert verdicts(tmp_path) == ["fail", "inconclusive"]
    assert lattice(tmp_path, "gate", "latest").returncode == 3


def test_20_inputs_are_inconclusive(tmp_path: Path) -> None:
    write_job(tmp_path, 0.85, inputs=20)
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 4
    assert verdicts(tmp_path) == ["pass", "inconclusive"]
    said = lattice(tmp_path, "gate", "latest")
    assert said.returncode == 4
    assert "more inputs would likely decide it" in " ".join(said.stdout.split())


def test_a_gate_on_a_cancelled_run_is_not_evaluated(tmp_path: Path) -> None:
    path = write_job(tmp_path, 0.87)
    evaluation = yaml.safe_load(path.read_text())
    target = {"name": "Bot", "model": "sim/assistant", "params": {"latency": 0.2}}
    path.write_text(yaml.safe_dump({**evaluation, "targets": [target]}))
    command = [sys.executable, "-m", "lattice", "run", "evaluation.yaml", "--no-progress", "--max-concurrent", "2"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL) as running:
        store = tmp_path / ".lattice" / "lattice.db"
        until(store.exists)
        until(lambda: some_are_done(store))
        os.kill(running.pid, signal.SIGINT)
        assert running.wait() == 130
    assert verdicts(tmp_path) == ["not_evaluated", "not_evaluated"]
    for conditions in ((), ("--require", "mean > 0.01")):
        said = lattice(tmp_path, "gate", "latest", *conditions, "--json")
        assert said.returncode == 4
        assert json.loads(said.stdout)["verdict"] == "not_evaluated"


def test_a_wrong_key_fails_and_is_no_verdict_on_the_model(tmp_path: Path) -> None:
    path = write_job(tmp_path, 0.87)
    evaluation = yaml.safe_load(path.read_text())
    target = {"name": "Bot", "model": "openai/gpt-5-mini"}
    path.write_text(yaml.safe_dump({**evaluation, "targets": [target]}))
    with simulator(Behaviour.from_options(faults=("401=1.0",))) as provider:
        keys = environment(OPENAI_BASE_URL=provider.openai_url, OPENAI_API_KEY="a-key-that-is-wrong")
        said = lattice(tmp_path, "run", "evaluation.yaml", "--no-progress", environ=keys)
    assert said.returncode == 1
    assert "a-key-that-is-wrong" not in said.stderr
    assert lattice(tmp_path, "gate", "latest").returncode == 4


def test_a_version_that_is_worse_than_the_baseline_does_not_go_out(tmp_path: Path) -> None:
    write_job(tmp_path, 0.95)
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 0
    assert lattice(tmp_path, "baseline", "set", "latest").returncode == 0
    write_job(tmp_path, 0.87, gates=("mean > 0.80", "difference.ci_upper >= 0"))
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 3
    assert verdicts(tmp_path) == ["pass", "fail"]
    write_job(tmp_path, 0.96, gates=("mean > 0.80", "difference.ci_upper >= 0"))
    assert lattice(tmp_path, "run", "evaluation.yaml", "--no-progress").returncode == 0


def some_are_done(path: Path) -> bool:
    with open_store(f"sqlite:///{path}") as store:
        return any(run.progress.done for run in store.runs())
