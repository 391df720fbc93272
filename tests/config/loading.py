"""Evaluation files of tests, and the problems that loading finds in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lattice.config import load, parse_override
from lattice.core.errors import InvalidEvaluation, Problem

MINIMAL = """\
name: Support
targets: [{model: sim/answer}]
inputs: {items: [Hello]}
scoring: {judge: {model: sim/judge}}
"""


def written(folder: Path, text: str, name: str = "evaluation.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidEvaluation) as caught:
        load(path, overrides=[parse_override(text) for text in overrides])
    return caught.value.problems


def only_problem(path: Path, *overrides: str) -> Problem:
    (problem,) = problems(path, *overrides)
    return problem
