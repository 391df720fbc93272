"""JSON: the run's document with its configuration and, one by one, its results."""

from __future__ import annotations

from typing import IO

from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.rows import encode, result_json


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write ``{…the document, "configuration": {…}, "results": […]}``, a line for each result."""
    head = encode({**source.document, "configuration": dict(source.run.config)})
    stream.write(head[:-1] + b',"results":[')
    separator = b"\n"
    for row in source.rows:
        stream.write(separator + encode(result_json(row)))
        separator = b",\n"
    stream.write(b"\n]}\n")


FORMAT = Format(name="json", suffixes=(".json",), write=write)
