"""What deployments ask for: the verdict on a commit or a version, and the baseline that it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lattice.core.errors import NotFound
from lattice.service.baselines import baseline_run, set_baseline
from lattice.service.reading import reference_of
from lattice.service.verdicts import Wanted, answer_json, verdict_on
from lattice.store import EvaluationRow
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.bodies import JsonBody
from lattice.studio.api.documents import run_json
from lattice.studio.api.finding import InEvaluation
from lattice.studio.api.orders import BaselineOrder
from lattice.studio.api.refusals import Refused
from lattice.studio.api.requests import body_of
from lattice.studio.api.shapes import RunLine, VerdictDocument
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Comparison and gates"])


@router.get("/evaluations/{evaluation}/verdict", responses={**errors(404), **answers(VerdictDocument)})
def verdict(
    request: Request,
    studio: InStudio,
    row: InEvaluation,
    commit: Annotated[
        str | None,
        Query(description="as a tag names it, in full or from its first 7 letters on", min_length=1, max_length=500),
    ] = None,
    version: Annotated[
        str | None, Query(description="of what was evaluated: the tag `version`", min_length=1, max_length=500)
    ] = None,
    tag: Annotated[
        list[str] | None,
        Query(description="`KEY=VALUE`; of several the run has to have all", max_length=20, examples=[["region=eu"]]),
    ] = None,
) -> Response:
    """Whether a version may go out: the gates of the newest run that is asked for, of the newest of all by default.

    `verdict` is `pass` only for a completed run whose gates all hold; `pending` while it goes on. Where there is no
    such run the answer is 404. The run is held against the baseline that is set for the evaluation.
    """
    answer = verdict_on(studio.store, row, Wanted(commit=commit, version=version, tags=_tags(tag or ())))
    baseline = answer.baseline
    data = {
        "evaluation": _name(row),
        "run": run_json(studio, answer.run),
        "url": _address(request, studio, answer.run.id),
        **answer_json(answer),
        "baseline": None if baseline is None else {"id": baseline.id, "reference": reference_of(baseline)},
    }
    return json_answer(data)


@router.get("/evaluations/{evaluation}/baseline", responses={**errors(404), **answers(RunLine)})
def show_baseline(studio: InStudio, row: InEvaluation) -> Response:
    """The run that later ones are held against."""
    run = baseline_run(studio.store, row.id)
    if run is None:
        raise NotFound(f"{row.slug} has no baseline")
    return json_answer(run_json(studio, run))


@router.put(
    "/evaluations/{evaluation}/baseline",
    responses={**errors(404, 409, 413, 415), **answers(RunLine)},
    openapi_extra=body_of(BaselineOrder),
)
def put_baseline(
    studio: InStudio, row: InEvaluation, order: Annotated[BaselineOrder, Depends(JsonBody(BaselineOrder))]
) -> Response:
    """Have later runs of the evaluation held against this one, in the place of an earlier baseline."""
    run = studio.store.find_run(order.run)
    if run.evaluation_id != row.id:
        raise Refused(422, "invalid_request", f"body.run: {reference_of(run)} is no run of {row.slug}")
    set_baseline(studio.store, run)
    return json_answer(run_json(studio, run))


@router.delete(
    "/evaluations/{evaluation}/baseline",
    status_code=204,
    responses=errors(404),
)
def remove_baseline(studio: InStudio, row: InEvaluation) -> Response:
    """Let the evaluation have no baseline."""
    if not studio.store.baselines.remove(row.id):
        raise NotFound(f"{row.slug} has no baseline")
    return Response(status_code=204)


def _tags(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, given, value = text.partition("=")
        if not given or not name:
            raise Refused(422, "invalid_request", f"query.tag: {text[:40]!r} is no KEY=VALUE, such as region=eu")
        found[name] = value
    return found


def _name(row: EvaluationRow) -> dict[str, Any]:
    return {"id": row.id, "slug": row.slug, "name": row.name, "type": row.type}


def _address(request: Request, studio: Studio, run_id: str) -> str:
    """The run's page, as whoever asked reaches the Studio."""
    settings = studio.settings
    if settings.public_url is not None:
        return f"{settings.public_url.rstrip('/')}/runs/{run_id}"
    return f"{request.url.scheme}://{request.headers['host']}{settings.root}/runs/{run_id}"
