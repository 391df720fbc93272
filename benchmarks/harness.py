"""What the benchmarks share: a simulator in a process of its own, workspaces, and tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

LATTICE = (sys.executable, "-m", "lattice")

_BASE_URL = re.compile(r"ANTHROPIC_BASE_URL=(\S+)")
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Simulator:
    """`lattice simulate`, running in a process of its own.

    Parameters
    ----------
    url: where it listens, without a path.
    """

    url: str

    def environ(self) -> dict[str, str]:
        """The variables with which a process of Lattice talks to it."""
        return {**os.environ, "OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": "any"}

    def counters(self) -> dict[str, Any]:
        """How often it was asked, and what it answered."""
        counters: dict[str, Any] = _get(f"{self.url}/_simulator/counters")
        return counters

    def paid(self) -> dict[tuple[str, str], int]:
        """How often each question was answered, by step and the user's last message (the first 10,000)."""
        contents = _get(f"{self.url}/_simulator/contents")
        return {(each["step"], each["text"]): each["paid"] for each in contents}

    def clear(self) -> None:
        """Count anew."""
        request = urllib.request.Request(f"{self.url}/_simulator/counters", method="DELETE")
        urllib.request.urlopen(request, timeout=_PATIENCE).close()


@contextmanager
def simulator(*options: str) -> Iterator[Simulator]:
    """Start one on a free port, with options of `lattice simulate`; it is ended with the context."""
    command = [*LATTICE, "simulate", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = ""
            while (found := _BASE_URL.search(said)) is None:
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError(f"the simulator ended: {said}")
                said += line
            yield Simulator(found[1])
        finally:
            process.terminate()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lattice-benchmark-") as name:
        yield Path(name)


def evaluation(inputs: int, run: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An evaluation file's data: two calls per input to an OpenAI-like server, over a file `inputs.jsonl`.

    Parameters
    ----------
    inputs: how many of the file's inputs are used.
    run: the block `run`.
    more: further top-level keys.
    """
    return {
        "name": "Benchmark",
        "type": "task_specific",
        "targets": [
            {"name": "Target", "model": "openai/sim-assistant", "system": "You answer in one or two sentences."}
        ],
        "inputs": {"path": "inputs.jsonl", "limit": inputs},
        "scoring": {
            "judge": {
                "model": "openai/sim-judge",
                "mode": "reference",
                "rubric": "5: says what the reference says\n3: partly right\n1: wrong, or no answer",
            }
        },
        "run": dict(run),
        **more,
    }


def write_inputs(folder: Path, count: int) -> None:
    """`inputs.jsonl` with so many questions of about 120 characters."""
    with (folder / "inputs.jsonl").open("wb") as file:
        for number in range(1, count + 1):
            file.write(orjson.dumps(question(number), option=orjson.OPT_APPEND_NEWLINE))


def question(number: int) -> dict[str, str]:
    """One input."""
    return {
        "id": f"q{number:07d}",
        "input": f"Customer {number:07d} asks: how do I connect device number {number * 7919 % 1000:03d} to the "
        "office network when the old one has been replaced?",
        "reference": f"Open the settings of device {number * 7919 % 1000:03d}, choose Network, and confirm the code.",
    }


def write_evaluation(folder: Path, data: Mapping[str, Any]) -> Path:
    """`evaluation.json` in a folder."""
    path = folder / "evaluation.json"
    path.write_bytes(orjson.dumps(data))
    return path


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for people: the first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        first, *rest = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        print("  ".join(cells))
    print(flush=True)


def verdict(value: float, budget: float) -> str:
    """Whether a number that should be low is within its budget."""
    return "within" if value <= budget else "ABOVE"


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_PATIENCE) as response:
        return orjson.loads(response.read())
