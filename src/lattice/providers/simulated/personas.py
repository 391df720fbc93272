"""The models there are, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

USUAL_QUALITY = 0.7
"""Of an assistant that nothing else is said about, and of answers that do not tell their quality."""

_GRADED = re.compile(r"assistant-(?P<quality>[01](?:\.\d+)?|\.\d+)")


class Role(StrEnum):
    """What a model does with a question. ANY judges where a verdict is asked for, and answers otherwise."""

    ECHO = "echo"
    ASSISTANT = "assistant"
    JUDGE = "judge"
    ANY = "any"


class Preference(StrEnum):
    """What a judge goes by when it compares two answers."""

    QUALITY = "quality"
    FIRST = "first"
    LONGER = "longer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One simulated model.

    Parameters
    ----------
    quality: in [0, 1], the mean score that its answers deserve; None where the behaviour says.
    preference: of a judge.
    """

    role: Role
    quality: float | None = None
    preference: Preference = Preference.QUALITY


NAMED = {
    "echo": Persona(role=Role.ECHO),
    "assistant": Persona(role=Role.ASSISTANT),
    "assistant-strong": Persona(role=Role.ASSISTANT, quality=0.9),
    "assistant-weak": Persona(role=Role.ASSISTANT, quality=0.45),
    "judge": Persona(role=Role.JUDGE),
    "judge-always-first": Persona(role=Role.JUDGE, preference=Preference.FIRST),
    "judge-longer": Persona(role=Role.JUDGE, preference=Preference.LONGER),
}

ANY = Persona(role=Role.ANY)
"""Under any other name, so that the names of real models work against the server."""


def persona_of(name: str) -> Persona | None:
    """The model of that name; ``assistant-0.8`` is an assistant of quality 0.8. None for an unknown name."""
    if name in NAMED:
        return NAMED[name]
    graded = _GRADED.fullmatch(name)
    if graded and float(graded["quality"]) <= 1.0:
        return Persona(role=Role.ASSISTANT, quality=float(graded["quality"]))
    return None
