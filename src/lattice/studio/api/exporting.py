"""Runs as files, written to the connection while they are read."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response

from lattice.core.runs import RunRecord
from lattice.reporting.exports import FORMATS, STDOUT, Format, format_for
from lattice.service.held_against import comparison_of
from lattice.service.reading import source_of
from lattice.studio.api.answers import errors
from lattice.studio.api.downloads import Download, Pipe
from lattice.studio.api.finding import InRun
from lattice.studio.api.refusals import understood
from lattice.studio.api.results import WHERE, Where, filter_of
from lattice.studio.state import InStudio

router = APIRouter(tags=["Results"])

_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".xml": "application/xml",
}
_ANY = "application/octet-stream"

_NAMES = [each.name for each in FORMATS]
_TEXT: dict[str, Any] = {"type": "string"}
_FILE = {
    "description": "The file.",
    "content": {
        # JSON may be of any shape; to say so, a schema says nothing.
        media.partition(";")[0]: {"schema": {} if media == "application/json" else _TEXT}
        for media in (*_MEDIA_TYPES.values(), _ANY)
    },
    "headers": {"Content-Disposition": {"description": "a name for it", "schema": _TEXT}},
}


@router.get("/runs/{run}/export", responses={**errors(404, 409), 200: _FILE}, response_class=Response)
def export(
    studio: InStudio,
    record: InRun,
    format: Annotated[
        str, Query(description="a format's name", max_length=40, json_schema_extra={"enum": _NAMES})
    ] = "csv",
    where: Where = None,
) -> Response:
    """A run as a file in any format of `lattice export`; with `where` a part of its results.

    The file is sent while it is written. One that cannot be finished breaks off, so that its reader notices.
    """
    wanted = filter_of(where)
    with understood("query.format"):
        chosen = format_for(STDOUT, format)
    with understood(WHERE):
        # Before the first byte: a name that the run does not know shows only when it is looked for.
        studio.store.results(record.key, where=wanted, limit=1)
    source = source_of(studio.store, record, wanted, lambda: comparison_of(studio.store, record))
    pipe = Pipe(lambda stream: chosen.write(source, stream))
    headers = {"content-disposition": disposition(record, chosen)}
    return Download(pipe, pipe.take(), headers=headers, media_type=_media_type(chosen))


def disposition(record: RunRecord, format: Format) -> str:
    """How browsers call the file: in ASCII, and as it is for those that read that."""
    suffix = format.suffixes[0] if format.suffixes else ".txt"
    name = f"{record.evaluation_slug}-{record.number}{suffix}"
    plain = name if name.isascii() else f"run-{record.number}{suffix}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _media_type(format: Format) -> str:
    suffix = PurePath(f"file{format.suffixes[0]}").suffix if format.suffixes else ""
    return _MEDIA_TYPES.get(suffix, _ANY)
