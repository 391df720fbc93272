"""Measures of other tools that exist in a finished run as numbers only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.core.checks import CheckMethod

RECORDED: Mapping[str, Any] = {"python": "recorded_by_another_tool:score"}
"""The method of a check whose numbers another tool computed; nothing here can compute it again."""


def passes_or_fails(method: Mapping[str, Any]) -> bool:
    """Whether a method gives nothing but 0 and 1."""
    return CheckMethod.model_validate(method).passes_or_fails is True
