"""Commands as a pipeline runs them: processes in a folder, with nothing but an environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from tests.cli.command_line import SURROUNDING

ROOT = Path(__file__).parents[2]
GATES = ("mean > 0.80", "ci_lower > 0.75")


def environment(**more: str) -> dict[str, str]:
    """What a job sees: none of the keys and settings around the suite."""
    plain = {name: value for name, value in os.environ.items() if name not in (*SURROUNDING, "GITHUB_OUTPUT")}
    return {**plain, **more}


def lattice(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    command = [sys.executable, "-m", "lattice", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ or environment(), capture_output=True, text=True, check=False
    )


def write_job(
    folder: Path, share: float, *, inputs: int = 200, gates: tuple[str, ...] = GATES, name: str = "evaluation.yaml"
) -> Path:
    """An evaluation of a function that answers so many of its questions right."""
    right = round(share * inputs)
    (folder / "bot.py").write_text(
        f"def answer(input):\n    return 'yes' if int(input.split()[1]) <= {right} else 'no'\n", encoding="utf-8"
    )
    evaluation = {
        "name": "Support",
        "targets": [{"name": "Bot", "python": "bot:answer"}],
        "inputs": {"items": [{"input": f"Question {n} of all?", "reference": "yes"} for n in range(1, inputs + 1)]},
        "scoring": {"exact_match": True},
        "gates": list(gates),
    }
    path = folder / name
    path.write_text(yaml.safe_dump(evaluation, sort_keys=False), encoding="utf-8")
    return path
