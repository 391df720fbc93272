"""``lattice rehearse``: what a run will take, without a call."""

from __future__ import annotations

import pytest
from tests.cli.command_line import CommandLine


@pytest.fixture
def ready(lattice: CommandLine) -> CommandLine:
    lattice.write_inputs(12)
    lattice.write_evaluation()
    return lattice


def test_it_says_what_a_run_takes_and_leaves_no_workspace(ready: CommandLine) -> None:
    said = ready("rehearse", "evaluation.yaml")
    assert said.code == 0
    assert "Calls: 12 to targets, 12 to judges" in said.out
    assert "no earlier run asked these models" in " ".join(said.out.split())
    assert not (ready.folder / ".lattice").exists()


def test_an_earlier_run_is_learned_from(ready: CommandLine) -> None:
    assert ready("run", "evaluation.yaml", "--no-progress").code == 0
    assert "Reckoned from what support-answers#1 took." in ready("rehearse", "evaluation.yaml").out


def test_a_wrong_file_is_refused(ready: CommandLine) -> None:
    refused = ready("rehearse", "missing.yaml")
    assert refused.code == 2
    assert "missing.yaml" in refused.err
