"""Streams of parts of pages, and the one part that every page has: how many runs are carried out now."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import StreamingResponse

from lattice.service.execution import is_live
from lattice.store import Store
from lattice.studio.feeds import Feed, Glance
from lattice.studio.state import Studio

COUNT_EVERY = 1.0


def streamed(request: Request, studio: Studio, *feeds: Feed) -> StreamingResponse:
    """Server-sent events for an open page: the parts of `feeds` and the number of live runs, as they change.

    A page that takes a stream up again names the last event that it has seen, as ``after`` or ``Last-Event-ID``.
    """
    running = studio.feeds.feed("running", lambda: Feed(lambda: count_running(studio.store), every=COUNT_EVERY))
    last = request.query_params.get("after") or request.headers.get("last-event-id")
    return StreamingResponse(
        studio.feeds.events([running, *feeds], last),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def count_running(store: Store) -> Glance:
    """The part ``live`` of every page."""
    return Glance(parts={"live": live_text(store)})


def live_text(store: Store) -> str:
    """``3 running``; nothing where no run is carried out."""
    running = sum(is_live(run) for run in store.running())
    return f"{running} running" if running else ""
