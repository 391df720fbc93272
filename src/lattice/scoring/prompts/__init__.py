"""The built-in judge prompts: one folder per mode with a ``system.jinja`` and a ``user.jinja``.

A system template is rendered once per judge and sees what the evaluation's author wrote; a user template is
rendered per response, and everything it is given has been fenced already (`lattice.scoring.fences`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from lattice.core.judging import JudgeMode
from lattice.wire.templates import Template

SYSTEM_VARIABLES = frozenset({"rubric", "criteria", "scale", "answer_form"})
USER_VARIABLES = frozenset({"input", "reference", "context", "retrieved", "tool_calls", "response", "answer_form"})

PAIR_SYSTEM_VARIABLES = frozenset({"rubric", "answer_form"})
PAIR_USER_VARIABLES = frozenset(
    {"input", "reference", "context", "answer_form"}
    | {f"{part}_{letter}" for part in ("retrieved", "tool_calls", "response") for letter in "ab"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePrompt:
    """A judge's two templates, compiled.

    Parameters
    ----------
    system: of the trusted part, with `SYSTEM_VARIABLES`; comparing pairs, with `PAIR_SYSTEM_VARIABLES`.
    user: of the data, with `USER_VARIABLES`, or `PAIR_USER_VARIABLES`.
    """

    system: Template
    user: Template


def builtin_prompt(mode: JudgeMode) -> JudgePrompt:
    """The prompt that comes with Lattice for a mode."""
    pairwise = mode is JudgeMode.PAIRWISE
    return JudgePrompt(
        system=Template(prompt_text(mode, "system"), variables=PAIR_SYSTEM_VARIABLES if pairwise else SYSTEM_VARIABLES),
        user=Template(prompt_text(mode, "user"), variables=PAIR_USER_VARIABLES if pairwise else USER_VARIABLES),
    )


def prompt_text(mode: JudgeMode, part: str) -> str:
    """The source of one part (``system`` or ``user``) of a built-in prompt, for people to read."""
    return resources.files(__package__).joinpath(mode.value, f"{part}.jinja").read_text("utf-8")
