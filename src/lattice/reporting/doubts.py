"""Why the scores of an evaluation's judges may not be believed, told before a run and with its numbers.

Models go by their names: a judge is a target's own model where both are called the same. An endpoint or a function
is no model, whatever stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lattice.core.evaluation import Evaluation
from lattice.core.targets import TargetSettings

_LOCAL = "local"


def doubts_about_judges(evaluation: Evaluation) -> Iterator[str]:
    """A sentence for each target whose own model is among its judges, and for each judge that is too small to judge."""
    models = list(dict.fromkeys(judge.model for judge in evaluation.judges))
    for target in evaluation.targets:
        if not judges_itself(target, evaluation):
            continue
        whole = f"{target.name} is judged by its own model, {target.model}"
        part = f"one of the judges of {target.name} is its own model, {target.model}"
        yield f"{whole if len(models) == 1 else part}: models favour their own answers"
    for model in models:
        if model.startswith(f"{_LOCAL}/") and _LOCAL not in evaluation.providers:
            yield f"{model} is a very small judge: it shows the plumbing, not the truth; do not believe its scores"


def judges_itself(target: TargetSettings, evaluation: Evaluation) -> bool:
    """Whether a judge of the evaluation is the target's own model."""
    return target.model is not None and target.model in {judge.model for judge in evaluation.judges}
