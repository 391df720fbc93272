"""Artifacts: the snapshots beside the store, and what can be done with one."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import FileResponse, RedirectResponse, Response

from lattice.core.errors import NotFound, UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.snapshots.manifest import REPORT
from lattice.service.artifacts import (
    ENDING,
    Artifact,
    artifact_folder,
    artifacts,
    find_artifact,
    import_artifact,
    open_artifact,
    remove_artifact,
    verify_file,
)
from lattice.service.workspace import store_url
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page

router = APIRouter()

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A report is shown as a page without script, without cookies, and without a way to anywhere."""


def folder_of(studio: Studio) -> Path:
    """Where the artifacts of the Studio's store lie."""
    place = studio.place
    return artifact_folder(store_url(place.db, place.environ, place.folder, create=True), place.folder)


@router.get("/artifacts")
def show_all(request: Request, studio: InStudio) -> Response:
    """All artifacts, the newest first."""
    folder = folder_of(studio)
    context = {
        "artifacts": artifacts(folder),
        "folder": folder,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }
    return page(request, "artifacts/page.html", context)


@router.post("/artifacts")
def take(studio: InStudio, file: Annotated[UploadFile, File()]) -> Response:
    """Put the run of an uploaded file into the workspace."""
    with tempfile.TemporaryDirectory(prefix="lattice-") as folder:
        path = Path(folder) / f"upload{ENDING}"
        with path.open("wb") as stream:
            shutil.copyfileobj(file.file, stream)
        record = import_artifact(studio.store, path)
    return RedirectResponse(f"{studio.settings.root}/runs/{record.id}", status_code=303)


@router.get("/artifacts/{name}")
def show(request: Request, studio: InStudio, name: str) -> Response:
    """What one artifact says of itself."""
    return _shown(request, studio, name)


@router.post("/artifacts/{name}/verify")
def verify(request: Request, studio: InStudio, name: str) -> Response:
    """Read all of it, and say whether it is as it was written."""
    found = find_artifact(folder_of(studio), name)
    return _shown(request, studio, name, verified=verify_file(found.path))


@router.get("/artifacts/{name}/file")
def download(studio: InStudio, name: str) -> Response:
    """The portable file."""
    found = find_artifact(folder_of(studio), name)
    return FileResponse(found.path, media_type="application/zip", filename=f"{found.name}{ENDING}")


@router.get("/artifacts/{name}/report")
def report(studio: InStudio, name: str) -> Response:
    """Its report, as it was saved."""
    with open_artifact(folder_of(studio), name) as file:
        if REPORT not in file.manifest.members:
            raise NotFound(f"the artifact {name!r} holds no report")
        content = b"".join(file.content(REPORT))
    return Response(content, media_type="text/html", headers={"content-security-policy": REPORT_POLICY})


@router.post("/artifacts/{name}/import")
def restore(studio: InStudio, name: str) -> Response:
    """Put its run into the workspace, as another run where the first is still there."""
    record = import_artifact(studio.store, find_artifact(folder_of(studio), name).path)
    return RedirectResponse(f"{studio.settings.root}/runs/{record.id}", status_code=303)


@router.post("/artifacts/{name}/delete")
def delete(studio: InStudio, name: str) -> Response:
    """Remove the file."""
    remove_artifact(folder_of(studio), name)
    return RedirectResponse(f"{studio.settings.root}/artifacts", status_code=303)


def _shown(request: Request, studio: Studio, name: str, **more: object) -> Response:
    found = find_artifact(folder_of(studio), name)
    context = {
        "artifact": found,
        "address": f"{studio.settings.root}/artifacts/{quote(found.name)}",
        "run": _run_of(studio, found),
        "report": found.manifest is not None and REPORT in found.manifest.members,
        "verified": None,
        "now": datetime.now(UTC),
        "live": live_text(studio.store),
    }
    return page(request, "artifacts/artifact.html", {**context, **more})


def _run_of(studio: Studio, artifact: Artifact) -> RunRecord | None:
    """The run that was saved, where it is still there."""
    if artifact.manifest is None:
        return None
    try:
        return studio.store.find_run(artifact.manifest.run.id)
    except UsageError:
        return None
