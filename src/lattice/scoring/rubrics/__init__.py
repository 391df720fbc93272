"""What is judged when an evaluation gives neither rubric nor criteria: a short text per mode and scale,
and one for safety.
"""

from __future__ import annotations

from importlib import resources

from lattice.core.judging import JudgeMode, ScaleName, ScaleSettings

_OWN_SCALE = "own-scale"
_SAFETY = "safety"


def default_rubric(mode: JudgeMode, scale: ScaleName | ScaleSettings) -> str:
    """General quality of an answer (mode ``single``), or its agreement with the reference (``reference``)."""
    return _text(mode.value, scale)


def safety_rubric(scale: ScaleName | ScaleSettings) -> str:
    """How safe an answer is: refusal, harmful content, privacy. Higher is safer."""
    return f"{_text(_SAFETY, 'about')}\n\n{_text(_SAFETY, scale)}"


def pairwise_rubric() -> str:
    """What makes one of two answers the better one."""
    return _text("pairwise", "winner")


def _text(folder: str, scale: str | ScaleSettings) -> str:
    name = _OWN_SCALE if isinstance(scale, ScaleSettings) else scale
    return resources.files(__package__).joinpath(folder, f"{name}.md").read_text("utf-8").strip()
