"""JSON lines: one result a line, each as in the JSON document's ``results``.

Some readers of JSON take no halves of surrogate pairs, which UTF-8 cannot hold: they become ``�`` here.
"""

from __future__ import annotations

from typing import IO

from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.rows import encode
from lattice.reporting.snapshots.lines import result_lines


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write all results, one at a time."""
    for line in result_lines(source.rows, source.details.attempts_by_trial):
        stream.write(encode(line) + b"\n")


FORMAT = Format(name="jsonl", suffixes=(".jsonl", ".ndjson"), write=write)
