"""What can be done with a run from its page: each a form that leads back to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from lattice.core.errors import UsageError
from lattice.reporting.exports import format_for
from lattice.service.artifacts import artifact_folder, save_artifact
from lattice.service.baselines import set_baseline
from lattice.service.deleting import delete_contents, delete_run
from lattice.service.execution import ResumeSettings
from lattice.service.held_against import comparison_of
from lattice.service.reading import source_of
from lattice.service.rerunning import changed_file, create_rerun
from lattice.service.workspace import store_url
from lattice.studio.running.downloads import written_out
from lattice.studio.state import InStudio, Studio
from lattice.studio.templating import page

router = APIRouter()

N = TypeVar("N", int, float)

TRIGGER = "studio"
MOST_LINES = 40


@router.post("/runs/{reference}/cancel")
def cancel(studio: InStudio, reference: str, at_once: Annotated[str, Form()] = "") -> Response:
    """Start nothing new; with `at_once` drop what is in flight as well."""
    record = studio.store.find_run(reference)
    studio.launcher.cancel(studio.store, record, at_once=bool(at_once))
    return back_to(studio, record.id)


@router.post("/runs/{reference}/resume")
def resume(
    studio: InStudio,
    reference: str,
    failed: Annotated[str, Form()] = "",
    budget_usd: Annotated[str, Form()] = "",
    budget_tokens: Annotated[str, Form()] = "",
) -> Response:
    """Carry a pending run out, or finish what is missing of one."""
    record = studio.store.find_run(reference)
    settings = ResumeSettings(
        failed=bool(failed),
        budget_usd=positive(budget_usd, float, "the budget in USD"),
        budget_tokens=positive(budget_tokens, int, "the budget in tokens"),
    )
    studio.launcher.start(record, settings)
    return back_to(studio, record.id)


@router.get("/runs/{reference}/rerun")
def differences(request: Request, studio: InStudio, reference: str) -> Response:
    """What the evaluation's file says by now, where that is something else than the run was started with."""
    record = studio.store.find_run(reference)
    place = studio.place
    folder = place.found(record.folder) or place.folder
    changed = changed_file(record, folder)
    lines = [line for each in changed.differences for line in each.lines()] if changed else []
    context = {
        "path": os.path.relpath(changed.path, place.folder) if changed else "",
        "lines": lines[:MOST_LINES],
        "left_out": max(0, len(lines) - MOST_LINES),
    }
    return page(request, "run/differences.html", context)


@router.post("/runs/{reference}/rerun")
def rerun(studio: InStudio, reference: str) -> Response:
    """A new run of the stored configuration."""
    record = studio.store.find_run(reference)
    tags = studio.place.tagged({}, record.folder)
    created = create_rerun(studio.store, record, tags=tags, trigger=TRIGGER)
    studio.launcher.start(created)
    return back_to(studio, created.id)


@router.post("/runs/{reference}/artifact")
def save(studio: InStudio, reference: str, name: Annotated[str, Form()] = "") -> Response:
    """Keep a snapshot of the run, and go to it."""
    record, place = studio.store.find_run(reference), studio.place
    url = store_url(place.db, place.environ, place.folder, create=True)
    saved = save_artifact(studio.store, record, artifact_folder(url, place.folder), name.strip() or None)
    return RedirectResponse(f"{studio.settings.root}/artifacts/{quote(saved.name)}", status_code=303)


@router.post("/runs/{reference}/baseline")
def baseline(studio: InStudio, reference: str, remove: Annotated[str, Form()] = "") -> Response:
    """Hold later runs of the evaluation against this one; with `remove` against none, if this is it."""
    record = studio.store.find_run(reference)
    if not remove:
        set_baseline(studio.store, record)
    elif studio.store.baselines.get(record.evaluation_id) == record.id:
        studio.store.baselines.remove(record.evaluation_id)
    return back_to(studio, record.id)


@router.post("/runs/{reference}/delete")
def delete(studio: InStudio, reference: str, what: Annotated[str, Form()] = "run") -> Response:
    """Delete the run with all it has, or ``contents``: its texts alone."""
    record = studio.store.find_run(reference)
    if what == "contents":
        delete_contents(studio.store, record)
        return back_to(studio, record.id)
    delete_run(studio.store, record)
    return RedirectResponse(f"{studio.settings.root}/evaluations/{record.evaluation_id}", status_code=303)


@router.get("/runs/{reference}/export")
def export(studio: InStudio, reference: str, format: str) -> Response:
    """The run as a file, sent as it is written."""
    record = studio.store.find_run(reference)
    chosen = format_for("-", format)
    source = source_of(studio.store, record, compared=lambda: comparison_of(studio.store, record))
    ending = next(iter(chosen.suffixes), None) or format_for("-", chosen.name.partition("-")[0]).suffixes[0]
    name = quote(f"{record.evaluation_slug}-{record.number}{ending}")
    return StreamingResponse(
        written_out(source, chosen),
        media_type="application/octet-stream",
        headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def back_to(studio: Studio, run_id: str) -> Response:
    """The page of a run, after something was done with it."""
    return RedirectResponse(f"{studio.settings.root}/runs/{run_id}", status_code=303)


def positive(text: str, kind: Callable[[str], N], what: str) -> N | None:
    """A number that was typed into a form; None where nothing was.

    Raises
    ------
    UsageError: it is none above 0.
    """
    if not text.strip():
        return None
    try:
        number = kind(text)
    except ValueError:
        number = kind("0")
    if not 0 < number < 1e15:
        raise UsageError(f"{what} has to be a number above 0, not {text[:40]!r}")
    return number
