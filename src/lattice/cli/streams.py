"""Standard output and standard error, whose readers may go away before everything is said."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import click


def say(*lines: str) -> None:
    """Write for people, to stderr; silently once nobody reads it any more, since what is done counts."""
    try:
        for line in lines:
            click.echo(line, err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document and nothing else to stdout."""
    from lattice.reporting.rows import encode  # kept out of `lattice --help`

    try:
        sys.stdout.buffer.write(encode(document) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        silence(sys.stdout)


def silence(stream: TextIO) -> None:
    """Let everything more that is written to `stream` vanish: its reader has gone (``lattice ls | head``)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
