"""Input files of any length are streamed: memory does not grow with them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command_line import CommandLine

SHORT, LONG = 500, 50_000

PROGRAM = """
import pathlib, sys
from lattice.cli import main
try:
    main(sys.argv[1:])
finally:
    print(pathlib.Path("/proc/self/status").read_text())
"""


def peak(folder: Path, *arguments: str, code: int) -> int:
    """The most memory, in KiB, that a command had in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stderr
    found = re.search(r"^VmHWM:\s*(\d+) kB$", ended.stdout, re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_a_run_over_a_long_file_takes_no_more_memory_than_over_a_short_one(lattice: CommandLine) -> None:
    """Its budget ends it after the first inputs, when all have been read and scheduled."""
    peaks = []
    for count in (SHORT, LONG):
        lattice.write_inputs(count, name=f"{count}.jsonl")
        budget = {"budget": {"tokens": 2_000}, "max_concurrent": 2}
        lattice.write_evaluation({"inputs": {"path": f"{count}.jsonl"}, "run": budget})
        peaks.append(peak(lattice.folder, "run", "evaluation.yaml", code=4))
    assert peaks[1] < 1.25 * peaks[0]
    progress = lattice("show", "--json").document["progress"]
    assert progress["total"] == LONG
    assert 0 < progress["done"] < 50
