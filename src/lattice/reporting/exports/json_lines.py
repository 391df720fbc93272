"""JSON lines: one result a line, each as in the JSON document's ``results``."""

from __future__ import annotations

from typing import IO

from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.rows import encode, result_json


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write all results, one at a time."""
    for row in source.rows:
        stream.write(encode(result_json(row)) + b"\n")


FORMAT = Format(name="jsonl", suffixes=(".jsonl", ".ndjson"), write=write)
