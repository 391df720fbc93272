"""Files that a run can be written to. A new format is a module of its own and a line here."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from lattice.core.errors import UsageError
from lattice.reporting.atomic import written_whole
from lattice.reporting.exports import json_document, spreadsheet
from lattice.reporting.exports.source import ExportSource, Format

__all__ = ["FORMATS", "STDOUT", "ExportSource", "Format", "export", "format_for"]

FORMATS: tuple[Format, ...] = (spreadsheet.FORMAT, json_document.FORMAT)
STDOUT = "-"


def format_for(destination: str, name: str | None = None) -> Format:
    """The format for a file, by its ending or by name.

    Parameters
    ----------
    destination: a path, or ``-``, which has no ending.
    name: what ``--format`` said.

    Raises
    ------
    UsageError: there is no such format, or nothing says which is meant; the message lists those there are.
    """
    known = ", ".join(each.name for each in FORMATS)
    if name is not None:
        for each in FORMATS:
            if name.lower().lstrip(".") == each.name:
                return each
        raise UsageError(f"{name!r} is no format; there are {known}")
    if destination == STDOUT:
        raise UsageError(f"say in which format to write to standard output: --format with one of {known}")
    ending = Path(destination).suffix.lower()
    for each in FORMATS:
        if ending in each.suffixes:
            return each
    endings = ", ".join(suffix for each in FORMATS for suffix in each.suffixes)
    what = f"the ending {ending!r} stands for no format" if ending else "the file has no ending to tell its format"
    raise UsageError(f"{destination}: {what}; use one of {endings}, or --format")


def export(source: ExportSource, format: Format, destination: str, *, stdout: IO[bytes]) -> None:
    """Write a run to a file, which is there whole or not at all, or to standard output.

    Raises
    ------
    UsageError: the file cannot be written.
    """
    if destination == STDOUT:
        format.write(source, stdout)
        stdout.flush()
        return
    with written_whole(Path(destination)) as stream:
        format.write(source, stream)
