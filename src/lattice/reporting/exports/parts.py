"""JSON documents whose long lists stand one entry a line, so that they are written and read in bounded memory.

::

    {"id":"0123",…,"errors":[
    {…},
    {…}
    ],"gates":[…],"results":[
    {…}
    ]}

It is JSON like any other for whoever reads it whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from lattice.reporting.exports.source import ExportSource
from lattice.reporting.rows import encode
from lattice.reporting.snapshots.encoding import encode_exactly
from lattice.reporting.snapshots.identity import run_line
from lattice.reporting.snapshots.lines import attempt_line, input_line, response_line, result_lines

Part = tuple[str, bytes | Iterator[bytes]]
"""A key and its value in JSON; of a long list its entries, as they are read."""


def write_parts(parts: Iterable[Part], stream: IO[bytes]) -> None:
    """Write a JSON object, key by key."""
    separator = b"{"
    for name, value in parts:
        stream.write(b'%b"%b":' % (separator, name.encode()))
        if isinstance(value, bytes):
            stream.write(value)
        else:
            _write_list(value, stream)
        separator = b","
    stream.write(b"}\n")


def document_parts(source: ExportSource) -> Iterator[Part]:
    """The run's document as ``lattice show --json`` prints it, its errors as they are read."""
    for name, value in source.document.items():
        yield name, (map(encode, source.details.errors) if name == "errors" else encode(value))


def whole_parts(source: ExportSource) -> Iterator[Part]:
    """The document and behind it all that is known of the run; results first among the lists."""
    details, run = source.details, source.run
    yield from document_parts(source)
    yield "configuration", encode(run.config)
    yield "run", encode_exactly(run_line(run))
    yield "partial", b"true" if source.partial else b"false"
    yield "results", map(encode_exactly, result_lines(source.rows, details.attempts_by_trial))
    yield "inputs", map(encode_exactly, map(input_line, details.inputs))
    yield "responses", map(encode_exactly, response_lines(source))
    yield "failed_attempts", map(encode_exactly, map(attempt_line, details.attempts))


def response_lines(source: ExportSource) -> Iterator[Mapping[str, Any]]:
    """Responses without a result, with the names of their targets."""
    names = [str(target["name"]) for target in source.run.config["targets"]]
    for key, response in source.details.responses:
        yield response_line(key, names[key.target], response)


def _write_list(entries: Iterator[bytes], stream: IO[bytes]) -> None:
    stream.write(b"[")
    separator = b"\n"
    for entry in entries:
        stream.write(separator + entry)
        separator = b",\n"
    stream.write(b"\n]")
