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
    from lattice.api import (
        CallFailed,
        Check,
        Function,
        Http,
        Inputs,
        Judge,
        Judges,
        Model,
        Progressed,
        Result,
        Run,
        RunEnded,
        RunStarted,
        Scale,
        TrialEnded,
        compare,
        load,
        open_run,
        rerun,
        rescore,
        resume,
        run,
        run_async,
        runs,
        stream,
    )
    from lattice.core.errors import InvalidEvaluation, LatticeError, StoreError, UsageError
    from lattice.core.evaluation import Budget, Evaluation, Limits, Retries, RunSettings, Scoring
    from lattice.core.judging import Criterion
    from lattice.core.models import ToolCall, Usage
    from lattice.core.targets import Answer

__version__ = "0.1.0"

# Imported when first asked for, so that `lattice --help` and `import lattice` stay quick.
_HOMES = {
    "Answer": "lattice.core.targets",
    "Budget": "lattice.core.evaluation",
    "CallFailed": "lattice.api",
    "Check": "lattice.api",
    "Criterion": "lattice.core.judging",
    "Evaluation": "lattice.core.evaluation",
    "Function": "lattice.api",
    "Http": "lattice.api",
    "Inputs": "lattice.api",
    "InvalidEvaluation": "lattice.core.errors",
    "Judge": "lattice.api",
    "Judges": "lattice.api",
    "LatticeError": "lattice.core.errors",
    "Limits": "lattice.core.evaluation",
    "Model": "lattice.api",
    "Progressed": "lattice.api",
    "Result": "lattice.api",
    "Retries": "lattice.core.evaluation",
    "Run": "lattice.api",
    "RunEnded": "lattice.api",
    "RunSettings": "lattice.core.evaluation",
    "RunStarted": "lattice.api",
    "Scale": "lattice.api",
    "Scoring": "lattice.core.evaluation",
    "StoreError": "lattice.core.errors",
    "ToolCall": "lattice.core.models",
    "TrialEnded": "lattice.api",
    "Usage": "lattice.core.models",
    "UsageError": "lattice.core.errors",
    "compare": "lattice.api",
    "load": "lattice.api",
    "open_run": "lattice.api",
    "rerun": "lattice.api",
    "rescore": "lattice.api",
    "resume": "lattice.api",
    "run": "lattice.api",
    "run_async": "lattice.api",
    "runs": "lattice.api",
    "stream": "lattice.api",
}

__all__ = [
    "Answer",
    "Budget",
    "CallFailed",
    "Check",
    "Criterion",
    "Evaluation",
    "Function",
    "Http",
    "Inputs",
    "InvalidEvaluation",
    "Judge",
    "Judges",
    "LatticeError",
    "Limits",
    "Model",
    "Progressed",
    "Result",
    "Retries",
    "Run",
    "RunEnded",
    "RunSettings",
    "RunStarted",
    "Scale",
    "Scoring",
    "StoreError",
    "ToolCall",
    "TrialEnded",
    "Usage",
    "UsageError",
    "compare",
    "load",
    "open_run",
    "rerun",
    "rescore",
    "resume",
    "run",
    "run_async",
    "runs",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lattice' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
