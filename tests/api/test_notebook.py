"""Lattice in a real Jupyter kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat.v4
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from tests.docs.blocks import ROOT, blocks_of

import lattice
from lattice.cli import main

SECONDS = 60

SETUP = """
import asyncio, threading
import lattice

def answer(question):
    return question

def evaluation(function, count=30):
    return lattice.Evaluation(
        name="Notebook",
        targets=[lattice.Function(function, name="<b>Function</b>")],
        inputs=lattice.Inputs([f"Question {n}" for n in range(count)]),
        scoring={"regex": "[02468]$"},
        run={"max_concurrent": 4},
    )
"""


def executed(folder: Path, *sources: str) -> list[Any]:
    """The cells of a notebook after it has been executed."""
    v4: Any = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}})
    client.execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def html_of(cell: Any) -> list[str]:
    return [output["data"]["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]


def text_of(cell: Any) -> str:
    return "".join(output["text"] for output in cell.outputs if output.output_type == "stream")


def test_runs_show_themselves_and_their_progress_in_one_output_each(folder: Path) -> None:
    _, ran, awaited, streamed, quiet = executed(
        folder,
        SETUP,
        "run = lattice.run(evaluation(answer))\nrun",
        "await lattice.run_async(evaluation(answer))",
        "seen = 0\nasync for event in lattice.stream(evaluation(answer)):\n"
        "    seen += isinstance(event, lattice.TrialEnded)\nprint(seen, event.run)",
        "print(lattice.run(evaluation(answer), progress=False))",
    )
    for cell in (ran, awaited):
        progress, shown = html_of(cell)
        assert "Progress: 30 / 30 (100%)" in progress
        assert "<progress" in progress
        assert "Score Distribution" in shown
        assert "&lt;b&gt;Function" in shown or "<b>Function" not in shown
    assert text_of(streamed) == "30 <Run notebook#3: completed, 30 of 30>\n"
    assert text_of(quiet) == "<Run notebook#4: completed, 30 of 30>\n"
    assert html_of(quiet) == []
    run = lattice.open_run("notebook#1")
    assert run.evaluation.targets[0].python == "__main__:answer"
    with pytest.raises(lattice.InvalidEvaluation, match="it stood in the script or the notebook"):
        lattice.rerun(run)


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A kernel, and what talks to it."""

    manager: KernelManager
    client: BlockingKernelClient


@pytest.fixture
def kernel(folder: Path) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(manager=manager, client=client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def test_an_interrupt_cancels_the_run_and_keeps_what_is_there(kernel: Kernel) -> None:
    kernel.client.execute_interactive(SETUP, timeout=SECONDS)
    said: list[str] = []

    def hear(message: Any) -> None:
        if message["msg_type"] == "stream":
            text = message["content"]["text"]
            if "under way" in text and not said:
                kernel.manager.interrupt_kernel()
            said.append(text)

    reply = kernel.client.execute_interactive(
        "def slow(question):\n"
        "    print('under way', flush=True)\n"
        "    threading.Event().wait(0.2)\n"
        "    return question\n"
        "run = lattice.run(evaluation(slow), progress=False)\n"
        "print(run.status.value, run.progress.done < 30, lattice.open_run().status.value)\n",
        output_hook=hear,
        timeout=SECONDS,
    )
    assert reply["content"]["status"] == "ok", reply["content"]
    assert said[-1] == "cancelled True cancelled\n"


def test_what_the_page_about_notebooks_says_works_in_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lattice"])
    with pytest.raises(SystemExit):
        main(["init"])
    blocks = [block.text for block in blocks_of(ROOT / "docs" / "notebooks.md") if block.language == "python"]
    cells = executed(folder, *blocks)
    assert sum(len(html_of(cell)) for cell in cells) >= 2
