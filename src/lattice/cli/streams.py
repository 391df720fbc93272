"""Standard output and standard error, whose readers may go away before everything is said."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

import click

from lattice.core.secrecy import without_password


@contextmanager
def while_read(stream: TextIO) -> Iterator[None]:
    """What is written in this block ends with its reader: ``lattice show --raw | head`` is no error."""
    try:
        yield
    except BrokenPipeError:
        silence(stream)


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """What the functions of an evaluation print in this block goes to stderr: stdout is for documents."""
    with redirect_stdout(sys.stderr):
        yield


def say(*lines: str) -> None:
    """Write for people, to stderr; silently once nobody reads it any more, since what is done counts."""
    with while_read(sys.stderr):
        for line in lines:
            click.echo(line, err=True)


def say_next(commands: Sequence[str], *, db: str | None = None) -> None:
    """The next commands that make sense, if any, as they can be typed here.

    Parameters
    ----------
    db: the store that was named with ``--db``, which they need as well.
    """
    store = f" --db {shlex.quote(without_password(db))}" if db else ""
    if commands:
        say("", "Next:", *(f"  {command}{store}" for command in commands))


def print_lines(lines: Iterable[str]) -> None:
    """Write to stdout, line by line as they come, for as long as somebody reads."""
    with while_read(sys.stdout):
        for line in lines:
            click.echo(line)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document and nothing else to stdout."""
    from lattice.reporting.rows import encode  # kept out of `lattice --help`

    with while_read(sys.stdout):
        sys.stdout.buffer.write(encode(document) + b"\n")
        sys.stdout.buffer.flush()


def silence(stream: TextIO) -> None:
    """Let everything more that is written to `stream` vanish, what it still holds included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
