"""Runs: started, stopped, finished, repeated, scored again. Each is carried out by a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.service.execution import AS_CONFIGURED, ResumeSettings, in_force
from lattice.service.obstacles import unpriced_for
from lattice.service.preparation import create_run, new_run
from lattice.service.rerunning import create_rerun
from lattice.service.rescoring import create_rescored
from lattice.service.submitting import Desk, prepare_sent_scoring
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.bodies import JsonBody
from lattice.studio.api.documents import run_json
from lattice.studio.api.finding import InEvaluation, InRun, version_of
from lattice.studio.api.orders import CancelOrder, RescoreOrder, ResumeOrder, StartOrder, Tagged
from lattice.studio.api.requests import body_of
from lattice.studio.api.shapes import Cancelled, RunLine
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Runs"])

TRIGGER = "api"
STARTED = "It is being started; follow it with its events."


@router.post(
    "/evaluations/{evaluation}/runs",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(RunLine, 202, STARTED)},
    openapi_extra=body_of(StartOrder, required=False),
)
def start_run(
    studio: InStudio,
    row: InEvaluation,
    order: Annotated[StartOrder, Depends(JsonBody(StartOrder))],
    idempotency_key: Annotated[
        str | None,
        Header(
            description="names the order: the same again within 7 days gives the same run and starts nothing",
            min_length=1,
            max_length=255,
            pattern="^[!-~]+$",
        ),
    ] = None,
) -> Response:
    """Run an evaluation. A process of its own carries the run out and goes on when the Studio is stopped.

    Where that process finds that it cannot begin, such as for want of a key, the run stays pending and its `failure`
    says why.

    With an `Idempotency-Key` the order may be sent again when its answer was lost: it gives the same run, with the
    header `Idempotent-Replayed: true`. Another order under the same key is refused.
    """
    version = version_of(studio, row, order.version)
    settings = order.execution.settings()
    _check(Evaluation.model_validate(version.config), settings)
    tags = studio.place.tagged({**order.tags, **order.labels.as_tags()}, version.folder)
    if idempotency_key is None:
        record = create_run(studio.store, version, tags=tags, trigger=TRIGGER, folder=version.folder)
        return started(studio, record, settings)
    new = new_run(version, tags=tags, trigger=TRIGGER, folder=version.folder)
    ordered = studio.store.orders.place(idempotency_key, order.fingerprint(), new, settings.as_json())
    return queued(studio, ordered.run, {"idempotent-replayed": "true"} if ordered.again else {})


@router.post(
    "/runs/{run}/cancel",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(Cancelled, 202, "It is asked to stop, or has stopped.")},
    openapi_extra=body_of(CancelOrder, required=False),
)
def cancel(studio: InStudio, record: InRun, order: Annotated[CancelOrder, Depends(JsonBody(CancelOrder))]) -> Response:
    """Stop a run gracefully: nothing new starts, calls in flight finish, every result stays."""
    message = studio.launcher.cancel(studio.store, record, at_once=order.at_once)
    return json_answer({"message": message, "run": run_json(studio, studio.store.run(record.key))}, 202)


@router.post(
    "/runs/{run}/resume",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(RunLine, 202, STARTED)},
    openapi_extra=body_of(ResumeOrder, required=False),
)
def resume(studio: InStudio, record: InRun, order: Annotated[ResumeOrder, Depends(JsonBody(ResumeOrder))]) -> Response:
    """Finish what is missing in a run; nothing that is stored is paid for again."""
    settings = order.settings(failed=order.failed)
    in_force(
        evaluation := Evaluation.model_validate(record.config),
        settings.recorded(record.settings),
        unpriced_for(record, evaluation),
    )
    return started(studio, record, settings)


@router.post(
    "/runs/{run}/rerun",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(RunLine, 202, STARTED)},
    openapi_extra=body_of(Tagged, required=False),
)
def rerun(studio: InStudio, record: InRun, order: Annotated[Tagged, Depends(JsonBody(Tagged))]) -> Response:
    """Run the stored configuration and inputs of a run afresh, as a new run; the earlier one stays."""
    tags = studio.place.tagged(order.tags, record.folder)
    return started(studio, create_rerun(studio.store, record, tags=tags, trigger=TRIGGER))


@router.post(
    "/runs/{run}/rescore",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(RunLine, 202, STARTED)},
    openapi_extra=body_of(RescoreOrder),
)
def rescore(
    studio: InStudio, record: InRun, order: Annotated[RescoreOrder, Depends(JsonBody(RescoreOrder))]
) -> Response:
    """Score the stored responses of a run in another way, as a new run; no target is called."""
    desk = Desk(store=studio.store, folder=studio.place.folder, environ=studio.place.environ)
    changes = order.model_dump(exclude={"tags"}, exclude_none=True)
    rescoring = prepare_sent_scoring(desk, record, changes)
    created = create_rescored(studio.store, rescoring, tags=order.tags, trigger=TRIGGER, folder=record.folder)
    return started(studio, created)


def started(studio: Studio, record: RunRecord, settings: ResumeSettings = AS_CONFIGURED) -> Response:
    """Have a run carried out, and say where it is followed."""
    studio.launcher.start(record, settings)
    return _run_answer(studio, record, {})


def queued(studio: Studio, record: RunRecord, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Have a run carried out that waits in the queue already; whoever was to begin with it may have died."""
    studio.launcher.start_queued(record)
    return _run_answer(studio, record, headers)


def _run_answer(studio: Studio, record: RunRecord, headers: Mapping[str, str]) -> Response:
    address = f"{studio.settings.root}/api/v1/runs/{record.id}"
    return json_answer(run_json(studio, studio.store.run(record.key)), 202, {**headers, "location": address})


def _check(evaluation: Evaluation, settings: ResumeSettings) -> None:
    """Say before a run is made that it cannot be carried out like this."""
    in_force(evaluation, settings.recorded({}))
