"""Judges and annotations: who scores what, how far that agrees with people, and samples to be scored blind."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.calibration import Calibration
from lattice.reporting.trust import LEAST_TO_TRUST
from lattice.service.calibrating import calibrate_run
from lattice.service.judges import judge_lines
from lattice.studio.state import InStudio, Studio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page
from lattice.studio.trials.browsing import row_key, row_name
from lattice.studio.trials.marks import LONGEST_NOTE, Given, difference_words, keep_marks, marks_for
from lattice.studio.trials.sheet import trial_sheet

router = APIRouter()

USUAL_SIZE = LEAST_TO_TRUST
LARGEST_SIZE = 1000


@router.get("/judges")
def show(request: Request, studio: InStudio) -> Response:
    """Every evaluation that a judge scores."""
    return page(
        request,
        "judges/page.html",
        {"lines": judge_lines(studio.store), "live": live_text(studio.store), "least": USUAL_SIZE},
    )


@router.get("/judges/runs/{reference}")
def calibration(request: Request, studio: InStudio, reference: str) -> Response:
    """A run's judge against people; for htmx the finding alone."""
    record = studio.store.find_run(reference)
    found, problem = _calibrations(studio, record)
    part = "finding" if request.headers.get("hx-request") else "run"
    context = {"run": record, "found": found, "problem": problem, "live": live_text(studio.store)}
    return page(request, f"judges/{part}.html", context)


@router.get("/runs/{reference}/annotate")
def blind(
    request: Request,
    studio: InStudio,
    reference: str,
    size: int = USUAL_SIZE,
    seed: int = 0,
    at: int = 0,
    last: str = "",
) -> Response:
    """One result of a random sample, without what the judge said."""
    record = studio.store.find_run(reference)
    size = min(max(1, size), LARGEST_SIZE)
    sample = studio.samples.blind(studio.store, record, size, seed)
    place = at if 0 < at <= len(sample.keys) else sample.open
    before = row_key(last)
    row = studio.store.result(record.key, before) if before in sample.keys and before is not None else None
    context = {
        "run": record,
        "sample": sample,
        "place": place,
        "size": size,
        "seed": seed,
        "sheet": trial_sheet(studio.store, record, sample.keys[place - 1]) if place else None,
        "before": row,
        "difference": difference_words(row) if row else None,
        "live": live_text(studio.store),
        "results_at": f"{studio.settings.root}/runs/{record.id}/results",
    }
    return page(request, "judges/annotate.html", context)


@router.post("/runs/{reference}/annotate")
def score(
    studio: InStudio,
    reference: str,
    at: Annotated[int, Form()],
    size: Annotated[int, Form()] = USUAL_SIZE,
    seed: Annotated[int, Form()] = 0,
    score: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Keep the score of one result of the sample, and go on to the next that has none."""
    record = studio.store.find_run(reference)
    size = min(max(1, size), LARGEST_SIZE)
    sample = studio.samples.blind(studio.store, record, size, seed)
    if not 0 < at <= len(sample.keys):
        raise UsageError(f"the sample has {len(sample.keys)} results, and no number {at}")
    key = sample.keys[at - 1]
    sheet = trial_sheet(studio.store, record, key)
    if sheet is None:
        raise UsageError(f"input #{key.position} has no result any more")
    if not score.strip():
        raise UsageError("choose a score first; a note alone does not count in the sample")
    keep_marks(studio.store, record, key, marks_for(sheet.evaluation), Given(score=score, note=note))
    query = urlencode({"size": size, "seed": seed, "last": row_name(key)})
    return RedirectResponse(f"{studio.settings.root}/runs/{record.id}/annotate?{query}", status_code=303)


def _calibrations(studio: Studio, record: RunRecord) -> tuple[tuple[Calibration, ...], str | None]:
    """What people's scores say of a run's judge, or why they say nothing."""
    try:
        return calibrate_run(studio.store, record.id).calibrations, None
    except UsageError as error:
        return (), str(error)
