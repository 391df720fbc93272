"""Lattice: evaluations of language models that can be watched, stopped, resumed and trusted.

import lattice

evaluation = lattice.load("evaluation.yaml")
run = lattice.run(evaluation)
print(run.metric("score").mean, run.metric("score").interval)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lattice.api import Result, Run, compare, load, open_run, run, run_async
    from lattice.core.errors import InvalidEvaluation, LatticeError, StoreError, UsageError
    from lattice.core.evaluation import Evaluation
    from lattice.core.models import ToolCall, Usage
    from lattice.core.targets import Answer

__version__ = "0.1.0"

# Imported when first asked for, so that `lattice --help` and `import lattice` stay quick.
_HOMES = {
    "Answer": "lattice.core.targets",
    "Evaluation": "lattice.core.evaluation",
    "InvalidEvaluation": "lattice.core.errors",
    "LatticeError": "lattice.core.errors",
    "Result": "lattice.api",
    "Run": "lattice.api",
    "StoreError": "lattice.core.errors",
    "ToolCall": "lattice.core.models",
    "Usage": "lattice.core.models",
    "UsageError": "lattice.core.errors",
    "compare": "lattice.api",
    "load": "lattice.api",
    "open_run": "lattice.api",
    "run": "lattice.api",
    "run_async": "lattice.api",
}

__all__ = [
    "Answer",
    "Evaluation",
    "InvalidEvaluation",
    "LatticeError",
    "Result",
    "Run",
    "StoreError",
    "ToolCall",
    "Usage",
    "UsageError",
    "compare",
    "load",
    "open_run",
    "run",
    "run_async",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lattice' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
