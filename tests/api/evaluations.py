"""Evaluations that cost nothing, built in code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lattice
from lattice.core.targets import TargetSettings


def inputs(count: int) -> list[dict[str, str]]:
    return [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."} for n in range(1, count + 1)]


def evaluation(
    *targets: TargetSettings, count: int = 20, name: str = "From code", **changes: Any
) -> lattice.Evaluation:
    parts: dict[str, Any] = {"scoring": lattice.Judge("sim/judge", mode="reference"), **changes}
    chosen: Sequence[TargetSettings] = targets or (lattice.Model("sim/assistant", name="Assistant"),)
    return lattice.Evaluation(name=name, targets=chosen, inputs=lattice.Inputs(inputs(count)), **parts)
