"""The configuration as it is shown before a run, to the letter."""

from __future__ import annotations

from tests.reporting.run_records import evaluation

from lattice.cli.rendering.configuration import configuration_block
from lattice.cli.rendering.terminal import PLAIN, Terminal
from lattice.core.runs import RunStatus


def test_the_documented_configuration_is_shown_to_the_letter() -> None:
    lines = configuration_block(evaluation(), inputs=200, status=RunStatus.PENDING, terminal=PLAIN)
    assert "\n".join(lines) == (
        """\
Evaluation: RAG Pipeline Quality Assessment
Type: Task-Specific
Status: Pending
Targets: 1
  - Production RAG Stack (claude-3-5-sonnet-20241022)
Test Inputs: 200
Scoring: LLM-as-Judge (Likert-5, Reference mode)
Judge: claude-3-5-haiku-20241022"""
    )


def test_criteria_repeats_and_a_scale_of_ones_own_are_shown() -> None:
    configured = evaluation(repeats=3, criteria=[{"name": "tone"}, {"name": "facts"}], scale={"min": 0, "max": 20})
    lines = configuration_block(configured, inputs=200, status=RunStatus.PENDING, terminal=Terminal(shapes=True))
    assert lines[2] == "Status: ● Pending"
    assert lines[5:8] == [
        "Test Inputs: 200 (each 3 times)",
        "Scoring: LLM-as-Judge (0–20, Reference mode)",
        "Criteria: tone, facts",
    ]


def test_a_hostile_name_is_safe_and_cut() -> None:
    configured = evaluation().model_copy(update={"name": "\x1b]0;owned\x07" + "x" * 180})
    line = configuration_block(configured, inputs=1, status=RunStatus.PENDING, terminal=Terminal(width=40))[0]
    assert line.startswith("Evaluation: ␛]0;owned␇xxx")
    assert len(line) == 40
