"""Runs to draw, made for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.reporting.run_records import evaluation, example_rows, run, score_row

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.charts.subjects import Subject, subject_of
from lattice.reporting.summary import Session, summarise
from lattice.store.records import ScoreRow


def record_of(rows: Iterable[ScoreRow], configured: Evaluation | None = None, **changes: Any) -> RunRecord:
    """A finished run with these results."""
    of = configured or evaluation()
    given = list(rows)
    summary = summarise(given, of, Session(total=len(given), elapsed=1.0))
    return run(
        config=of.model_dump(mode="json", by_alias=True),
        summary={"summary": summary.as_json(), "gates": changes.pop("gates", [])},
        **changes,
    )


def example(*, targets: int = 1, gates: tuple[str, ...] = (), **judge: Any) -> Subject:
    """The documented example, each target with the same scores."""
    of = evaluation(targets=targets, gates=gates, **judge)
    return subject_of(record_of([row for index in range(targets) for row in example_rows(index)], of))


def scored(natives: Mapping[int, Sequence[float]], **changes: Any) -> Subject:
    """Native scores on Likert-5, target by target."""
    of = evaluation(targets=len(natives), **changes)
    rows = [
        score_row(place, native, target=target, cost=0.001 * (target + 1))
        for target, given in natives.items()
        for place, native in enumerate(given, start=1)
    ]
    return subject_of(record_of(rows, of))


def renamed(names: Sequence[str], natives: Sequence[float] = (1, 3, 4, 5)) -> Subject:
    """Targets of these names, each with the same scores."""
    of = evaluation(targets=len(names)).model_dump(mode="json", by_alias=True)
    for target, name in zip(of["targets"], names, strict=True):
        target["name"] = name
    rows = [
        score_row(place, native, target=target)
        for target in range(len(names))
        for place, native in enumerate(natives, start=1)
    ]
    return subject_of(record_of(rows, Evaluation.model_validate(of)))


def running(live: Mapping[str, Any], *, targets: int = 1, **changes: Any) -> Subject:
    """A run that has these totals so far."""
    config = evaluation(targets=targets).model_dump(mode="json", by_alias=True)
    return subject_of(run(RunStatus.RUNNING, done=3, failed=0, **{"config": config, "live": live, **changes}))


def live_totals(natives: Sequence[float], *, interval: bool = True) -> dict[str, Any]:
    """The totals of one target, as the engine saves them."""
    counts = {native: list(natives).count(native) for native in natives}
    scores = [(native - 1) / 4 for native in natives]
    mean = sum(scores) / len(scores)
    look = {"n": len(scores), "mean": mean, "lower": 0.2, "upper": 0.9, "level": 0.95, "method": "betting"}
    return {
        "done": len(natives),
        "successful": len(natives),
        "failed": 0,
        "metrics": {
            "score": {
                "n": len(natives),
                "sum": sum(scores),
                "counts": [[native, (native - 1) / 4, count] for native, count in sorted(counts.items())],
            }
        },
        "interval": look if interval else None,
    }
