"""What the templates of a target see of an input."""

from __future__ import annotations

import re
from typing import Any

from lattice.core.inputs import Input

TARGET_VARIABLES = frozenset({"input", "context", "metadata"})
"""The names a target's templates may use. The reference is not among them: it would give the answer away."""

_PLAIN_INPUT = re.compile(r"\s*\{\{-?\s*input\s*-?\}\}\s*")


def is_plain_input(template: str) -> bool:
    """Whether a template is ``{{ input }}`` and nothing else."""
    return _PLAIN_INPUT.fullmatch(template) is not None


def template_values(input: Input) -> dict[str, Any]:
    """The variables of a target's templates for one input; a conversation is one text."""
    return {"input": input.text, "context": input.context, "metadata": input.metadata}
