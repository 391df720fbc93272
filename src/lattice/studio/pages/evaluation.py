"""One evaluation: what will run, what it will take, and how its runs went."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lattice.core.errors import LatticeError, NotFound, UsageError
from lattice.reporting.headline import headline_of
from lattice.reporting.words.configuration import inputs_words, scoring_words, target_labels
from lattice.service.alert_listing import board_of
from lattice.service.baselines import baseline_run
from lattice.service.execution import ResumeSettings, run_in_loop
from lattice.service.forecast import forecast_words, grounds_words
from lattice.service.review import forecast_of, neighbours_changed, review_of, start_run
from lattice.service.schedules import moment_words, schedule_line_of
from lattice.store import VersionRecord
from lattice.studio.state import InStudio
from lattice.studio.streaming import live_text
from lattice.studio.templating import page, part

router = APIRouter()
RUNS_SHOWN = 50


@router.get("/evaluations/{evaluation_id}")
def show(
    request: Request, studio: InStudio, evaluation_id: str, version: int | None = None, everything: str = ""
) -> Response:
    """The latest version, or another one by its number, and all runs."""
    row = studio.store.evaluation(evaluation_id)
    versions = studio.store.versions(row.id)
    shown = version_of(versions, version)
    review = review_of(studio.store, studio.place, shown)
    runs = studio.store.runs(row.id, limit=None if everything else RUNS_SHOWN)
    evaluation = review.evaluation
    return page(
        request,
        "evaluation/page.html",
        {
            "row": row,
            "versions": versions,
            "review": review,
            "configuration": [
                ("Type", evaluation.type.label),
                ("Targets", list(target_labels(evaluation))),
                ("Test Inputs", inputs_words(evaluation, shown.input_set.count)),
                *scoring_words(evaluation),
                *([("Gates", list(evaluation.gates))] if evaluation.gates else []),
            ],
            "baseline": baseline_run(studio.store, row.id),
            "alerts": board_of(studio.store, row),
            "runs": [(run, headline_of(run)) for run in runs],
            "places": studio.store.queue.places(),
            "changed": neighbours_changed(studio.store, runs),
            "schedule_line": schedule_line_of(studio.store, row.id),
            "moment_words": moment_words,
            "order": secrets.token_urlsafe(12),
            "now": datetime.now(UTC),
            "live": live_text(studio.store),
        },
    )


@router.get("/evaluations/{evaluation_id}/forecast")
def forecast(request: Request, studio: InStudio, evaluation_id: str, version: int | None = None) -> Response:
    """What a run will take; reckoned apart, since prompts are rendered for it."""
    row = studio.store.evaluation(evaluation_id)
    shown = version_of(studio.store.versions(row.id), version)
    try:
        found = run_in_loop(forecast_of(studio.store, studio.place, shown))
        context = {"words": list(forecast_words(found)), "grounds": grounds_words(found)}
    except LatticeError as error:
        context = {"words": [], "grounds": f"It cannot be told: {error}"}
    return part(request, "evaluation/forecast.html", f"What a run of {row.name} will take", context)


@router.post("/evaluations/{evaluation_id}/runs")
def start(
    studio: InStudio,
    evaluation_id: str,
    version: Annotated[int | None, Form()] = None,
    tags: Annotated[str, Form(max_length=2000)] = "",
    max_concurrent: Annotated[str, Form(max_length=20)] = "",
    timeout: Annotated[str, Form(max_length=20)] = "",
    budget: Annotated[str, Form(max_length=20)] = "",
    order: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Run a version, in a process of its own; the same `order` again leads to the same run."""
    row = studio.store.evaluation(evaluation_id)
    chosen = version_of(studio.store.versions(row.id), version)
    given = tags_of(tags)
    settings = ResumeSettings(
        max_concurrent=whole_of("Trials at once", max_concurrent),
        timeout=number_of("Seconds per attempt", timeout),
        budget_usd=number_of("Budget in USD", budget),
    )
    record = studio.launcher.once(
        order,
        lambda: start_run(studio.store, studio.launcher, chosen, tags=given, trigger="studio", settings=settings),
    )
    return RedirectResponse(f"{studio.settings.root}/runs/{record.id}", status_code=303)


def version_of(versions: list[VersionRecord], number: int | None) -> VersionRecord:
    """A version by its number, the latest without one.

    Raises
    ------
    NotFound: there is none.
    """
    if number is None:
        return versions[0]
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise NotFound(f"{versions[0].evaluation_name} has no version {number}; its latest is {versions[0].number}")
    return found


def number_of(label: str, text: str) -> float | None:
    """A number that was typed into a field; None for an empty one.

    Raises
    ------
    UsageError: it is no positive number.
    """
    if not text.strip():
        return None
    try:
        value = float(text.strip().lstrip("$"))
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise UsageError(f"{label}: expected a positive number, got {text!r}")
    return value


def whole_of(label: str, text: str) -> int | None:
    """A whole number that was typed into a field; None for an empty one.

    Raises
    ------
    UsageError: it is no positive whole number.
    """
    value = number_of(label, text)
    if value is None:
        return None
    if not value.is_integer():
        raise UsageError(f"{label}: expected a whole number, got {text!r}")
    return int(value)


def tags_of(text: str) -> dict[str, str]:
    """Tags as they are typed: ``key=value``, separated by blanks or commas.

    Raises
    ------
    UsageError: one has another form.
    """
    found = {}
    for each in text.replace(",", " ").split():
        key, given, value = each.partition("=")
        if not given or not key:
            raise UsageError(f"Tags: expected KEY=VALUE such as commit=3f2a1c, got {each!r}")
        found[key] = value
    return found
