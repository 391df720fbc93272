"""What is judged when an evaluation gives neither rubric nor criteria: a short text per mode and scale."""

from __future__ import annotations

from importlib import resources

from lattice.core.evaluation import JudgeMode, ScaleName, ScaleSettings

_OWN_SCALE = "own-scale"


def default_rubric(mode: JudgeMode, scale: ScaleName | ScaleSettings) -> str:
    """General quality of an answer (mode ``single``), or its agreement with the reference (``reference``)."""
    name = _OWN_SCALE if isinstance(scale, ScaleSettings) else scale
    return resources.files(__package__).joinpath(mode.value, f"{name}.md").read_text("utf-8").strip()
