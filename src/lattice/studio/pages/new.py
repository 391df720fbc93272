"""New evaluations: dropped in as files, or made from a version by changing its text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from lattice.core.errors import InvalidEvaluation
from lattice.service.duplicating import configuration_text, save_version
from lattice.service.submitting import CONFIGURATION_FORMATS, INPUT_FORMATS, Desk, Upload, submit_files
from lattice.store import VersionRecord
from lattice.studio.pages.evaluation import version_of
from lattice.studio.state import InStudio, Studio
from lattice.studio.templating import page

router = APIRouter()


@router.get("/evaluations/new")
def show(request: Request) -> Response:
    return _form(request)


@router.post("/evaluations/new")
def take(
    request: Request,
    studio: InStudio,
    evaluation: Annotated[UploadFile, File()],
    inputs: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Take an evaluation file and its inputs in, as Pending."""
    desk = Desk(store=studio.store, folder=studio.place.folder, environ=studio.place.environ)
    with_inputs = inputs if inputs is not None and inputs.filename else None
    try:
        taken = submit_files(desk, _upload(evaluation), None if with_inputs is None else _upload(with_inputs))
    except InvalidEvaluation as error:
        return _form(request, error)
    return _to(studio, taken.version)


@router.get("/evaluations/{evaluation_id}/duplicate")
def edit(request: Request, studio: InStudio, evaluation_id: str, version: int | None = None) -> Response:
    """A version's text, to be changed."""
    original = _original(studio, evaluation_id, version)
    return _editor(request, original, configuration_text(original))


@router.post("/evaluations/{evaluation_id}/duplicate")
def save(
    request: Request,
    studio: InStudio,
    evaluation_id: str,
    text: Annotated[str, Form(max_length=1_000_000)],
    version: Annotated[int | None, Form()] = None,
) -> Response:
    """Keep the changed text as a new version."""
    original = _original(studio, evaluation_id, version)
    try:
        saved = save_version(studio.store, studio.place, original, text.replace("\r\n", "\n"))
    except InvalidEvaluation as error:
        return _editor(request, original, text, error)
    return _to(studio, saved)


def _upload(file: UploadFile) -> Upload:
    return Upload(name=file.filename or "", content=file.file)


def _original(studio: Studio, evaluation_id: str, number: int | None) -> VersionRecord:
    row = studio.store.evaluation(evaluation_id)
    return version_of(studio.store.versions(row.id), number)


def _to(studio: Studio, version: VersionRecord) -> Response:
    address = f"{studio.settings.root}/evaluations/{version.evaluation_id}?version={version.number}"
    return RedirectResponse(address, status_code=303)


def _form(request: Request, error: InvalidEvaluation | None = None) -> Response:
    formats = {"configurations": ",".join(CONFIGURATION_FORMATS), "inputs": ",".join(INPUT_FORMATS)}
    problems = () if error is None else error.problems
    return page(request, "new/drop.html", {"formats": formats, "problems": problems}, 422 if error else 200)


def _editor(request: Request, original: VersionRecord, text: str, error: InvalidEvaluation | None = None) -> Response:
    problems = () if error is None else error.problems
    context = {"original": original, "text": text, "problems": problems}
    return page(request, "new/editor.html", context, 422 if error else 200)
