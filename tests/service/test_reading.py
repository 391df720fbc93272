"""How a run ends for a script, and which files can be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.reporting.run_records import run

from lattice.core.errors import UsageError
from lattice.core.exits import ExitCode
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.reporting.figures import Summary
from lattice.service.conclusion import Conclusion
from lattice.service.reading import check_destinations, exit_code, reference_of


def ended(status: RunStatus, *, stopped: str | None = None, successful: int = 5, done: int = 5) -> RunRecord:
    progress = Progress(total=5, done=done, successful=successful, failed=done - successful)
    return replace(run(), status=status, stopped=stopped, progress=progress)


def concluded(*verdicts: str) -> Conclusion:
    gates = tuple({"condition": "mean > 0.8", "verdict": verdict, "value": 0.7, "reason": "so"} for verdict in verdicts)
    return Conclusion(summary=Summary(progress=Progress(), metrics=(), targets=()), gates=gates)


@pytest.mark.parametrize(
    ("record", "verdicts", "code"),
    [
        (ended(RunStatus.COMPLETED), (), 0),
        (ended(RunStatus.COMPLETED), ("pass", "pass"), 0),
        (ended(RunStatus.COMPLETED), ("inconclusive", "pass"), 4),
        (ended(RunStatus.COMPLETED), ("inconclusive", "fail"), 3),
        (ended(RunStatus.COMPLETED, stopped="decided", done=3, successful=3), ("pass",), 0),
        (ended(RunStatus.COMPLETED, successful=0), ("fail",), 1),
        (ended(RunStatus.FAILED), ("not_evaluated",), 1),
        (ended(RunStatus.CANCELLED, done=3, successful=3), ("not_evaluated",), 130),
        (ended(RunStatus.CANCELLED, stopped="budget", done=3, successful=3), ("not_evaluated",), 4),
        (ended(RunStatus.RUNNING, done=3, successful=3), ("not_evaluated",), 143),
    ],
)
def test_the_first_code_that_applies_is_given(record: RunRecord, verdicts: tuple[str, ...], code: int) -> None:
    assert exit_code(record, concluded(*verdicts)) == ExitCode(code)


def test_a_run_is_referred_to_by_slug_and_number() -> None:
    assert reference_of(run()) == "rag-pipeline-quality-assessment#3"


def test_destinations_are_checked_before_anything_is_spent(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    check_destinations((str(tmp_path / "a.csv"), str(tmp_path / "b.json")))
    for name, said in (
        ("a.pdf", "stands for no format"),
        ("a", "the file has no ending"),
        ("missing/a.csv", "its folder does not exist"),
        ("folder.csv", "cannot be written"),
    ):
        with pytest.raises(UsageError, match=said):
            check_destinations((str(tmp_path / name),))
    with pytest.raises(UsageError, match="lattice export latest -o -"):
        check_destinations(("-",))
