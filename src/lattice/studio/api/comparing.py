"""Runs side by side, and conditions on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from lattice.service.comparing import compare_runs
from lattice.service.gating import decide_on
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.finding import RunName
from lattice.studio.api.refusals import understood
from lattice.studio.api.shapes import ComparisonReport, Decision
from lattice.studio.state import InStudio

router = APIRouter(tags=["Comparison and gates"])

MOST_RUNS = 10
MOST_CONDITIONS = 50
_TARGET = "; `RUN/TARGET` picks one of its targets"


@router.get("/compare", responses={**errors(404, 409), **answers(ComparisonReport)})
def compare(
    studio: InStudio,
    run: Annotated[
        list[str],
        Query(description=f"the baseline first{_TARGET}; one alone: its targets", min_length=1, max_length=MOST_RUNS),
    ],
    metric: Annotated[list[str] | None, Query(description="only these; all if absent", max_length=50)] = None,
) -> Response:
    """Compare runs with the first of them, pair by pair where they have the same inputs."""
    return json_answer(compare_runs(studio.store, run, metric or ()).as_json())


@router.get("/runs/{run}/gate", responses={**errors(404, 409), **answers(Decision)})
def decide(
    studio: InStudio,
    run: RunName,
    require: Annotated[
        list[str] | None,
        Query(
            description="conditions; the run's own gates if absent",
            max_length=MOST_CONDITIONS,
            examples=[["mean > 0.80", "ci_lower > 0.75"]],
        ),
    ] = None,
    against: Annotated[
        str | None,
        Query(description=f"the baseline of conditions on a `difference`{_TARGET}", min_length=1, max_length=500),
    ] = None,
    target: Annotated[str | None, Query(description="only this target of the run", max_length=300)] = None,
) -> Response:
    """Decide conditions on a run: pass, fail, inconclusive or not evaluated."""
    reference = run if target is None else f"{run}/{target}"
    if not require:
        return json_answer(decide_on(studio.store, reference, (), against).as_json())
    with understood("query.require"):
        return json_answer(decide_on(studio.store, reference, require, against).as_json())
