"""Standard output and standard error, whose readers may go away before everything is said."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import click


def say(*lines: str) -> None:
    """Write for people, to stderr; silently once nobody reads it any more, since what is done counts."""
    try:
        for line in lines:
            click.echo(line, err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def say_next(commands: Sequence[str], *, db: str | None = None) -> None:
    """The next commands that make sense, if any, as they can be typed here.

    Parameters
    ----------
    db: the store that was named with ``--db``, which they need as well.
    """
    store = f" --db {shlex.quote(db)}" if db else ""
    if commands:
        say("", "Next:", *(f"  {command}{store}" for command in commands))


def print_lines(lines: Iterable[str]) -> None:
    """Write to stdout, line by line as they come.

    Raises
    ------
    BrokenPipeError: nobody reads it any more.
    """
    for line in lines:
        click.echo(line)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document and nothing else to stdout; silently if nobody reads it."""
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
