"""Which stored responses a rescored run scores, and which trials it therefore has."""

from __future__ import annotations

from collections.abc import Iterable, Set

from lattice.core.evaluation import Evaluation
from lattice.core.pairs import BASELINE
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.engine.plan import trials_of


def scorable(evaluation: Evaluation, stored: Set[TrialKey]) -> Set[TrialKey]:
    """Trials whose responses there are: in pairwise mode the challenger's and the baseline's."""
    if not evaluation.is_pairwise:
        return stored
    return {key for key in stored if key.target != BASELINE and key._replace(target=BASELINE) in stored}


def absent_from(evaluation: Evaluation, positions: Iterable[int], present: Set[TrialKey]) -> list[TrialKey]:
    """Trials of some inputs that a rescored run does not have."""
    targets, repeats = len(evaluation.targets), evaluation.run.repeats
    first = targets - len(evaluation.contenders)
    return [key for key in trials_of(positions, targets, repeats) if key.target >= first and key not in present]


def every_trial(record: RunRecord) -> int:
    """How many trials a run's configuration has, answered or not."""
    evaluation = Evaluation.model_validate(record.config)
    return record.input_count * len(evaluation.contenders) * evaluation.run.repeats
