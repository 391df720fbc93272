"""Runs: listed, read, annotated, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lattice.core.errors import NotFound, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.deleting import delete_contents, delete_run
from lattice.service.reading import document_of
from lattice.store import Store
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.bodies import JsonBody
from lattice.studio.api.documents import annotation_json, attempt_json, failure_of, run_json, shown_status
from lattice.studio.api.finding import InEvaluation, InRun, InTrial
from lattice.studio.api.orders import AnnotationOrder
from lattice.studio.api.paging import FURTHEST, LONGEST_PAGE, InPage, Page
from lattice.studio.api.requests import body_of
from lattice.studio.api.shapes import (
    AnnotationDocument,
    Annotations,
    Attempts,
    ConfigurationDocument,
    RunDocument,
    RunLines,
)
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Runs"])


class Wanted:
    """Which runs a list is to have; a dependency."""

    def __init__(
        self,
        status: Annotated[RunStatus | None, Query(description="an interrupted run is a failed one")] = None,
        tag: Annotated[
            list[str] | None,
            Query(description="`key=value`, or `key` for any value; several must all be there", max_length=10),
        ] = None,
        trigger: Annotated[str | None, Query(description="what started it: cli, api, …", max_length=50)] = None,
    ) -> None:
        self._status = status
        self._tags = [each.partition("=") for each in tag or ()]
        self._trigger = trigger

    @property
    def is_any(self) -> bool:
        """Whether every run is wanted."""
        return self._status is None and not self._tags and self._trigger is None

    def __contains__(self, run: RunRecord) -> bool:
        return (
            self._status in (None, shown_status(run))
            and self._trigger in (None, run.trigger)
            and all(key in run.tags and (not given or run.tags[key] == value) for key, given, value in self._tags)
        )


InWanted = Annotated[Wanted, Depends(Wanted)]


@router.get("/runs", responses={**errors(404), **answers(RunLines)})
def list_runs(
    studio: InStudio,
    page: InPage,
    wanted: InWanted,
    evaluation: Annotated[str | None, Query(description="only of this one: an id, or the slug", max_length=300)] = None,
) -> Response:
    """Runs of all evaluations, newest first."""
    of = None if evaluation is None else studio.store.evaluation(evaluation).id
    return _lines(studio, page, wanted, of)


@router.get("/evaluations/{evaluation}/runs", responses={**errors(404), **answers(RunLines)})
def list_runs_of_evaluation(studio: InStudio, row: InEvaluation, page: InPage, wanted: InWanted) -> Response:
    """Runs of one evaluation, newest first."""
    return _lines(studio, page, wanted, row.id)


@router.get("/runs/{run}", responses={**errors(404, 409), **answers(RunDocument)})
def show_run(studio: InStudio, record: InRun) -> Response:
    """A run with its numbers, errors and gates: the document of `lattice show --json`.

    While it goes on the numbers are those so far. Where a process that was to carry it out ended before it began,
    `failure` says why.
    """
    document = document_of(studio.store, record)
    return json_answer({**document, "failure": document["failure"] or failure_of(studio, record)})


@router.get("/runs/{run}/configuration", responses={**errors(404, 409), **answers(ConfigurationDocument)})
def show_configuration(record: InRun) -> Response:
    """The exact configuration that a run was started with."""
    return json_answer({"configuration": dict(record.config), "settings": dict(record.settings)})


@router.delete("/runs/{run}", status_code=204, responses=errors(404, 409))
def remove_run(studio: InStudio, record: InRun) -> Response:
    """Delete a run with all it has; its number is not given again. Refused while it goes on."""
    _refuse_starting(studio, record)
    delete_run(studio.store, record)
    return Response(status_code=204)


@router.delete("/runs/{run}/contents", status_code=204, responses=errors(404, 409))
def remove_contents(studio: InStudio, record: InRun) -> Response:
    """Delete what was asked, answered and reasoned in a run, and keep its numbers.

    The texts of its inputs go too, unless another run has them still. A person's scores and notes stay.
    """
    _refuse_starting(studio, record)
    delete_contents(studio.store, record)
    return Response(status_code=204)


@router.get("/runs/{run}/attempts", responses={**errors(404, 409), **answers(Attempts)})
def list_attempts(
    studio: InStudio,
    record: InRun,
    after: Annotated[int, Query(description="id of the last one that is known", ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(description="how many are given at most", ge=1, le=LONGEST_PAGE)] = 100,
) -> Response:
    """Failed calls, oldest first, with what followed each."""
    rows = studio.store.attempts(record.key, after=after, limit=limit)
    return json_answer({"attempts": [attempt_json(row) for row in rows], "after": rows[-1].id if rows else after})


@router.get("/runs/{run}/annotations", responses={**errors(404, 409), **answers(Annotations)})
def list_annotations(studio: InStudio, record: InRun) -> Response:
    """What people said about results, in the order of their inputs."""
    targets = _target_names(record)
    found = [annotation_json(each, targets) for each in studio.store.annotations(record.key)]
    return json_answer({"annotations": found})


@router.put(
    "/runs/{run}/results/{position}/annotation",
    responses={**errors(404, 409, 413, 415), **answers(AnnotationDocument)},
    openapi_extra=body_of(AnnotationOrder),
)
def annotate(
    studio: InStudio,
    record: InRun,
    trial: InTrial,
    order: Annotated[AnnotationOrder, Depends(JsonBody(AnnotationOrder))],
) -> Response:
    """Keep a person's score and note on a result, in the place of an earlier one."""
    _check_result(studio.store, record, trial)
    annotation = studio.store.annotate(record.key, trial, score=order.score, note=order.note)
    return json_answer(annotation_json(annotation, _target_names(record)))


@router.delete("/runs/{run}/results/{position}/annotation", status_code=204, responses=errors(404, 409))
def remove_annotation(studio: InStudio, record: InRun, trial: InTrial) -> Response:
    """Take a person's score and note away, if there are any."""
    studio.store.remove_annotation(record.key, trial)
    return Response(status_code=204)


def _lines(studio: Studio, page: Page, wanted: Wanted, evaluation: str | None) -> Response:
    if wanted.is_any:
        # Keys alone tell order and number, so that a page costs what it shows.
        recent = studio.store.recent_runs(FURTHEST)
        keys = sorted((key for of, each in recent.items() if evaluation in (None, of) for key in each), reverse=True)
        total, found = len(keys), studio.store.runs_by_keys(page.of(keys))
        runs: Sequence[RunRecord] = sorted(found.values(), key=lambda run: run.key, reverse=True)
    else:
        chosen = [run for run in studio.store.runs(evaluation) if run in wanted]
        total, runs = len(chosen), page.of(chosen)
    places = studio.store.queue.places()
    return json_answer({**page.as_json(total), "runs": [run_json(studio, run, places) for run in runs]})


def _target_names(record: RunRecord) -> tuple[str, ...]:
    return tuple(target.name for target in Evaluation.model_validate(record.config).targets)


def _check_result(store: Store, record: RunRecord, trial: InTrial) -> None:
    if store.result(record.key, trial) is None:
        raise NotFound(f"input #{trial.position} has no result in this run")


def _refuse_starting(studio: Studio, record: RunRecord) -> None:
    if record.status is RunStatus.PENDING and studio.launcher.is_starting(record.key):
        raise UsageError("this run is being started; cancel it first")
