"""Pages and parts of pages from templates; everything in them is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from lattice import __version__
from lattice.core.evaluation import EvaluationType
from lattice.core.runs import RunRecord
from lattice.reporting import formats
from lattice.reporting.words.status import queued_word, status_word
from lattice.studio.security.sessions import Access

STATIC = Path(__file__).parent / "static"
THEME_COOKIE = "lattice_theme"
THEMES = ("auto", "light", "dark")


@cache
def environment(root: str) -> Environment:
    """The templates, for a Studio whose addresses begin with `root`."""
    made = Environment(
        loader=PackageLoader("lattice.studio"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.globals.update(
        root=root, asset=lambda name: f"{root}/static/{name}?v={_fingerprint(name)}", version=__version__
    )
    made.filters.update(
        duration=formats.duration,
        latency=formats.latency,
        percent=formats.whole_percent,
        rate=formats.rate,
        share=formats.share,
        count=formats.count,
        money=formats.money,
        score=formats.score,
        native=formats.native,
        ago=formats.ago,
        iso=iso,
        reference=reference,
        status=run_status,
        word=run_word,
        queued=queued_word,
        line=formats.terminal_text,
        type_label=type_label,
        text=formats.plain_text,
    )
    return made


def render(root: str, template: str, context: Mapping[str, Any]) -> str:
    """A part of a page."""
    return environment(root).get_template(template).render(context)


def page(request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A whole page; `request` tells theme and access."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    access = getattr(request.state, "access", Access.FULL)
    around = {
        "theme": theme if theme in THEMES else "auto",
        "may_change": access is Access.FULL,
        "logged_in": request.app.state.studio.settings.token is not None,
        "path": request.url.path,
    }
    root = request.app.state.studio.settings.root
    return HTMLResponse(render(root, template, {**around, **context}), status_code=status)


def part(request: Request, template: str, heading: str, context: Mapping[str, Any]) -> HTMLResponse:
    """A part of a page for a page that asks for it; for who opens its address, a page of its own."""
    if "hx-request" in request.headers:
        return page(request, template, context)
    return page(request, "alone.html", {**context, "part": template, "heading": heading})


def iso(moment: datetime | None) -> str:
    """A moment as pages' ``<time datetime>`` takes it."""
    return "" if moment is None else moment.isoformat(timespec="seconds")


def reference(run: RunRecord) -> str:
    """``SLUG#3``."""
    return f"{run.evaluation_slug}#{run.number}"


def type_label(name: str) -> str:
    """``Task-Specific``."""
    return EvaluationType(name).label


def run_status(run: RunRecord | None) -> str:
    """The status whose shape and colour a run has: an interrupted one's is that of a failed one."""
    if run is None:
        return "pending"
    return "failed" if run.interrupted else run.status.value


def run_word(run: RunRecord | None) -> str:
    """The word of a run's status; an evaluation without a run is pending."""
    if run is None:
        return "Pending"
    return status_word(run.status, interrupted=run.interrupted, draining=run.draining)


@cache
def _fingerprint(name: str) -> str:
    """A few letters that change with a file, so that browsers may keep it for as long as it is the same."""
    path = STATIC / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else __version__
