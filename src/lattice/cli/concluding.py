"""A run as it stands, in the lines that ``run``, ``resume`` and ``show`` share."""

from __future__ import annotations

from lattice.cli.rendering.errors import errors_total
from lattice.cli.rendering.summary import summary_block
from lattice.cli.rendering.tables import error_lines
from lattice.cli.rendering.terminal import Terminal
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.document import errors_of
from lattice.reporting.doubts import doubts_about_judges
from lattice.scoring.scales import scale_of
from lattice.service.conclusion import Conclusion
from lattice.service.reading import FAILED, reference_of
from lattice.store import Store

MOST_ERRORS = 10


def conclusion_lines(store: Store, record: RunRecord, conclusion: Conclusion, terminal: Terminal) -> list[str]:
    """Summary with what speaks against it, gates and the first errors."""
    evaluation = Evaluation.model_validate(record.config)
    judge = evaluation.judge
    lines = summary_block(
        record,
        conclusion.summary,
        terminal,
        gates=[dict(gate) for gate in conclusion.gates],
        scale_maximum=scale_of(judge).maximum if judge is not None and judge.scale is not None else None,
        doubts=doubts_about_judges(evaluation),
    )
    return [*lines, *_errors(store, record, terminal)]


def _errors(store: Store, record: RunRecord, terminal: Terminal) -> list[str]:
    failed = record.progress.failed
    if not failed:
        return []
    rows = store.results(record.key, where=FAILED, limit=MOST_ERRORS)
    several = len(record.config["targets"]) > 1
    lines = ["", errors_total(record.progress), *error_lines(errors_of(rows), terminal, several_targets=several)]
    if failed > len(rows):
        lines.append(f"... and {failed - len(rows)} more: lattice show {reference_of(record)} --where failed")
    return lines
