"""What the templates of a judge's prompt may use, and must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lattice.core.judging import JudgeMode

ANSWER_FORM = "answer_form"
"""The JSON that is asked for; one of the two templates must show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptForm:
    """The variables of one mode.

    Parameters
    ----------
    system: of the template that is rendered once, from what the evaluation's author wrote.
    user: of the template that is rendered for each response; what others wrote arrives in fenced blocks.
    needed: of those, the ones without which there is nothing to judge.
    """

    system: frozenset[str]
    user: frozenset[str]
    needed: tuple[str, ...]


_SYSTEM = frozenset({"rubric", "criteria", "scale", ANSWER_FORM})
_USER = frozenset({"input", "reference", "context", "retrieved", "tool_calls", "response", ANSWER_FORM})
_PAIR = frozenset(f"{part}_{letter}" for part in ("retrieved", "tool_calls", "response") for letter in "ab")

PROMPT_FORMS: Mapping[JudgeMode, PromptForm] = {
    JudgeMode.SINGLE: PromptForm(system=_SYSTEM, user=_USER, needed=("response",)),
    JudgeMode.REFERENCE: PromptForm(system=_SYSTEM, user=_USER, needed=("reference", "response")),
    JudgeMode.PAIRWISE: PromptForm(
        system=frozenset({"rubric", ANSWER_FORM}),
        user=frozenset({"input", "reference", "context", ANSWER_FORM}) | _PAIR,
        needed=("response_a", "response_b"),
    ),
}
