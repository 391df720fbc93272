"""Functions that were given as objects: found in an evaluation, and put back into its stored configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.functions import FunctionReference

_KEY = "python"


def functions_in(evaluation: Evaluation) -> dict[str, FunctionReference]:
    """The functions that an evaluation built in code holds itself, by the dotted key of what they belong to."""
    parts = {
        **{f"targets.{index}": target.python for index, target in enumerate(evaluation.targets)},
        **{f"checks.{index}": check.python for index, check in enumerate(evaluation.checks)},
        "scoring": evaluation.scoring.python if evaluation.scoring is not None else None,
    }
    return {key: given for key, given in parts.items() if isinstance(given, FunctionReference)}


def with_functions(config: Mapping[str, Any], functions: Mapping[str, FunctionReference]) -> Mapping[str, Any]:
    """A stored configuration with the functions in their places, where it still names the same ones."""
    if not functions:
        return config
    changed = dict(config)
    for key in ("targets", "checks"):
        if key in changed:
            changed[key] = list(_with(changed[key], key, functions))
    if "scoring" in changed:
        [changed["scoring"]] = _with([changed["scoring"]], "scoring", functions)
    return changed


def _with(parts: list[Any], key: str, functions: Mapping[str, FunctionReference]) -> Iterator[Any]:
    for index, part in enumerate(parts):
        given = functions.get(key if key == "scoring" else f"{key}.{index}")
        yield {**part, _KEY: given} if given is not None and part.get(_KEY) == given else part
