"""A run followed by a program: server-sent events, each with JSON.

``result`` and ``error`` tell what has been committed, each once; their id says how far a reader has come, and a reader
that names it gets what followed, no more and no less. ``state`` and ``progress`` tell how things stand now; a slow
reader skips what came between. ``end`` is the last.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.figures import progress_json
from lattice.reporting.rows import encode, result_json
from lattice.reporting.view import RunView
from lattice.service.execution import is_live
from lattice.service.following import Followed
from lattice.store import AttemptRow, ResultRow
from lattice.studio.api.answers import errors
from lattice.studio.api.documents import attempt_json, state_json
from lattice.studio.api.finding import InRun
from lattice.studio.api.refusals import Refused
from lattice.studio.feeds import KEEP_ALIVE, Feed, Glance
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Runs"])

AT_ONCE = 100
LATEST = "latest"
_MARK = re.compile(r"^(\d{1,18})\.(\d{1,18})$", re.ASCII)
_LONG = (
    "input",
    "reference",
    "context",
    "metadata",
    "response",
    "reasoning",
    "judge_answer",
    "retrieved",
    "tool_calls",
)
_DELETED = {"status": "deleted"}

_STREAM = {
    "description": "Events until the run has ended: `state`, `progress`, `result`, `error` and `end`.",
    "content": {
        "text/event-stream": {
            "schema": {
                "description": "one event; `data` is JSON",
                "type": "object",
                "required": ["data"],
                "properties": {
                    "id": {"type": "string", "pattern": _MARK.pattern},
                    "event": {"enum": ["state", "progress", "result", "error", "end"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                    "retry": {"type": "integer"},
                },
            },
            "example": 'id: 12.3\nevent: result\ndata: {"position": 42, "status": "scored", "score": 0.75}\n\n',
        }
    },
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a reader has come: the last result's number and the last failed call's, as the id ``12.3``."""

    seq: int = 0
    attempt: int = 0

    def __str__(self) -> str:
        return f"{self.seq}.{self.attempt}"


@router.get("/runs/{run}/events", responses={**errors(404, 409), 200: _STREAM}, response_class=StreamingResponse)
def follow(
    studio: InStudio,
    record: InRun,
    after: Annotated[
        str | None,
        Query(description=f"id of the last event that is known; `{LATEST}` to begin with what comes", max_length=40),
    ] = None,
    last_event_id: Annotated[str | None, Header(description="the same, as browsers send it", max_length=40)] = None,
) -> Response:
    """Follow a run, wherever it is carried out, from its first result or from behind a known event.

    Results come without their texts. An interrupted run ends the stream; it can be followed again once it is resumed.
    """
    mark = _mark_of(studio, record, last_event_id or after)
    return StreamingResponse(
        _events(studio, record, mark), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


class Watch:
    """Looks at a run for everyone who follows it."""

    def __init__(self, studio: Studio, record: RunRecord) -> None:
        self._studio = studio
        self._key = record.key
        self._followed = Followed(studio.store, record)

    def look(self) -> Glance:
        """How it stands, how far it has come, and whether anything more will happen."""
        try:
            look = self._followed.look()
        except UsageError:
            return Glance(parts={"end": _text(_DELETED)}, calm=True)
        record, studio = look.record, self._studio
        state = state_json(studio, record)
        starting = studio.launcher.is_starting(self._key) or state["queue_position"] is not None
        last = studio.store.latest_attempts(self._key, limit=1)
        over = not starting and (_has_ended(record) or state["failure"] is not None)
        return Glance(
            parts={
                "state": _text(state),
                "progress": _text(_progress(record, look.view)),
                "mark": str(Mark(record.seq, last[0].id if last else 0)),
                "end": _text({"status": state["status"]}) if over else "",
            },
            calm=not starting and not is_live(record),
        )


async def _events(studio: Studio, record: RunRecord, mark: Mark) -> AsyncIterator[bytes]:
    feed = studio.feeds.feed(("events", record.key), lambda: Feed(Watch(studio, record).look))
    bell, seen = asyncio.Event(), 0
    known: dict[str, str] = {}
    yield b"retry: 1000\n\n"
    with feed.followed(bell):
        while not known.get("end") and not studio.feeds.is_closed:
            if not await _rung(bell):
                yield b": still here\n\n"
            news = feed.since(seen)
            seen = feed.version
            is_first = not known
            known.update(news)
            # Who follows a long run from its beginning learns first how it stands; after that, numbers come
            # behind the results that they count.
            if is_first:
                yield _snapshots(news)
            async for part, reached in _committed(studio, record, mark, known.get("mark", "")):
                mark = reached
                yield part
            if not is_first:
                yield _snapshots(news)
    if known.get("end"):
        yield _event("end", known["end"])


async def _committed(studio: Studio, record: RunRecord, mark: Mark, latest: str) -> AsyncIterator[tuple[bytes, Mark]]:
    """Results and failed calls behind a mark, up to those that were committed at the last look at least."""
    newest = _read_mark(latest) or Mark()
    store, key = studio.store, record.key
    try:
        while newest.seq > mark.seq:
            results = await to_thread.run_sync(
                lambda after: store.results(key, after_seq=after, limit=AT_ONCE), mark.seq
            )
            if not results:
                break
            part, mark = _results(results, mark)
            yield part, mark
        while newest.attempt > mark.attempt:
            attempts = await to_thread.run_sync(lambda after: store.attempts(key, after, AT_ONCE), mark.attempt)
            if not attempts:
                break
            part, mark = _attempts(attempts, mark)
            yield part, mark
    except UsageError:
        # It has been deleted meanwhile, which the next look says.
        return


def _results(rows: Sequence[ResultRow], mark: Mark) -> tuple[bytes, Mark]:
    parts = []
    for row in rows:
        mark = replace(mark, seq=row.seq)
        data = {name: value for name, value in result_json(row).items() if name not in _LONG}
        parts.append(_event("result", _text(data), mark))
    return b"".join(parts), mark


def _attempts(rows: Sequence[AttemptRow], mark: Mark) -> tuple[bytes, Mark]:
    parts = []
    for row in rows:
        mark = replace(mark, attempt=row.id)
        parts.append(_event("error", _text(attempt_json(row)), mark))
    return b"".join(parts), mark


def _snapshots(news: Mapping[str, str]) -> bytes:
    return b"".join(_event(name, news[name]) for name in ("progress", "state") if name in news)


async def _rung(bell: asyncio.Event) -> bool:
    """Whether anything has changed before a reader must hear something."""
    try:
        async with asyncio.timeout(KEEP_ALIVE):
            await bell.wait()
    except TimeoutError:
        return False
    bell.clear()
    return True


def _mark_of(studio: Studio, record: RunRecord, given: str | None) -> Mark:
    if given is None:
        return Mark()
    if given == LATEST:
        last = studio.store.latest_attempts(record.key, limit=1)
        return Mark(studio.store.run(record.key).seq, last[0].id if last else 0)
    if (mark := _read_mark(given)) is None:
        raise Refused(422, "invalid_request", f"{given!r} is no id of an event; such an id reads 12.3")
    return mark


def _read_mark(text: str) -> Mark | None:
    found = _MARK.match(text)
    return None if found is None else Mark(int(found[1]), int(found[2]))


def _has_ended(record: RunRecord) -> bool:
    return record.interrupted or record.status not in (RunStatus.PENDING, RunStatus.RUNNING)


def _progress(record: RunRecord, view: RunView) -> dict[str, Any]:
    return {
        **progress_json(view.progress),
        "retrying": max(0, view.unresolved - view.progress.failed),
        "elapsed_seconds": round(view.elapsed if is_live(record) else record.elapsed),
        "remaining_seconds": None if view.remaining is None else round(view.remaining),
        "tokens": view.tokens,
        "cost_usd": view.cost_usd,
        "in_flight": view.in_flight,
        "waits": [
            {"reason": wait.reason, "seconds": None if wait.seconds is None else ceil(wait.seconds)}
            for wait in view.waits
        ],
        "means": [
            {
                "target": mean.target,
                "metric": mean.metric or "score",
                "mean": mean.mean,
                "n": mean.n,
                "interval": None
                if mean.lower is None
                else {"lower": mean.lower, "upper": mean.upper, "method": mean.method},
            }
            for mean in view.means
        ],
    }


def _text(data: Mapping[str, Any]) -> str:
    return encode(data).decode()


def _event(name: str, data: str, mark: Mark | None = None) -> bytes:
    head = "" if mark is None else f"id: {mark}\n"
    return f"{head}event: {name}\ndata: {data}\n\n".encode()
