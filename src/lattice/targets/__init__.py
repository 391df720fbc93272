"""What is evaluated: each kind of target turns one input into one response, with exactly one call."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from lattice.core.evaluation import TargetSettings
from lattice.core.trials import Target
from lattice.targets.model import ModelSource, ModelTarget

__all__ = ["ModelSource", "ModelTarget", "build_target"]


def build_target(settings: TargetSettings, models: ModelSource, *, clock: Callable[[], float] = perf_counter) -> Target:
    """The target that a configuration describes, its templates compiled.

    Parameters
    ----------
    settings: a target of the evaluation.
    models: gives the model by its name, such as a `lattice.providers.ModelFactory`.
    clock: seconds that only grow; latencies are differences of its readings.

    Raises
    ------
    TemplateError: the system message or the prompt is no valid template.
    UsageError: the model cannot be had; the source says why.
    """
    return ModelTarget(settings, models.model(settings.model, settings.params), clock)
