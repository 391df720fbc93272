"""From the scoring part of an evaluation to the scorer of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lattice.core.checks import CheckMethod
from lattice.core.errors import Problem, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.models import Model
from lattice.core.panels import Aggregate
from lattice.core.trials import Check, Scorer
from lattice.scoring.checks import FunctionSource, MeasuredCheck, build_check, measure_of
from lattice.scoring.embeddings import Embeddings
from lattice.scoring.judge import build_judge
from lattice.scoring.pairwise import PairJudge, PairwiseScorer
from lattice.scoring.panel import PanelScorer
from lattice.scoring.scales import scale_of
from lattice.scoring.scorers import SCORE, CheckScorer, JudgeScorer, MethodScorer


def build_scorer(evaluation: Evaluation, judges: Sequence[Model], functions: FunctionSource) -> Scorer | PairwiseScorer:
    """What scores the responses of an evaluation's runs, in pairwise mode against those of the baseline.

    Parameters
    ----------
    judges: the models that score, one for each of the evaluation's judges.
    functions: where Python checks come from.

    Raises
    ------
    ValueError: a regular expression, schema or number is none.
    UsageError: a Python function cannot be had, `functions` says why; or an extra is not installed.
    """
    embeddings = Embeddings()
    checks = [build_check(settings, functions, embeddings) for settings in evaluation.checks]
    if evaluation.judge is not None and evaluation.is_pairwise:
        return PairwiseScorer(PairJudge(evaluation.judge, judges[0]), checks)
    score = _score(evaluation, judges, functions, embeddings)
    return score if score is not None and not checks else CheckScorer(checks, score)


def _score(
    evaluation: Evaluation, models: Sequence[Model], functions: FunctionSource, embeddings: Embeddings
) -> Scorer | None:
    scoring = evaluation.scoring
    if scoring is None:
        return None
    judges = [build_judge(each, model, evaluation.type) for each, model in zip(evaluation.judges, models, strict=True)]
    if scoring.is_panel:
        levels = len(scale_of(scoring.panel[0]).levels)
        seated = list(zip(scoring.seats, judges, strict=True))
        return PanelScorer(seated, scoring.aggregate or Aggregate.MEAN, levels=levels)
    if judges:
        return JudgeScorer(judges[0])
    method: Check = MeasuredCheck(SCORE, measure_of(scoring, functions, embeddings))
    return MethodScorer(method)


def methods_of(evaluation: Evaluation) -> Iterator[tuple[str, CheckMethod]]:
    """Every deterministic method of an evaluation, with its key."""
    if evaluation.scoring is not None and not evaluation.judges:
        yield f"scoring.{evaluation.scoring.method}", evaluation.scoring
    for index, check in enumerate(evaluation.checks):
        yield f"checks.{index}.{check.method}", check


def check_methods(evaluation: Evaluation, functions: FunctionSource) -> list[Problem]:
    """What keeps an evaluation's deterministic methods from being used; nothing is measured."""
    problems = []
    for key, method in methods_of(evaluation):
        try:
            measure_of(method, functions)
        except (ValueError, UsageError) as error:
            problems.append(Problem(key=key, message=str(error)))
    return problems
