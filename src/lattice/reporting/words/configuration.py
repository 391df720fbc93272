"""What an evaluation is made of, as it is shown before a run."""

from __future__ import annotations

from collections.abc import Iterator

from lattice.core.evaluation import Evaluation
from lattice.core.judging import JudgeSettings
from lattice.core.panels import Aggregate
from lattice.core.targets import TargetSettings
from lattice.scoring.scales import scale_of

_METHODS = {
    "exact_match": "exact match",
    "contains": "contains",
    "regex": "regular expression",
    "numeric": "number",
    "json_schema": "JSON schema",
    "similarity": "similarity",
    "python": "Python function",
}


def inputs_words(evaluation: Evaluation, inputs: int) -> str:
    """``200``, or ``200 (each 3 times)``; `inputs` is how many there are, after `limit` and `sample`."""
    repeats = evaluation.run.repeats
    return f"{inputs}" + (f" (each {repeats} times)" if repeats > 1 else "")


def target_labels(evaluation: Evaluation) -> Iterator[str]:
    """The label of each target; a pairwise evaluation's baseline says that it is one."""
    for target in evaluation.targets:
        yield target_label(target) + (", the baseline" if target is evaluation.baseline else "")


def target_label(target: TargetSettings) -> str:
    """``Production RAG Stack (claude-3-5-sonnet-20241022)``; what is called alone where it is the name."""
    if target.http is not None:
        called = f"{target.http.method.value} {target.http.place}"
    else:
        called = target.python or model_name(target.model or "")
    return called if called == target.name else f"{target.name} ({called})"


def scoring_words(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """What measures the responses: pairs of a heading and what stands under it."""
    judge, scoring = evaluation.judge, evaluation.scoring
    if judge is not None:
        scale = "" if judge.scale is None else f"{scale_of(judge).label}, "
        modes = dict.fromkeys(each.mode.value.capitalize() for each in evaluation.judges)
        yield "Scoring", f"LLM-as-Judge ({scale}{' and '.join(modes)} mode)"
        if judge.criteria:
            yield "Criteria", ", ".join(criterion.name for criterion in judge.criteria)
        yield from _judges(evaluation)
    elif scoring is not None:
        name = _METHODS[scoring.method]
        yield "Scoring", f"{name[0].upper()}{name[1:]}" + (f" ({scoring.python})" if scoring.python else "")
    elif not evaluation.checks:
        yield "Scoring", "None (latency, throughput, cost and errors are measured)"
    if evaluation.checks:
        yield "Checks", ", ".join(f"{check.name} ({_METHODS[check.method]})" for check in evaluation.checks)


def _judges(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Who judges, how often, and what becomes of several scores."""
    named = ", ".join(_judge(judge) for judge in evaluation.judges)
    yield ("Judge" if len(evaluation.judges) == 1 else "Judges"), named
    if evaluation.seats and evaluation.scoring is not None:
        aggregate = evaluation.scoring.aggregate or Aggregate.MEAN
        judges = len(evaluation.judges)
        votes = f"{judges} judges" if judges > 1 else f"{evaluation.judges[0].samples} samples"
        yield "Score", f"{aggregate.value} of {votes}"


def _judge(judge: JudgeSettings) -> str:
    name = model_name(judge.model)
    label = name if judge.name in (None, name) else f"{judge.name} ({name})"
    return label if judge.samples == 1 else f"{label}, {judge.samples} samples"


def model_name(spec: str) -> str:
    """The model of ``provider/model``."""
    return spec.partition("/")[2] or spec
