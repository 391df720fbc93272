"""Evaluations: listed, sent, archived; their versions and inputs."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lattice.core.evaluation import EvaluationType
from lattice.service.submitting import LARGEST_DOCUMENT, Desk, Submitted, submit, submit_files
from lattice.studio.api import bodies
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.bodies import JsonBody
from lattice.studio.api.documents import (
    evaluation_json,
    input_json,
    version_json,
    whole_version_json,
)
from lattice.studio.api.finding import InEvaluation, InVersion
from lattice.studio.api.orders import ArchiveOrder
from lattice.studio.api.paging import InPage
from lattice.studio.api.refusals import Refused
from lattice.studio.api.requests import SUBMISSION, body_of
from lattice.studio.api.shapes import (
    EvaluationLine,
    EvaluationLines,
    InputPage,
    SubmittedEvaluation,
    Versions,
    WholeVersion,
)
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Evaluations"])

_PARTS = ("evaluation", "inputs")


@router.get("/evaluations", responses={**errors(), **answers(EvaluationLines)})
def list_evaluations(
    studio: InStudio,
    page: InPage,
    search: Annotated[str, Query(description="part of a name, in any case", max_length=200)] = "",
    type: Annotated[EvaluationType | None, Query(description="only of this type")] = None,
    archived: Annotated[bool, Query(description="those that are archived instead of the others")] = False,
) -> Response:
    """Evaluations, the most recently used first, each with its last version and run."""
    rows = [
        row
        for row in studio.store.evaluations()
        if row.archived is archived and search.casefold() in row.name.casefold() and type in (None, row.type)
    ]
    places = studio.store.queue.places()
    shown = [evaluation_json(studio, row, places) for row in page.of(rows)]
    return json_answer({**page.as_json(len(rows)), "evaluations": shown})


@router.post(
    "/evaluations",
    status_code=201,
    responses={**errors(413, 415), **answers(SubmittedEvaluation, 201, "It is in the workspace, as Pending.")},
    openapi_extra=SUBMISSION,
)
async def submit_evaluation(request: Request, studio: InStudio) -> Response:
    """Send an evaluation with its inputs: it is checked as on the command line and becomes Pending; nothing is spent.

    As JSON: the evaluation, with its inputs in `inputs.items`. As `multipart/form-data`: a part `evaluation` with an
    evaluation file (YAML or JSON), and unless the inputs stand in it, a part `inputs` with a file of them (CSV, JSON,
    JSONL or Parquet), which takes the place of `inputs.path`.

    What has the name of an evaluation in the workspace becomes its next version, or is the one that says the same.
    Python functions, HTTP endpoints, providers, files and `${NAME}` are refused: they come from files on the machine
    alone.
    """
    desk = Desk(store=studio.store, folder=studio.place.folder, environ=studio.place.environ)
    kind = bodies.media_type(request)
    if kind == bodies.MULTIPART:
        async with bodies.uploads(request, _PARTS) as files:
            if "evaluation" not in files:
                raise Refused(422, "invalid_request", "The form lacks the part 'evaluation', a YAML or JSON file.")
            found = await to_thread.run_sync(submit_files, desk, files["evaluation"], files.get("inputs"))
    elif bodies.is_json(kind):
        content = await bodies.read_bytes(request, LARGEST_DOCUMENT)
        found = await to_thread.run_sync(lambda: submit(desk, bodies.parsed(request, content)))
    else:
        raise Refused(
            415, "unsupported_media_type", f"Send an evaluation as {bodies.JSON}, or its files as {bodies.MULTIPART}."
        )
    return await to_thread.run_sync(_submitted, studio, found)


@router.get("/evaluations/{evaluation}", responses={**errors(404), **answers(EvaluationLine)})
def show_evaluation(studio: InStudio, row: InEvaluation) -> Response:
    """One evaluation with its last version and run."""
    return json_answer(evaluation_json(studio, row))


@router.patch(
    "/evaluations/{evaluation}",
    responses={**errors(404, 413, 415), **answers(EvaluationLine)},
    openapi_extra=body_of(ArchiveOrder),
)
def archive_evaluation(
    studio: InStudio, row: InEvaluation, order: Annotated[ArchiveOrder, Depends(JsonBody(ArchiveOrder))]
) -> Response:
    """Put an evaluation out of the way, or take it back; nothing of it is lost."""
    studio.store.archive(row.id, order.archived)
    return json_answer(evaluation_json(studio, studio.store.evaluation(row.id)))


@router.get("/evaluations/{evaluation}/versions", responses={**errors(404), **answers(Versions)})
def list_versions(studio: InStudio, row: InEvaluation) -> Response:
    """All versions of an evaluation, newest first."""
    return json_answer({"versions": [version_json(version) for version in studio.store.versions(row.id)]})


@router.get("/evaluations/{evaluation}/versions/{number}", responses={**errors(404), **answers(WholeVersion)})
def show_version(version: InVersion) -> Response:
    """One version with its whole configuration."""
    return json_answer(whole_version_json(version))


@router.get("/evaluations/{evaluation}/versions/{number}/inputs", responses={**errors(404), **answers(InputPage)})
def list_inputs(studio: InStudio, version: InVersion, page: InPage) -> Response:
    """The inputs of a version, in the order of their file."""
    inputs = version.input_set
    positions = studio.store.positions(inputs.key)[page.offset : page.offset + page.limit]
    found = studio.store.read_inputs(inputs.key, positions)
    shown = [input_json(found[position]) for position in positions if position in found]
    return json_answer({**page.as_json(inputs.count), "inputs": shown})


def _submitted(studio: Studio, found: Submitted) -> Response:
    version = found.version
    row = studio.store.evaluation(version.evaluation_id)
    data: dict[str, Any] = {
        "evaluation": evaluation_json(studio, row),
        "version": version_json(version),
        "warnings": list(found.warnings),
    }
    address = f"{studio.settings.root}/api/v1/evaluations/{row.id}"
    return json_answer(data, 201, {"location": address})
