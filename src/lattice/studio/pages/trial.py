"""One trial of a run, on a page of its own and beside the table; a person's score and note on it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from lattice.core.errors import NotFound
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page
from lattice.studio.trials.browsing import Browsing
from lattice.studio.trials.marks import LONGEST_NOTE, Given, keep_marks
from lattice.studio.trials.sheet import TrialSheet, trial_sheet
from lattice.studio.trials.table import Neighbours, neighbours, trial_path

router = APIRouter()

PATH = "/runs/{reference}/results/{position}/{target}/{repeat}"
PANEL = "trial"
"""Id of the element beside the table that holds a trial."""


class Marks(BaseModel):
    """What the form beside a trial sends; `back` is the query that the page had."""

    score: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=LONGEST_NOTE)
    remove: str = Field(default="", max_length=8)
    back: str = Field(default="", max_length=8000)


def trial_named(position: int, target: int, repeat: int) -> TrialKey:
    """The trial that an address names: target and repeat count from 1 there."""
    return TrialKey(position, target - 1, repeat - 1)


InTrial = Annotated[TrialKey, Depends(trial_named)]


@router.get(PATH)
def show(request: Request, studio: InStudio, reference: str, key: InTrial) -> Response:
    """A trial; where htmx asks for the panel, only what stands in it."""
    record, sheet = _found(studio, reference, key)
    part = request.headers.get("hx-target") == PANEL
    context = context_of(request, studio, sheet)
    if not part:
        context["beside"] = neighbours(studio.store, record, context["browsing"], request.query_params)
    return page(request, f"results/{'trial' if part else 'trial_page'}.html", {**context, "run": record})


@router.get(PATH + "/text/{piece}")
def text(request: Request, studio: InStudio, reference: str, key: InTrial, piece: str) -> Response:
    """One text in its whole length: a part of the page for htmx, and as it was written for everyone else."""
    _, sheet = _found(studio, reference, key)
    found = sheet.piece(piece)
    if found is None:
        raise NotFound("this trial has no such text")
    if request.headers.get("hx-request"):
        return page(request, "results/whole.html", {"piece": found})
    return Response(found.whole.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")


@router.post(PATH + "/annotation")
def annotate(
    request: Request, studio: InStudio, reference: str, key: InTrial, form: Annotated[Marks, Form()]
) -> Response:
    """Keep what a person says of a result, or take it away; an empty form takes it away as well."""
    record, sheet = _found(studio, reference, key)
    given = Given(score=form.score, note=form.note, remove=bool(form.remove))
    said = keep_marks(studio.store, record, key, sheet.marks, given)
    if not request.headers.get("hx-request"):
        query = f"?{form.back}" if form.back else ""
        return RedirectResponse(
            f"{studio.settings.root}/runs/{record.id}/results/{trial_path(key)}{query}", status_code=303
        )
    _, sheet = _found(studio, reference, key)
    return page(
        request, "results/annotation.html", {**context_of(request, studio, sheet), "run": record, "saved": said}
    )


def context_of(request: Request, studio: Studio, sheet: TrialSheet) -> dict[str, Any]:
    """What the templates of a trial know."""
    record = sheet.run
    return {
        "sheet": sheet,
        "results_at": f"{studio.settings.root}/runs/{record.id}/results",
        "browsing": Browsing.of(request.query_params),
        "query": request.url.query,
        "beside": Neighbours(),
        "live": live_text(studio.store),
        "saved": None,
    }


def _found(studio: Studio, reference: str, key: TrialKey) -> tuple[RunRecord, TrialSheet]:
    record = studio.store.find_run(reference)
    known = 0 <= key.target < len(record.config["targets"]) and 0 < key.position < 2**31 and 0 <= key.repeat < 2**31
    sheet = trial_sheet(studio.store, record, key) if known else None
    if sheet is None:
        raise NotFound(f"input #{key.position} has no result in this run, or none yet")
    return record, sheet
