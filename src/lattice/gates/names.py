"""Whether conditions speak of what there is: asked before anything is spent."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lattice.core.conditions import RUN_METRICS, Condition
from lattice.gates.numbers import SCORE

SET_ONE = "set one with 'lattice baseline set RUN', or name one with --against"
_DIFFERENCE_METRICS = ("mean", "ci_lower", "ci_upper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What conditions may speak of.

    Parameters
    ----------
    metrics: ``score``, criteria and checks.
    native: those of them with a scale of their own.
    passing: those of them with a pass rate.
    against: whether there is a baseline to differ from.
    """

    targets: tuple[str, ...]
    metrics: tuple[str, ...]
    native: frozenset[str] = field(default_factory=frozenset)
    passing: frozenset[str] = field(default_factory=frozenset)
    against: bool = False


def problem(condition: Condition, names: Names) -> str | None:
    """What is wrong with a condition, in one sentence; None if nothing is."""
    text, name = condition.text, metric_name(condition)
    if condition.target is not None and condition.target not in names.targets:
        return f"{text!r} is about a target {condition.target!r}; {_choice(condition.target, names.targets)}"
    if condition.metric in RUN_METRICS:
        if condition.name is not None:
            return f"{text!r}: {condition.metric} belongs to a run; leave {condition.name!r} out"
        return None
    if condition.is_difference:
        if not names.against:
            return f"{text!r} needs a baseline to differ from; {SET_ONE}"
        if condition.metric not in _DIFFERENCE_METRICS:
            return f"{text!r}: a difference has {', '.join(_DIFFERENCE_METRICS)}, no {condition.metric}"
    if name not in names.metrics:
        return f"{text!r} is about {name!r}; {_choice(name, names.metrics)}"
    if condition.native and name not in names.native:
        return f"{text!r}: {name!r} has no native scale"
    if condition.metric == "pass_rate" and name not in names.passing:
        return f"{text!r}: {name!r} has no pass rate; say what passes with scoring.judge.pass"
    return None


def check(conditions: Iterable[Condition], names: Names) -> None:
    """Check that conditions speak of what there is, before anything is spent.

    Raises
    ------
    ValueError: one does not; one line for each.
    """
    problems = [found for condition in conditions if (found := problem(condition, names))]
    if problems:
        raise ValueError("\n".join(problems))


def metric_name(condition: Condition) -> str:
    """The metric a condition is about: ``difference.accuracy`` is about ``accuracy``."""
    return condition.subject or SCORE


def _choice(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(repr(each) for each in known) or "none"
    return f"did you mean {near[0]!r}?" if near else f"there are {listed}"
