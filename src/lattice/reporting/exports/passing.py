"""Whether one result passes, where an evaluation says what passing is."""

from __future__ import annotations

from lattice.core.evaluation import Evaluation
from lattice.reporting import formats
from lattice.reporting.metrics import MetricForm, metric_forms
from lattice.store.records import ResultRow


class Passing:
    """The judge's ``pass`` condition, binary scores and checks; what has none of these neither passes nor fails."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._forms = tuple(form for form in metric_forms(evaluation) if form.has_pass_rate)

    def missed(self, row: ResultRow) -> list[str]:
        """What a scored result does not meet, in words; nothing where it passes."""
        return [said for form in self._forms if (said := _missed(form, row)) is not None]


def _missed(form: MetricForm, row: ResultRow) -> str | None:
    metric = row.metrics.get(form.name)
    if metric is None:
        return None
    if form.passes is None:
        return None if metric.score >= 1 else f"{form.name}: not passed"
    if form.passes.met(metric.native) != 0:
        return None
    return f"{form.name} is {formats.native(metric.native)}, wanted {form.passes.text}"
