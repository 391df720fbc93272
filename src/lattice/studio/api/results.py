"""Results: pages of them, and one with everything that belongs to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from lattice.core.errors import NotFound
from lattice.core.filters import AllOf, Compared, Field, Filter, FilterOperator, Sort, parse_filter, parse_sort
from lattice.reporting.rows import result_json
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.documents import attempt_json
from lattice.studio.api.finding import InRun, InTrial
from lattice.studio.api.paging import InPage
from lattice.studio.api.refusals import understood
from lattice.studio.api.shapes import ResultPage, WholeResult
from lattice.studio.state import InStudio

router = APIRouter(tags=["Results"])

LONGEST_FILTER = 2_000

Where = Annotated[
    str | None,
    Query(
        description='a filter, such as `score < 3`, `failed` or `latency > 5 and target = "Staging"`; '
        "`score` is on the judge's scale",
        max_length=LONGEST_FILTER,
        examples=["score < 3"],
    ),
]
WHERE = "query.where"


def filter_of(where: str | None, search: str | None = None) -> Filter | None:
    """What a request asks for; None for everything.

    Raises
    ------
    Refused: the filter cannot be read.
    """
    parts: list[Filter] = []
    if where is not None and where.strip():
        with understood(WHERE):
            parts.append(parse_filter(where))
    if search:
        parts.append(Compared(field=Field.TEXT, operator=FilterOperator.CONTAINS, value=search))
    return AllOf(parts=tuple(parts)) if parts else None


@router.get("/runs/{run}/results", responses={**errors(404, 409), **answers(ResultPage)})
def list_results(
    studio: InStudio,
    record: InRun,
    page: InPage,
    where: Where = None,
    search: Annotated[
        str | None, Query(description="in input, response or reasoning, in any case", max_length=500)
    ] = None,
    sort: Annotated[
        str | None,
        Query(
            description="score, score01, latency, cost, attempts, input, or a criterion's or check's name; "
            "with `-` in front the other way round",
            max_length=200,
            examples=["-score"],
        ),
    ] = None,
) -> Response:
    """Results in the order of their inputs unless sorted; those of a run that goes on are there as they come."""
    wanted, order = filter_of(where, search), _sort(sort)
    with understood("query"):
        rows = studio.store.results(record.key, where=wanted, sort=order, offset=page.offset, limit=page.limit)
        total = record.progress.done if wanted is None else studio.store.count_results(record.key, wanted)
    return json_answer({**page.as_json(total), "results": [result_json(row) for row in rows]})


@router.get("/runs/{run}/results/{position}", responses={**errors(404, 409), **answers(WholeResult)})
def show_result(studio: InStudio, record: InRun, trial: InTrial) -> Response:
    """One result with every call that failed on the way to it."""
    row = studio.store.result(record.key, trial)
    if row is None:
        raise NotFound(f"input #{trial.position} has no result in this run")
    failed = [attempt_json(each) for each in studio.store.trial_attempts(record.key, trial)]
    return json_answer({**result_json(row), "failed_attempts": failed})


def _sort(sort: str | None) -> Sort | None:
    if sort is None:
        return None
    with understood("query.sort"):
        return parse_sort(sort)
